// Command parity prints the hash of every block of random profiles (package shared/parity). `make parity` builds it for every
// target and compares what they print.
//
//	parity -from 0 -to 100             one line a block: number and hash
//	parity -from 7 -to 8 -each         one line a profile of the block
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/weir-engine/weir/shared/parity"
)

func main() {
	from, to := flag.Int("from", 0, "first block"), flag.Int("to", 1, "block after the last")
	step := flag.Int("step", 1, "take every n-th block")
	size := flag.Int("size", 10_000, "profiles a block")
	each := flag.Bool("each", false, "print every profile instead of every block")
	flag.Parse()
	if err := run(*from, *to, *step, *size, *each); err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func run(from, to, step, size int, each bool) error {
	suite, err := parity.New()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	var profile func(i int, sum parity.Sum)
	if each {
		profile = func(i int, sum parity.Sum) { fmt.Fprintf(out, "%d %x\n", i, sum) }
	}
	for n := from; n < to; n += max(step, 1) {
		sum, err := suite.Block(n, size, profile)
		if err != nil {
			return err
		}
		if !each {
			fmt.Fprintf(out, "%06d %x\n", n, sum)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}
