package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// flip stops or resumes outreach: over the data folder, or through the `weir run` that holds it, because a kill switch must
// work while messages go out.
func (c *cli) flip(ctx context.Context, operation, note string) error {
	var b *base
	err := error(nil)
	if c.url == "" {
		b, err = c.open(ctx, writing)
	}
	if c.url != "" || fault.Is(err, fault.Conflict) {
		o, asked := c.flipRemote(ctx, operation, note)
		if asked != nil {
			return asked
		}
		return c.printOutreach(o)
	}
	if err != nil {
		return err
	}
	defer b.store.Close()
	if operation == "stop" {
		err = b.app.StopOutreach(ctx, note)
	} else {
		err = b.app.ResumeOutreach(ctx)
	}
	if err != nil {
		return err
	}
	res, err := b.api.GetOutreach(ctx, gen.GetOutreachRequestObject{})
	if err != nil {
		return err
	}
	return c.printOutreach(gen.Outreach(res.(gen.GetOutreach200JSONResponse)))
}

// flipRemote asks the running host.
func (c *cli) flipRemote(ctx context.Context, operation, note string) (o gen.Outreach, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return o, c.askHost(ctx, http.MethodPost, "/v1/outreach/"+operation, gen.StopRequest{Note: optional(note)}, &o)
}

// askHost sends a request to the Weir of --url, or to the host that holds the data folder, and reads its answer.
func (c *cli) askHost(ctx context.Context, method, path string, send, into any) error {
	find := c.runningHost
	if c.url != "" {
		find = c.elsewhereHost
	}
	at, err := find(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(send)
	if err != nil {
		return fault.New(fault.Internal, "the request cannot be written").Because(err)
	}
	if send == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, at.address+path, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Internal, "the address %q cannot be asked", at.address).Because(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if at.token != "" {
		req.Header.Set("Authorization", "Bearer "+at.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.New(fault.Unavailable, "the host at %s does not answer", at.address).WithHint("look whether it runs, and whether the address is right").Because(err)
	}
	defer res.Body.Close()
	return readAnswer(res, into)
}

// followJob shows how far a job of the running host is until it ends; the error is the job's.
func (c *cli) followJob(ctx context.Context, job *gen.Job) error {
	bars := newProgress(c.err)
	defer bars.close()
	for job.Status == gen.JobRunning {
		bars.move(string(job.Kind), job.Done, job.Total)
		timer := time.NewTimer(time.Second / 2)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fault.New(fault.Unavailable, "interrupted; the host goes on").WithHint("see: weir strategy status").Because(ctx.Err())
		}
		if err := c.askHost(ctx, http.MethodGet, "/v1/jobs/"+job.Id, nil, job); err != nil {
			return err
		}
	}
	if p := job.Problem; p != nil {
		return fault.New(fault.Code(p.Code), "%s", p.Detail).WithHint("%s", str(p.Hint))
	}
	bars.finish()
	return nil
}

// maxAnswer is the length of the longest answer in bytes: a proposal holds its text and its lines.
const maxAnswer = 16 << 20

func readAnswer(res *http.Response, into any) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fault.New(fault.Unavailable, "the answer of the host broke off").Because(err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		var p gen.Problem
		if json.Unmarshal(body, &p) != nil || p.Code == "" { // a gateway before it
			if res.StatusCode == http.StatusUnauthorized {
				return fault.New(fault.Forbidden, "the host asks for a token, or takes this one no longer").WithHint("call weir login, or set WEIR_TOKEN")
			}
			return fault.New(fault.Unavailable, "the host answers %s", res.Status)
		}
		return fault.New(fault.Code(p.Code), "%s", p.Detail).WithHint("%s", str(p.Hint))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.New(fault.Internal, "the answer of the host cannot be read").Because(err)
	}
	return nil
}
