package emulated

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/profile"
)

// ended waits for a job as a client does, and returns it.
func (c *cloud) ended(t *testing.T, id string) (job gen.Job) {
	t.Helper()
	c.until(t, "the job "+id+" has ended", func() bool {
		status, answer := c.ask(t, "viewer", "GET", "/v1/jobs/"+id, "")
		if status != http.StatusOK {
			t.Fatal(status, answer)
		}
		must(t, json.Unmarshal([]byte(answer), &job))
		return job.Status != gen.JobRunning
	})
	return job
}

func (c *cloud) begin(t *testing.T, role, path, body string) (job gen.Job) {
	t.Helper()
	status, answer := c.ask(t, role, "POST", path, body)
	if status != http.StatusAccepted {
		t.Fatal(path, status, answer)
	}
	must(t, json.Unmarshal([]byte(answer), &job))
	return job
}

// expireJobs lets the leases of jobs whose process was killed end at once; by themselves they end within a minute.
func expireJobs(t *testing.T, ports app.Ports) {
	docs, err := ports.Docs.List(context.Background(), "job/")
	if err != nil {
		t.Errorf("the jobs cannot be read: %v", err)
	}
	for _, d := range docs {
		var job map[string]any
		if json.Unmarshal(d.Value, &job) != nil || job["status"] != "running" {
			continue
		}
		delete(job, "until")
		if d.Value, err = json.Marshal(job); err == nil {
			err = ports.Docs.Put(context.Background(), d)
		}
		if err != nil {
			t.Errorf("the lease of a job cannot be ended: %v", err)
		}
	}
}

// A proposal that one person made and another approved is published by the function of jobs, also when that is killed in the middle:
// everyone stands under the new version then, nobody was messaged, there is one publication, and the proposal says so. Nobody publishes
// past the approval, which the template demands.
func TestPublishKilledInTheMiddle(t *testing.T) {
	b := newBreaker("JobsFunction", 11, 25, 2)
	c := openCloud(t, Options{Fast: true, RetryAfter: &atOnce, Taps: b.taps()})
	if c.API == "" || c.Functions["JobsFunction"] == nil {
		t.Skip("the functions are not built")
	}
	begin(t, c.app)
	parts := sampleParts(t, hundredth)
	must(t, c.app.PinClock(t.Context(), parts[0].at))
	c.put(t, "events/main/"+parts[0].name, parts[0].content)
	c.settle(t)
	intents, err := c.ports.Intents.List(t.Context(), app.IntentQuery{Limit: 100_000})
	must(t, err)
	current, err := c.app.Strategy(t.Context())
	must(t, err)

	b.mu.Lock()
	b.after = func() {
		expireLease(t, c.ports)
		expireJobs(t, c.ports)
	}
	b.stack = c.Stack
	b.mu.Unlock()
	text := strings.Replace(current.Text, "weir: 1", "weir: 1 # again", 1) + "\ntags:\n  - {name: fresh, when: 'days_since(last_seen) < 7'}\n"
	if strings.Contains(current.Text, "\ntags:") {
		text = strings.Replace(current.Text, "\ntags:\n", "\ntags:\n  - {name: fresh, when: 'days_since(last_seen) < 7'}\n", 1)
	}
	check, err := c.app.ValidateStrategy(t.Context(), []byte(text))
	must(t, err)
	p, err := c.app.Propose(t.Context(), app.ProposeRequest{Text: []byte(text), By: "admin", From: current.Version})
	must(t, err)
	_, err = c.app.PreviewProposal(t.Context(), p.Number, nil)
	must(t, err)
	body, err := json.Marshal(gen.PublishRequest{Text: text, From: &current.Version})
	must(t, err)
	const path = "/v1/strategy/proposals/1"
	for _, try := range []struct {
		role, path, body string
		want             int
	}{
		{"approver", "/v1/strategy/publish", string(body), http.StatusForbidden},
		{"approver", path + "/publish", "", http.StatusForbidden},
		{"editor", path + "/review", `{"verdict":"approve"}`, http.StatusForbidden},
		{"admin", path + "/review", `{"verdict":"approve"}`, http.StatusForbidden}, // the author
		{"editor", path + "/withdraw", "", http.StatusForbidden},
		{"approver", path + "/review", `{"verdict":"approve"}`, http.StatusOK},
	} {
		if status, answer := c.ask(t, try.role, "POST", try.path, try.body); status != try.want {
			t.Errorf("%s by %s: %d %s", try.path, try.role, status, answer)
		}
	}
	job := c.begin(t, "approver", path+"/publish", "")
	if status, answer := c.ask(t, "approver", "POST", path+"/publish", ""); status != http.StatusConflict {
		t.Errorf("two publications at a time: %d %s", status, answer)
	}
	if job = c.ended(t, job.Id); job.Status != gen.JobDone || *job.Version != check.Version {
		t.Fatalf("%+v %+v", job, job.Problem)
	}
	record, err := c.app.Job(t.Context(), job.Id)
	must(t, err)
	if len(b.killed) < 2 || record.Runs < 2 {
		t.Errorf("killed %d times, taken up %d times", len(b.killed), record.Runs)
	}
	t.Logf("%d kills:\n%s", len(b.killed), strings.Join(b.killed, "\n"))
	users := 0
	for after := ""; ; {
		page, err := c.ports.Profiles.Scan(t.Context(), after, 500)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, item := range page {
			var s profile.State
			must(t, profile.DecodeState(item.State, &s))
			if users++; s.Strategy != check.Version {
				t.Errorf("%s stands under %q", item.Key, s.Strategy)
			}
		}
		after = page[len(page)-1].Key
	}
	if p, err = c.app.Proposal(t.Context(), p.Number); err != nil || p.State != app.ProposalPublished || p.EndedBy != "approver" {
		t.Errorf("%+v, %v", p, err)
	}
	r, err := c.app.Rescoring(t.Context())
	must(t, err)
	versions, err := c.app.StrategyVersions(t.Context())
	must(t, err)
	now, err := c.ports.Intents.List(t.Context(), app.IntentQuery{Limit: 100_000})
	must(t, err)
	if users < 10 || int(r.Users) != users || !r.Finished || len(versions) != int(current.Sequence)+1 || len(now) != len(intents) {
		t.Errorf("%d users, %+v, %d versions, %d messages and %d before", users, r, len(versions), len(now), len(intents))
	}
}

