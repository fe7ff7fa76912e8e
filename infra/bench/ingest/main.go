// Command ingest measures how fast one core reads, validates, deduplicates and folds files of events. `generate DIR` writes
// the same events as NDJSON (plain, gzip, zstd) and Parquet; `fold` reads names of files from standard input, one a line, folds
// each from nothing and prints what it took as a line of JSON. infra/bench/ingest.mjs runs it beside DuckDB.
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "generate":
		return generate(args[1])
	case len(args) == 1 && args[0] == "fold":
		b, err := open()
		if err != nil {
			return err
		}
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			if err := b.report(in.Text()); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("usage: ingest generate DIR | ingest fold")
}
