// Command ingest measures how fast one core reads, validates, deduplicates and folds files of events. `generate DIR` writes
// the same events as NDJSON (plain, gzip, zstd) and Parquet; `fold FILE` reads one of them and prints what it took as JSON.
// infra/bench/ingest.mjs runs it beside DuckDB.
package main

import (
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
	case len(args) == 2 && args[0] == "fold":
		return report(args[1])
	}
	return fmt.Errorf("usage: ingest generate DIR | ingest fold FILE")
}
