package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// host is a running `weir run`.
type host struct {
	t       *testing.T
	address string
	data    string
	token   string
}

// startHost runs the host in this process until the test ends.
func startHost(t *testing.T, args ...string) *host {
	t.Helper()
	h := &host{t: t, data: t.TempDir()}
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var log bytes.Buffer
	c := &cli{in: strings.NewReader(""), out: in, err: &log, env: func(string) (string, bool) { return "", false }}
	ended := make(chan int, 1)
	go func() {
		ended <- c.run(ctx, append([]string{"run", "--data", h.data, "--listen", "127.0.0.1:0"}, args...))
		_ = in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the host ended with %d: %s", <-ended, log.String())
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the host prints %q", line)
	}
	h.address = address
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("the host ended with %d: %s", code, log.String())
		}
	})
	return h
}

// call sends a request and decodes the answer, which must have the status.
func (h *host) call(status int, method, target string, body string, into any) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.address+target, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != status {
		h.t.Fatalf("%s %s: %s, want %d: %s", method, target, res.Status, status, text)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		h.t.Fatalf("%s %s: %v in %s", method, target, err, text)
	}
}

// until asks again until done says so.
func (h *host) until(what string, done func() bool) {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			h.t.Fatalf("%s: not within 30 seconds", what)
		}
	}
}

func (h *host) total(where string) int64 {
	var page gen.UserPage
	h.call(200, "GET", "/v1/users?where="+url.QueryEscape(where), "", &page)
	return page.Total
}

func TestHostTakesEvents(t *testing.T) {
	h := startHost(t)
	var accepted gen.Accepted
	h.call(202, "POST", "/v1/track", `{"userId":"a/b %","event":"Order Completed","properties":{"revenue":12.5,"order_id":"o1"}}`, &accepted)
	h.call(202, "POST", "/v1/batch", `{"batch":[{"type":"identify","userId":"u2","anonymousId":"x","traits":{"plan":"pro"}},{"type":"track","userId":"u3"}]}`, &accepted)
	if accepted.Accepted != 1 || len(*accepted.Rejected) != 1 {
		t.Errorf("the batch is answered with %+v", accepted)
	}
	h.until("the events are folded", func() bool { return h.total("events >= 1") == 2 })
	var u gen.User
	h.call(200, "GET", "/v1/users/"+url.PathEscape("a/b %"), "", &u)
	if u.UserId != "a/b %" || u.Scores.SpendMinor != 1250 {
		t.Errorf("the user is %+v", u.Scores)
	}
	h.until("the bad line is quarantined", func() bool {
		var page gen.RejectPage
		h.call(200, "GET", "/v1/rejects", "", &page)
		return len(page.Rejects) == 1 && page.Rejects[0].Reason == "no_name"
	})
	h.until("the message is sent", func() bool {
		var page gen.MessagePage
		h.call(200, "GET", "/v1/users/"+url.PathEscape("a/b %")+"/messages", "", &page)
		return len(page.Messages) == 1 && page.Messages[0].Status == gen.MessageSent
	})
}

