// Command weir is Weir on one machine: the command line, and with `weir run` the host of the API, the console, the folder
// that event files arrive in, the delivery and the daily sweep.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	c := &cli{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv}
	os.Exit(c.run(ctx, os.Args[1:]))
}
