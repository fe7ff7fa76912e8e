package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) jobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "jobs", Short: "Long work of a running host, or of a Weir elsewhere",
		Example: "  weir jobs list\n  weir jobs show ID --wait --url https://weir.example.com",
	}
	list := &cobra.Command{
		Use: "list", Short: "List the jobs, newest first", Args: cobra.NoArgs, Example: "  weir jobs list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var out gen.JobList
			if err := c.askHost(cmd.Context(), http.MethodGet, "/v1/jobs", nil, &out); err != nil {
				return err
			}
			return c.print(out, func(w io.Writer) { jobTable(w, out.Jobs) })
		},
	}
	var wait bool
	show := &cobra.Command{
		Use: "show ID", Short: "Show how far a job is", Args: cobra.ExactArgs(1), Example: "  weir jobs show 01J… --wait",
		RunE: func(cmd *cobra.Command, args []string) error {
			var job gen.Job
			err := c.askHost(cmd.Context(), http.MethodGet, "/v1/jobs/"+url.PathEscape(args[0]), nil, &job)
			if err == nil && wait {
				err = c.followJob(cmd.Context(), &job)
			}
			if err != nil {
				return err
			}
			return c.print(job, func(w io.Writer) { jobTable(w, []gen.Job{job}) })
		},
	}
	show.Flags().BoolVar(&wait, "wait", false, "show its progress until it ends; exit code 1 when it fails")
	for _, sub := range []*cobra.Command{list, show} {
		sub.Flags().StringVar(&c.token, "token", "", "token of a running `weir run` that asks for one (WEIR_TOKEN)")
	}
	cmd.AddCommand(list, show)
	return cmd
}

func jobTable(w io.Writer, jobs []gen.Job) {
	t := newTable("id", "kind", "status", "started", ">done", ">total", "version", "problem")
	for _, j := range jobs {
		problem := ""
		if j.Problem != nil {
			problem = j.Problem.Detail
		}
		t.row(j.Id, string(j.Kind), string(j.Status), when(j.Started), number(j.Done), number(j.Total), str(j.Version), problem)
	}
	t.write(w)
}

// rescoredElsewhere says how far the users of a Weir elsewhere have moved to its strategy, as its publication tells.
func (c *cli) rescoredElsewhere(ctx context.Context) error {
	var live gen.Strategy
	var status gen.Status
	var jobs gen.JobList
	err := errors.Join(c.askHost(ctx, http.MethodGet, "/v1/strategy", nil, &live), c.askHost(ctx, http.MethodGet, "/v1/status", nil, &status),
		c.askHost(ctx, http.MethodGet, "/v1/jobs", nil, &jobs))
	if err != nil {
		return err
	}
	out := rescored{Version: live.Version, Users: status.Users, Total: status.Users, Finished: true}
	if live.Number != nil {
		out.Number = *live.Number
	}
	for _, j := range jobs.Jobs {
		if j.Kind == gen.JobStrategy && j.Status == gen.JobRunning {
			out.Users, out.Total, out.Finished = j.Done, j.Total, false
			break
		}
	}
	return c.printRescored(out)
}

// importElsewhere sends files where a Weir elsewhere says, into its bucket or to itself, and waits for what becomes of them.
func (c *cli) importElsewhere(ctx context.Context, files []string, req app.ImportRequest) error {
	if req.Format != "" {
		return &usageError{err: errors.New("a Weir elsewhere finds the format by the content: leave --format out")}
	}
	var sum imported
	for _, name := range files {
		f, err := c.sendFile(ctx, name, req)
		if err != nil {
			return err
		}
		sum.Files++
		sum.Events += f.Counts.Events
		sum.Accepted += f.Counts.Accepted
		sum.Rejected += f.Counts.Rejected
		sum.Duplicates += f.Counts.Duplicates
		sum.Users += f.Counts.Users
		if f.Counts.Rejected > 0 {
			c.note("%s: %d lines were quarantined; see: weir rejects list %s", name, f.Counts.Rejected, f.Id)
		}
	}
	return c.printImported(sum)
}

