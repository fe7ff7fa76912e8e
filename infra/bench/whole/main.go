// Command whole measures the built program from outside: `whole WEIR DIR` imports files of 1, 5 and 10 million events into
// empty bases, as a backfill with fsync, cuts and scores, and starts the program with its sample until the overview answers.
// It prints Markdown tables of medians.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: whole WEIR DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(weir, dir string) error {
	fmt.Printf("%d processors; medians of 3 imports and 5 starts.\n\n", runtime.NumCPU())
	fmt.Println("| events | users | events/s | peak memory, MB | base on disk, MB |")
	fmt.Println("|---:|---:|---:|---:|---:|")
	for _, millions := range []int{1, 5, 10} {
		file := filepath.Join(dir, fmt.Sprintf("events-%dm.ndjson", millions))
		events := millions * 1_000_000
		if err := generate(file, events, events/10); err != nil {
			return err
		}
		if err := imports(weir, dir, file, events); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	fmt.Println()
	return starts(weir, dir)
}

// generate writes about 150 bytes an event: a fifth purchases, users with a tail, ten months.
func generate(name string, events, users int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range events {
		user := int(float64(users) * r.Float64())
		if i%3 == 0 {
			user = int(float64(user) * r.Float64())
		}
		when := start.Add(time.Duration(r.Int64N(300*86400)) * time.Second).Format(time.RFC3339)
		name, properties := "Product Viewed", fmt.Sprintf(`{"sku":"s%d"}`, r.IntN(1000))
		if r.IntN(5) == 0 {
			name, properties = "Order Completed", fmt.Sprintf(`{"revenue":%d.%02d}`, 1+r.IntN(200), r.IntN(100))
		}
		fmt.Fprintf(w, `{"type":"track","messageId":"m%09d","userId":"u%07d","event":"%s","timestamp":"%s","properties":%s}`+"\n", i, user, name, when, properties)
	}
	return w.Flush()
}

// imports imports a file three times, each into a base of its own, and prints the medians.
func imports(weir, dir, file string, events int) error {
	var rates, memories, sizes []float64
	users := int64(0)
	for range 3 {
		data := filepath.Join(dir, "base")
		cmd := exec.Command(weir, "import", "--data", data, "--backfill", "--json", file)
		cmd.Stderr = os.Stderr
		start := time.Now()
		out, err := cmd.Output()
		seconds := time.Since(start).Seconds()
		if err != nil {
			return err
		}
		var result struct{ Accepted, Users int64 }
		if err := json.Unmarshal(out, &result); err != nil {
			return err
		}
		if result.Accepted != int64(events) {
			return fmt.Errorf("%d of %d events were accepted", result.Accepted, events)
		}
		users = result.Users
		rates = append(rates, float64(events)/seconds)
		memories = append(memories, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024)
		size, err := diskUse(data)
		if err != nil {
			return err
		}
		sizes = append(sizes, size)
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	fmt.Printf("| %d | %d | %.0f | %.0f | %.0f |\n", events, users, median(rates), median(memories), median(sizes))
	return nil
}

func diskUse(dir string) (megabytes float64, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			megabytes += float64(info.Size()) / (1 << 20)
		}
		return err
	})
	return megabytes, err
}

// starts starts the program on an empty folder with the sample, and again on the loaded one.
func starts(weir, dir string) error {
	var first, again []float64
	for range 5 {
		data := filepath.Join(dir, "sample")
		for _, into := range []*[]float64{&first, &again} {
			seconds, err := start(weir, data)
			if err != nil {
				return err
			}
			*into = append(*into, seconds)
		}
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	fmt.Println("| from the start of the program to a served, scored base | seconds |")
	fmt.Println("|---|---:|")
	fmt.Printf("| empty folder: the sample is imported first | %.2f |\n", median(first))
	fmt.Printf("| loaded folder | %.2f |\n", median(again))
	return nil
}

// start measures from the start of the program until the overview of the whole sample answers.
func start(weir, data string) (seconds float64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, weir, "run", "--data", data, "--listen", "127.0.0.1:0", "--sample")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return 0, err
	}
	_, address, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
	if !ok {
		return 0, fmt.Errorf("the program said %q", line)
	}
	for {
		done, err := answers(ctx, address+"/v1/overview")
		if err != nil || done {
			return time.Since(begin).Seconds(), err
		}
	}
}

func answers(ctx context.Context, url string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	var overview struct{ Users int }
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(body, &overview); err != nil {
		return false, err
	}
	return res.StatusCode == http.StatusOK && overview.Users == 2357, nil
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}
