// Command whatif measures how fast one core evaluates a strategy over a whole base held as columns. `generate DIR ROWS` writes
// the same drawn users as shards and as Parquet; `serve DIR` loads the shards and answers questions from standard input, one a
// line, with a line of JSON each: what it took and the answer. infra/bench/whatif.mjs asks DuckDB the same questions and
// compares the answers.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "generate":
		rows, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return generate(args[1], rows)
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 2 && args[0] == "plans":
		return plans(args[1])
	case len(args) == 4 && args[0] == "profile": // DIR FILE QUESTION: for pprof
		b, err := open(args[1])
		if err != nil {
			return err
		}
		out, err := os.Create(args[2])
		if err != nil {
			return err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		for i := range 100 {
			if _, err := b.answer(args[3] + " " + strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("usage: whatif generate DIR ROWS | whatif plans DIR | whatif serve DIR | whatif profile DIR FILE QUESTION")
}

// result is one answer.
type result struct {
	Rows    int     `json:"rows"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	Answer  string  `json:"answer"`
}

func serve(dir string) error {
	b, err := open(dir)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(result{Rows: b.base.Rows(), Seconds: b.loaded.Seconds()}); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		start, cpu := time.Now(), cpuTime()
		answer, err := b.answer(in.Text())
		r := result{Rows: b.base.Rows(), Seconds: time.Since(start).Seconds(), CPU: (cpuTime() - cpu).Seconds()}
		if err != nil {
			return err
		}
		r.Answer = strings.Join(answer(), ";")
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