// sendFile sends one file and returns it when it is imported.
func (c *cli) sendFile(ctx context.Context, name string, req app.ImportRequest) (file gen.File, err error) {
	f, err := os.Open(name)
	if err != nil {
		return file, cannotOpen(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file, cannotOpen(name, err)
	}
	ask := gen.UploadRequest{
		Name: filepath.Base(name), Size: info.Size(), Mapping: optional(req.Mapping), Backfill: optional(req.Backfill), Again: optional(req.Again),
	}
	if req.AsOf != 0 {
		at := time.UnixMilli(req.AsOf).UTC()
		ask.AsOf = &at
	}
	var ticket gen.UploadTicket
	if err := c.askHost(ctx, http.MethodPost, "/v1/uploads", ask, &ticket); err != nil {
		return file, fault.Wrap(err, "import %s", name)
	}
	bars := newProgress(c.err)
	defer bars.close()
	if err := c.put(ctx, ticket, &metered{Reader: f, size: info.Size(), moved: bars.phase("send " + ask.Name)}, info.Size()); err != nil {
		return file, fault.Wrap(err, "send %s", name)
	}
	var state gen.UploadState
	err = c.until(ctx, func() (bool, error) {
		if err := c.askHost(ctx, http.MethodGet, "/v1/uploads/"+url.PathEscape(ticket.Key), nil, &state); err != nil {
			return false, err
		}
		if state.Refused != nil {
			return false, fault.New(fault.Conflict, "%s was refused: %s", name, *state.Refused)
		}
		return state.File != nil, nil
	})
	if err != nil {
		return file, err
	}
	err = c.until(ctx, func() (bool, error) {
		err := c.askHost(ctx, http.MethodGet, "/v1/files/"+url.PathEscape(state.File.Id), nil, &file)
		return file.Status == gen.FileDone || file.Status == gen.FileFailed, err
	})
	if err == nil && file.Status == gen.FileFailed {
		err = fault.New(fault.Invalid, "%s was not imported: %s", name, str(file.Error)).WithHint("nothing of it was applied: mend it and import it again")
	}
	if err == nil {
		bars.finish()
	}
	return file, err
}

// put sends bytes to a ticket's address. The token goes to the Weir itself alone: an address in a bucket is signed.
func (c *cli) put(ctx context.Context, ticket gen.UploadTicket, from io.Reader, size int64) error {
	at, err := c.elsewhereHost(ctx)
	if err != nil {
		return err
	}
	own := strings.HasPrefix(ticket.Url, "/")
	to := ticket.Url
	if own {
		to = at.address + to
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, to, from)
	if err != nil {
		return fault.New(fault.Internal, "the address to send to cannot be used").Because(err)
	}
	r.ContentLength = size
	for name, value := range ticket.Headers {
		r.Header.Set(name, value)
	}
	if own && at.token != "" {
		r.Header.Set("Authorization", "Bearer "+at.token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fault.New(fault.Unavailable, "the file could not be sent").WithHint("try again").Because(err)
	}
	defer res.Body.Close()
	if own {
		return readAnswer(res, new(any))
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fault.New(fault.Unavailable, "the bucket answers %s", res.Status).WithHint("an address is good for a quarter of an hour: try again")
	}
	return nil
}

// metered tells how much of a file was read.
type metered struct {
	io.Reader
	size, done int64
	moved      func(done, total int64)
}

func (r *metered) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.done += int64(n)
	r.moved(r.done, r.size)
	return n, err
}

// until asks again and again, ever more slowly, until something is so.
func (c *cli) until(ctx context.Context, so func() (bool, error)) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		if done, err := so(); done || err != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fault.New(fault.Unavailable, "interrupted; the other side goes on").WithHint("see: weir files list").Because(ctx.Err())
		}
	}
}