// Every kind of job that the API begins runs on the function of jobs and answers there what it answers on one machine.
func TestJobsOfTheAPI(t *testing.T) {
	c := openCloud(t, Options{Fast: true, RetryAfter: &atOnce})
	if c.API == "" || c.Functions["JobsFunction"] == nil {
		t.Skip("the functions are not built")
	}
	begin(t, c.app)
	for _, p := range sampleParts(t, hundredth)[:2] {
		must(t, c.app.PinClock(t.Context(), p.at))
		c.put(t, "events/main/"+p.name, p.content)
		c.settle(t)
	}
	current, err := c.app.Strategy(t.Context())
	must(t, err)
	proposal, err := json.Marshal(gen.ProposeRequest{Text: new(strings.Replace(current.Text, "silent_days: 60", "silent_days: 50", 1))})
	must(t, err)
	var stored gen.Proposed
	status, answer := c.ask(t, "editor", "POST", "/v1/strategy/proposals", string(proposal))
	if must(t, json.Unmarshal([]byte(answer), &stored)); status != http.StatusCreated || stored.Job == nil {
		t.Fatal(status, answer)
	}
	if job := c.ended(t, stored.Job.Id); job.Status != gen.JobDone {
		t.Fatalf("%+v %+v", job, job.Problem)
	}
	var detail gen.ProposalDetail
	status, answer = c.ask(t, "viewer", "GET", "/v1/strategy/proposals/1", "")
	if must(t, json.Unmarshal([]byte(answer), &detail)); status != http.StatusOK || detail.Preview == nil || detail.Preview.Users == 0 {
		t.Error(status, answer)
	}
	for _, one := range detail.Actions {
		if one.Bar == nil {
			t.Errorf("a viewer may %s", one.Action)
		}
	}
	for _, test := range []struct {
		role, path, body string
		done             bool
	}{
		{"editor", "/v1/strategy/proposals/1/preview", "", true},
		{"editor", "/v1/snapshot", "", true},
		{"editor", "/v1/models/fit", "{}", true},
		{"editor", "/v1/churn/backtest", `{"cut":"1990-01-01T00:00:00Z"}`, false},
		{"approver", "/v1/models/publish", `{"version":""}`, true},
	} {
		job := c.begin(t, test.role, test.path, test.body)
		if ended := c.ended(t, job.Id); (ended.Status == gen.JobDone) != test.done || ended.Problem == nil && !test.done {
			t.Errorf("%s: %+v %+v", test.path, ended, ended.Problem)
		}
	}
	status, answer = c.ask(t, "viewer", "GET", "/v1/jobs", "")
	var list gen.JobList
	if must(t, json.Unmarshal([]byte(answer), &list)); status != http.StatusOK || len(list.Jobs) != 6 {
		t.Error(status, answer)
	}
}
