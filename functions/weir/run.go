package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/web"
)

// hostOptions are the flags of weir run.
type hostOptions struct {
	listen string
	sample bool
	clock  string
}

func (c *cli) runCommand() *cobra.Command {
	var o hostOptions
	cmd := &cobra.Command{
		Use: "run", Short: "Serve the API and the console, watch the event folder, deliver and sweep", Args: cobra.NoArgs,
		Long: `Serves the API and the console, imports what arrives in the folder events/ of the base, delivers messages, keeps a
snapshot of the base that is at most a day old, and evaluates every hour whom time may have moved. It prints its address when it
listens, and ends on an interrupt.

On loopback no login is asked for. To listen elsewhere a token is needed; the API then wants it as
"Authorization: Bearer TOKEN". Set it by WEIR_TOKEN rather than by the flag: other users of the machine can see flags.

--sample loads the purchases of the CDNOW sample into an empty base, as history up to 1997-09-30, and holds the clock at
that moment. --clock holds the clock at any moment; --clock now lets time pass again.`,
		Example: "  weir run --sample\n  WEIR_TOKEN=… weir run --listen 0.0.0.0:8080 --data /var/lib/weir",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkListen(o.listen, c.token); err != nil {
				return &usageError{err: err}
			}
			clock, err := parseClock(o.clock)
			if err != nil {
				return &usageError{err: err}
			}
			return c.with(cmd.Context(), writing, func(b *base) error { return c.host(cmd.Context(), b, o, clock) })
		},
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	cmd.Flags().BoolVar(&o.sample, "sample", false, "load the CDNOW sample into an empty base")
	cmd.Flags().StringVar(&c.token, "token", "", "token that the API asks for (WEIR_TOKEN)")
	cmd.Flags().StringVar(&o.clock, "clock", "", "hold the clock at this moment; now lets time pass")
	return cmd
}

// checkListen refuses to serve other machines without a token.
func checkListen(listen, token string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("--listen %q is not HOST:PORT", listen)
	}
	if token == "" && !httpapi.Loopback(host) {
		return fmt.Errorf("--listen %s serves other machines, and there is no token; set WEIR_TOKEN, or listen on 127.0.0.1", listen)
	}
	return nil
}

// clockFlag is what --clock asks for.
type clockFlag struct {
	set bool
	at  int64 // 0 lets time pass
}

func parseClock(s string) (clockFlag, error) {
	switch s {
	case "":
		return clockFlag{}, nil
	case "now":
		return clockFlag{set: true}, nil
	}
	var at instant
	if err := at.Set(s); err != nil {
		return clockFlag{}, fmt.Errorf("--clock: %w, or now", err)
	}
	return clockFlag{set: true, at: at.millis()}, nil
}

// host serves until ctx ends.
func (c *cli) host(ctx context.Context, b *base, o hostOptions, clock clockFlag) error {
	log := slog.New(slog.NewTextHandler(c.err, nil))
	if o.sample {
		if err := c.loadSample(ctx, b); err != nil {
			return err
		}
	}
	if clock.set {
		if err := b.app.PinClock(ctx, clock.at); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fault.New(fault.Unavailable, "cannot listen on %s", o.listen).
			WithHint("another program may use the port: choose one with --listen 127.0.0.1:PORT").Because(err)
	}
	address := "http://" + listener.Addr().String()
	forget, err := announce(c.data, address)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer forget()
	work := startWork(ctx, b, log)
	defer work.stop()
	defer b.api.Close()
	if err := b.api.ResumeJobs(ctx); err != nil {
		return err
	}
	server := &http.Server{
		Handler: httpapi.NewHandler(b.api, httpapi.Options{
			Guard: httpapi.Guard{Token: c.token, Log: log}, Console: web.Handler(),
		}),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 256 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if c.json {
		_ = c.print(map[string]string{"address": address}, nil)
	} else {
		fmt.Fprintf(c.out, "listening on %s\n", address)
	}
	return serve(ctx, server, listener)
}

// serve answers until ctx ends, and lets running requests end within ten seconds.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fault.New(fault.Unavailable, "the server stopped").Because(err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// running is what a running host leaves in the data folder for other commands.
type running struct {
	Address string `json:"address"`
	Process int    `json:"process"`
}

const runningName = "running.json"

// announce writes down where the host listens; forget removes it.
func announce(dir, address string) (forget func(), err error) {
	name := filepath.Join(dir, runningName)
	text, err := json.Marshal(running{Address: address, Process: os.Getpid()})
	if err == nil {
		err = os.WriteFile(name, append(text, '\n'), 0o644)
	}
	if err != nil {
		return nil, cannotWrite(name, err)
	}
	return func() { _ = os.Remove(name) }, nil
}
