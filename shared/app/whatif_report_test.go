package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// The report of a job is what weir whatif prints of the same snapshot.
func TestWhatIfJob(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 35)
	live, err := b.app.Strategy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(live.Text, "silent_days: 60", "silent_days: 5", 1)
	if _, err := b.app.WhatIfStored(ctx, []byte(text)); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a snapshot: %v", err)
	}
	shot := b.take()
	b.load(bought("new", "u900", "2026-01-09T20:00:00Z", 1))
	b.now += 7_200_000
	job, err := b.app.StartJob(ctx, app.JobWhatIf, app.WhatIfJob{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	if done, err := b.app.RunJob(ctx, job.ID); err != nil || !done {
		t.Fatal(done, err)
	}
	if job, err = b.app.Job(ctx, job.ID); err != nil || job.Status != app.JobDone {
		t.Fatalf("%+v, %v", job, err)
	}
	w, m, err := app.WhatIfSnapshot(b.app.SnapshotFiles(ctx, shot), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(app.NewWhatIfReport(w).From(m, b.now))
	if err != nil || !bytes.Equal(job.Result, want) {
		t.Errorf("the job says %s, the command %s, %v", job.Result, want, err)
	}
	if len(w.Changes) == 0 || w.Report.Users != 35 || job.Version != w.Tried {
		t.Errorf("%v, of %d users", w.Changes, w.Report.Users)
	}
}

// The Parquet copy of a stored snapshot opens as it is handed out.
func TestSnapshotTable(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 35)
	if _, _, _, err := b.app.SnapshotTable(ctx); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a snapshot: %v", err)
	}
	shot := b.take()
	name, content, url, err := b.app.SnapshotTable(ctx)
	if err != nil || url != "" || !strings.Contains(name, shot.Generation) {
		t.Fatal(name, url, err)
	}
	rows, err := parquet.Read[struct {
		Orders int64 `parquet:"orders,optional"`
	}](bytes.NewReader(content), int64(len(content)))
	if err != nil || len(rows) != 35 || rows[7].Orders != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if bytes.Contains(content, []byte("u001")) {
		t.Error("it names users")
	}
}