func TestHostTakesFiles(t *testing.T) {
	h := startHost(t)
	const lines = `{"type":"track","userId":"u1","event":"E","timestamp":"2026-01-01T00:00:00Z"}
nonsense
`
	var f gen.File
	h.call(202, "POST", "/v1/files?name=events.ndjson&backfill=true", lines, &f)
	h.until("the file is imported", func() bool {
		h.call(200, "GET", "/v1/files/"+f.Id, "", &f)
		return f.Status == gen.FileDone
	})
	if f.Counts != (gen.Counts{Events: 2, Accepted: 1, Rejected: 1, Users: 1}) || !f.Backfill || len(*f.Reasons) != 1 {
		t.Errorf("the file is %+v", f)
	}
	h.call(409, "POST", "/v1/files?name=again.ndjson", lines, nil)
	h.call(202, "POST", "/v1/files?name=again.ndjson&again=true", lines, nil)
	h.call(404, "GET", "/v1/files/none", "", nil)

	drop := filepath.Join(h.data, "events", "dropped.ndjson")
	text := `{"type":"track","userId":"dropped","event":"E","timestamp":"2026-01-01T00:00:00Z"}` + "\n"
	if err := os.WriteFile(drop+".part", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(drop+".part", drop); err != nil {
		t.Fatal(err)
	}
	h.until("the dropped file is imported", func() bool { return h.total("events >= 1") == 2 })
}

func TestHostServesTheSample(t *testing.T) {
	h := startHost(t, "--sample")
	var o gen.Overview
	h.call(200, "GET", "/v1/overview", "", &o)
	if o.Users != 2357 || o.AsOf.Format(time.DateOnly) != "1997-09-30" || len(o.Rfm) != 25 || len(o.Lifecycle.Rows) == 0 {
		t.Errorf("the overview has %d users as of %s", o.Users, o.AsOf)
	}
	var users int64
	for _, s := range o.Stages {
		users += s.Users
	}
	if users != o.Users {
		t.Errorf("the stages hold %d of %d users", users, o.Users)
	}
	h.until("a snapshot is made", func() bool {
		var st gen.Status
		h.call(200, "GET", "/v1/status", "", &st)
		return st.Snapshot != nil && st.Snapshot.Rows == 2357 && !st.Snapshot.Late
	})
	var shot gen.Snapshot
	h.call(200, "GET", "/v1/snapshot", "", &shot)
	if len(shot.Shards) != 1 || shot.AsOf.Format(time.DateOnly) != "1997-09-30" {
		t.Errorf("the snapshot is of %s, in %d shards", shot.AsOf, len(shot.Shards))
	}
	h.call(200, "GET", "/v1/conditions/schema", "", nil)
	h.call(200, "GET", "/v1/strategy/schema", "", nil)
	var s gen.Strategy
	h.call(200, "GET", "/v1/strategy", "", &s)
	changed := strings.Replace(s.Text, "silent_days: 60", "silent_days: 45", 1)
	if changed == s.Text {
		t.Fatal("the default strategy does not say silent_days: 60")
	}
	body, err := json.Marshal(gen.PublishRequest{Text: changed, From: &s.Version})
	if err != nil {
		t.Fatal(err)
	}
	var d gen.StrategyDiff
	h.call(200, "POST", "/v1/strategy/diff", string(body), &d)
	if d.Same || len(d.Changes) == 0 {
		t.Errorf("the diff is %+v", d.Changes)
	}
	var job gen.Job
	h.call(202, "POST", "/v1/strategy/publish", string(body), &job)
	h.until("the publication ends", func() bool {
		h.call(200, "GET", "/v1/jobs/"+job.Id, "", &job)
		return job.Status != gen.JobRunning
	})
	if job.Status != gen.JobDone || job.Kind != gen.JobStrategy || job.Version == nil || *job.Version == s.Version {
		t.Errorf("the publication ended as %+v", job)
	}
	h.call(409, "POST", "/v1/strategy/publish", string(body), nil)
	var page gen.MessagePage
	h.call(200, "GET", "/v1/outbox", "", &page)
	if len(page.Messages) != 0 {
		t.Errorf("a publish asked for %d messages", len(page.Messages))
	}
}

func TestHostAsksForTheToken(t *testing.T) {
	h := startHost(t, "--token", "s3cret")
	h.call(401, "GET", "/v1/status", "", nil)
	h.token = "s3cret"
	h.call(200, "GET", "/v1/status", "", nil)
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{{0, "USD", "0.00"}, {5, "USD", "0.05"}, {12345, "USD", "123.45"}, {-5, "USD", "-0.05"}, {7, "JPY", "7"}, {1234, "KWD", "1.234"},
		{-1 << 63, "USD", "-92233720368547758.08"}} {
		if got := money(c.minor, c.currency); got != c.want {
			t.Errorf("money(%d, %s) = %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	tab := newTable("name", ">n")
	tab.row("重要\t价值", "1")
	tab.row("at_risk", "1000")
	var tabs, aligned bytes.Buffer
	tab.write(&tabs)
	if got, want := tabs.String(), "name\tn\n重要 价值\t1\nat_risk\t1000\n"; got != want {
		t.Errorf("for programs the table is %q, want %q", got, want)
	}
	tab.align(&aligned)
	if got, want := aligned.String(), "name          n\n重要 价值     1\nat_risk    1000\n"; got != want {
		t.Errorf("for people the table is\n%s, want\n%s", got, want)
	}
}

func Example_listen() {
	fmt.Println(checkListen("0.0.0.0:8080", ""))
	// Output: --listen 0.0.0.0:8080 serves other machines, and there is no token; set WEIR_TOKEN, or listen on 127.0.0.1
}
