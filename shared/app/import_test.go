package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

func zip(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

func mapped(text string) func(*app.ImportRequest) {
	return func(r *app.ImportRequest) { r.Mapping = text }
}

const csvMapping = `version: 1
type: track
event: Order Completed
user_id: customer
timestamp: {column: date, layout: "%Y-%m-%d"}
properties:
  revenue: {column: amount, as: money, unit: major}
`

// TestAppendAndImportAgain: only the new rows count, whether or not the events have a name of their own.
func TestAppendAndImportAgain(t *testing.T) {
	view := func(user, moment string) string {
		return fmt.Sprintf(`{"type":"track","userId":"%s","event":"Product Viewed","timestamp":"%s"}`+"\n", user, moment)
	}
	for _, tt := range []struct {
		name, mapping, first, more string
	}{
		{
			"ndjson without messageId", "",
			view("a", "2026-02-27T10:00:00Z") + view("a", "2026-02-27T10:00:00Z") + view("b", "2025-02-27T10:00:00Z"),
			view("a", "2026-02-27T10:00:00Z") + view("c", "2026-02-28T10:00:00Z"),
		},
		{
			"csv with repeated rows", csvMapping,
			"customer,date,amount\nc1,2025-01-03,10.50\nc1,2025-01-03,10.50\nc2,2026-02-20,7\n",
			"c1,2025-01-03,10.50\nc3,2026-02-21,1\n",
		},
	} {
		for _, mode := range []string{"backfill", "live", "backfill as of the past, then live"} {
			t.Run(tt.name+", "+mode, func(t *testing.T) {
				b := newBase(t, "2026-03-01T00:00:00Z")
				change := []func(*app.ImportRequest){mapped(tt.mapping)}
				if mode != "live" {
					change = append(change, backfill)
				}
				if got, want := b.load(tt.first, change...), (app.Counts{Events: 3, Accepted: 3, Users: 2}); got != want {
					t.Fatalf("the first file counts %+v, want %+v", got, want)
				}
				again := []func(*app.ImportRequest){mapped(tt.mapping)}
				if mode != "live" && mode != "backfill" {
					again = append(again, asOf("2026-03-01T00:00:00Z"))
				}
				b.now += 3600_000
				if got, want := b.load(tt.first+tt.more, again...), (app.Counts{Events: 5, Accepted: 2, Duplicates: 3, Users: 3}); got != want {
					t.Errorf("with two rows more it counts %+v, want %+v", got, want)
				}
				if diff := b.facts(); len(diff) != 3 {
					t.Errorf("%d users", len(diff))
				}
			})
		}
	}
}

// TestRehearsalInThePast: history arrives today as a backfill; live files with a moment of long ago bring some of it again.
func TestRehearsalInThePast(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	history := bought("1", "a", "1997-09-20T10:00:00Z", 10) + bought("2", "b", "1997-09-29T10:00:00Z", 10)
	b.load(history, backfill, asOf("1997-09-30T00:00:00Z"))
	if err := b.app.PinClock(ctx, at("1997-09-30T12:00:00Z")); err != nil {
		t.Fatal(err)
	}
	again := b.load(history + bought("5", "b", "1997-09-30T01:00:00Z", 3))
	if want := (app.Counts{Events: 3, Accepted: 1, Duplicates: 2, Users: 2}); again != want {
		t.Errorf("with a held clock counts are %+v, want %+v", again, want)
	}
	more := history + bought("3", "a", "1997-10-02T10:00:00Z", 5) + bought("4", "a", "1998-01-01T00:00:00Z", 5)
	got := b.load(more, asOf("1997-10-03T00:00:00Z"))
	if want := (app.Counts{Events: 4, Accepted: 1, Duplicates: 2, Rejected: 1, Users: 2}); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
	b.facts()
}

func TestKnownContentIsRefused(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	text := bought("1", "a", "2026-02-27T10:00:00Z", 5)
	b.load(text)
	before := snapshot(t, b)
	_, err := b.try([]byte(text))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.HintOf(err), "--again") {
		t.Fatalf("known content gives %v (%s)", err, fault.HintOf(err))
	}
	same(t, b, before)
	if got, want := b.load(text, func(r *app.ImportRequest) { r.Again = true }), (app.Counts{Events: 1, Duplicates: 1, Users: 1}); got != want {
		t.Errorf("with Again it counts %+v, want %+v", got, want)
	}
}

// snapshot is everything of a base but the record of the files, which a refused file gets too.
func snapshot(t *testing.T, b *base) record {
	t.Helper()
	out := remember(t, &world{dir: b.dir, now: b.now, store: b.store})
	for k := range out {
		if strings.HasPrefix(k, "file ") {
			delete(out, k)
		}
	}
	for _, dir := range []string{"canonical", "events", "outbox", "scratch"} {
		err := filepath.WalkDir(filepath.Join(b.dir, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			out["path "+path] = fmt.Sprintf("%x", content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func same(t *testing.T, b *base, before record) {
	t.Helper()
	if diff := differences(before, snapshot(t, b)); len(diff) > 0 {
		t.Errorf("the base is not as it was: %s", strings.Join(diff, "\n"))
	}
}

// TestRefusedFilesLeaveNothing imports files that are wrong as a whole.
func TestRefusedFilesLeaveNothing(t *testing.T) {
	good := strings.Repeat(bought("1", "a", "2026-02-27T10:00:00Z", 5), 2000)
	packed := zip([]byte(good))
	type wrong struct {
		Colour string `parquet:"colour"`
		Weight int64  `parquet:"weight"`
	}
	var table bytes.Buffer
	if err := parquet.Write(&table, []wrong{{"red", 1}, {"blue", 2}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		mapping string
		says    string // in the message or the hint
	}{
		{"truncated gzip", packed[:len(packed)-9], "", ""},
		{"damaged gzip", append(append([]byte{}, packed[:40]...), packed[60:]...), "", ""},
		{"zip bomb", zip(make([]byte, 300<<20)), "", ""},
		{"csv without a mapping", []byte("customer,date,amount\nc1,2026-01-03,10\n"), "", "mapping"},
		{"mapping of other columns", []byte("client;when;sum\nc1;2026-01-03;10\n"), csvMapping, "customer"},
		{"mapping that is no mapping", []byte("customer,date,amount\n"), "version: 1\nusers: [", ""},
		{"parquet of another schema", table.Bytes(), csvMapping, "customer"},
		{"parquet of another schema without a mapping", table.Bytes(), "", ""},
		{"truncated parquet", table.Bytes()[:table.Len()-5], csvMapping, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBase(t, "2026-03-01T00:00:00Z")
			b.load(bought("0", "z", "2026-02-26T10:00:00Z", 5))
			before := snapshot(t, b)
			_, err := b.try(tt.content, mapped(tt.mapping))
			code := fault.CodeOf(err)
			if code != fault.Invalid && code != fault.TooLarge {
				t.Fatalf("the error is %q: %v", code, err)
			}
			if fault.HintOf(err) == "" {
				t.Errorf("no way out: %v", err)
			}
			if !strings.Contains(err.Error()+fault.HintOf(err), tt.says) {
				t.Errorf("%v (%s) does not say %q", err, fault.HintOf(err), tt.says)
			}
			same(t, b, before)
			files, _, err := b.app.Files(ctx, "", 10)
			if err != nil || tt.mapping != "version: 1\nusers: [" && (files[0].Status != app.FileFailed || files[0].Error == "") {
				t.Errorf("the ledger says %+v, %v", files[0], err)
			}
		})
	}
}

func TestStrategyThatDoesNotCompile(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	b.load(bought("0", "z", "2026-02-26T10:00:00Z", 5))
	before := snapshot(t, b)
	for name, text := range map[string]string{
		"no yaml":   "weir: [",
		"condition": strings.Replace(withRules(welcomeOnly), "purchase_days >= 2", "purchase_dayz >= 2", 1),
		"template":  strings.Replace(withRules(welcomeOnly), "We saved your favourites", "'{% if traits.x %}'", 1),
		"rule":      withRules(strings.Replace(welcomeOnly, "template: winback", "template: nowhere", 1)),
		"zone":      strings.Replace(withRules(welcomeOnly), "zone: UTC", "zone: Mars/Phobos", 1),
	} {
		_, err := b.app.Publish(ctx, app.PublishRequest{Text: []byte(text)})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: publishing gives %v", name, err)
		}
		same(t, b, before)
	}
}

// longLine reads as one JSON line of size bytes without holding it.
type longLine struct{ size int64 }

func (l longLine) ReadAt(p []byte, at int64) (int, error) {
	const head, tail = `{"type":"track","userId":"a","event":"`, "\"}\n"
	n := 0
	for ; n < len(p) && at+int64(n) < l.size; n++ {
		switch i := at + int64(n); {
		case i < int64(len(head)):
			p[n] = head[i]
		case i >= l.size-int64(len(tail)):
			p[n] = tail[i-(l.size-int64(len(tail)))]
		default:
			p[n] = 'x'
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestLineOf200MB(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	line := longLine{200 << 20}
	res, err := b.app.Import(ctx, app.ImportRequest{Name: "long", Source: line, Size: line.size})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if want := (app.Counts{Events: 1, Rejected: 1}); res.Counts != want {
		t.Errorf("counts are %+v, want %+v", res.Counts, want)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("it took %d MB", grown>>20)
	}
	rejects, err := b.app.Rejects(ctx, app.RejectQuery{Limit: 10})
	if err != nil || len(rejects) != 1 || rejects[0].Reason != "too_long" || rejects[0].Line != 1 || len(rejects[0].Text) > 64<<10 {
		t.Errorf("%d rejects, %v", len(rejects), err)
	}
}

// TestBadLines: each is quarantined with its line and its reason, and the good ones around it count.
func TestBadLines(t *testing.T) {
	order := func(properties, moment string) string {
		return `{"type":"track","userId":"a","event":"Order Completed","timestamp":"` + moment + `","properties":{` + properties + "}}"
	}
	const day = "2026-02-27T10:00:00Z"
	for _, tt := range []struct{ name, line, reason string }{
		{"invalid UTF-8", `{"type":"track","userId":"a` + "\xff\xfe" + `","event":"X","timestamp":"` + day + `"}`, "bad_utf8"},
		{"NaN", order(`"revenue":NaN`, day), "bad_json"},
		{"NaN in a text", order(`"revenue":"NaN"`, day), "bad_amount"},
		{"negative money", order(`"revenue":-5`, day), "bad_amount"},
		{"no money", order(`"coupon":"x"`, day), "bad_amount"},
		{"too much money", order(`"revenue":1e300`, day), "bad_amount"},
		{"another currency", order(`"revenue":5,"currency":"EUR"`, day), "currency"},
		{"the year 30000", order(`"revenue":5`, "30000-01-01T00:00:00Z"), "bad_time"},
		{"the future", order(`"revenue":5`, "2026-03-02T00:00:01Z"), "future"},
		{"no user", `{"type":"track","event":"X","timestamp":"` + day + `"}`, "no_user"},
		{"half a line", `{"type":"track","userId":"a"`, "bad_json"},
		{"too deep", order(`"revenue":5,"x":`+strings.Repeat("[", 60)+strings.Repeat("]", 60), day), "too_deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBase(t, "2026-03-01T00:00:00Z")
			got := b.load(bought("1", "a", day, 5) + tt.line + "\n" + bought("2", "b", day, 5))
			if want := (app.Counts{Events: 3, Accepted: 2, Rejected: 1, Users: 2}); got != want {
				t.Fatalf("counts are %+v, want %+v", got, want)
			}
			rejects, err := b.app.Rejects(ctx, app.RejectQuery{Limit: 10})
			if err != nil || len(rejects) != 1 {
				t.Fatalf("%d rejects, %v", len(rejects), err)
			}
			if r := rejects[0]; r.Reason != tt.reason || r.Line != 2 || r.Message == "" {
				t.Errorf("line %d: %s (%s), want line 2: %s", r.Line, r.Reason, r.Message, tt.reason)
			}
		})
	}
	t.Run("a day ahead is no future", func(t *testing.T) {
		b := newBase(t, "2026-03-01T00:00:00Z")
		if got := b.load(bought("1", "a", "2026-03-02T00:00:00Z", 5)); got.Accepted != 1 {
			t.Errorf("counts are %+v", got)
		}
	})
}

func (b *base) rejected() map[string]int64 {
	b.t.Helper()
	n, err := b.app.RejectCounts(ctx, "")
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestRedriveAfterFixingTheMapping(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	wrong := strings.Replace(csvMapping, "%Y-%m-%d", "%d.%m.%Y", 1)
	res, err := b.try([]byte("customer,date,amount\nc1,03.01.2026,10\nc2,2026-02-20,7\nc3,2026-02-21,x\n"), mapped(wrong))
	if err != nil || res.Counts.Rejected != 2 {
		t.Fatalf("%+v, %v", res.Counts, err)
	}
	again, err := b.app.Redrive(ctx, res.File.ID, csvMapping, nil)
	if want := (app.Counts{Events: 2, Accepted: 1, Rejected: 1, Users: 1}); err != nil || again.Counts != want {
		t.Fatalf("driven again: %+v, %v, want %+v", again.Counts, err, want)
	}
	if got := b.rejected(); len(got) != 1 || got["bad_value"] != 1 {
		t.Errorf("waiting are %v", got)
	}
	if _, err := b.app.Redrive(ctx, res.File.ID, csvMapping, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("a second time: %v", err)
	}
}

func TestRedriveAfterFixingTheStrategy(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	line := `{"type":"track","messageId":"1","userId":"a","event":"Order Completed","timestamp":"2026-02-27T10:00:00Z","properties":{"price":12.5}}` + "\n"
	res, err := b.try([]byte(line))
	if err != nil || res.Counts.Rejected != 1 {
		t.Fatalf("%+v, %v", res.Counts, err)
	}
	b.publish(strings.Replace(withRules(welcomeOnly), "amount: revenue      # property", "amount: price      # property", 1))
	again, err := b.app.Redrive(ctx, res.File.ID, "", nil)
	if want := (app.Counts{Events: 1, Accepted: 1, Users: 1}); err != nil || again.Counts != want {
		t.Fatalf("driven again: %+v, %v", again.Counts, err)
	}
	if v, err := b.app.User(ctx, "a", 0); err != nil || v.Result.Spend != 1250 {
		t.Errorf("spend is %d, %v", v.Result.Spend, err)
	}
	if got := b.rejected(); len(got) != 0 {
		t.Errorf("waiting are %v", got)
	}
}

// fullDisk fails every write of a kind with what the store says when the disk is full, until it is freed.
type fullDisk struct {
	mu    sync.Mutex
	full  bool
	where string
}

var errFull = fault.New(fault.Unavailable, "the disk is full").WithHint("free space and repeat")

func (d *fullDisk) check(where string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full && d.where == where {
		return errFull
	}
	return nil
}

type fullScratch struct {
	app.Scratch
	d *fullDisk
}

func (s fullScratch) Open(ctx context.Context, n int) (app.Spill, error) {
	spill, err := s.Scratch.Open(ctx, n)
	return fullSpill{spill, s.d}, err
}

type fullSpill struct {
	app.Spill
	d *fullDisk
}

func (s fullSpill) Append(part int, b []byte) error {
	return errors.Join(s.d.check("scratch"), s.Spill.Append(part, b))
}

type fullCanon struct {
	app.Canon
	d *fullDisk
}

func (c fullCanon) Write(ctx context.Context, file string, chunk, bucket int, rows []app.Row) error {
	if err := c.d.check("canonical"); err != nil {
		return err
	}
	return c.Canon.Write(ctx, file, chunk, bucket, rows)
}

type fullProfiles struct {
	app.Profiles
	d *fullDisk
}

func (p fullProfiles) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	if err := p.d.check("profiles"); err != nil {
		return nil, err
	}
	return p.Profiles.Write(ctx, writes)
}

func TestFullDisk(t *testing.T) {
	text := []byte(strings.Join(stream(9, 80), "\n"))
	clean := newBase(t, "2026-03-15T00:00:00Z")
	clean.load(string(text))
	want := clean.facts()
	for _, where := range []string{"scratch", "canonical", "profiles"} {
		t.Run(where, func(t *testing.T) {
			b := newBase(t, "2026-03-15T00:00:00Z")
			d := &fullDisk{full: true, where: where}
			p := b.store.Ports(func() int64 { return b.now })
			p.Scratch, p.Canon, p.Profiles = fullScratch{p.Scratch, d}, fullCanon{p.Canon, d}, fullProfiles{p.Profiles, d}
			var err error
			if b.app, err = app.New(ctx, p, app.Options{}); err != nil {
				t.Fatal(err)
			}
			before := len(b.items())
			_, err = b.try(text)
			if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
				t.Fatalf("a full disk gives %v (%s)", err, fault.HintOf(err))
			}
			if n := len(b.items()); n != before {
				t.Errorf("%d users after it, %d before", n, before)
			}
			d.full = false
			res, err := b.try(text)
			if err != nil || res.File.Status != app.FileDone {
				t.Fatalf("going on: %v", err)
			}
			if diff := differences(want, b.facts()); len(diff) > 0 {
				t.Error(strings.Join(diff, "\n"))
			}
		})
	}
}

// TestTimelineReadsLittle: one user's events are found by the statistics of the canonical files.
func TestTimelineReadsLittle(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	before := b.store.CanonStats()
	rows, next, err := b.app.Timeline(ctx, "0001", at("1998-07-01T00:00:00Z"), "", 100)
	if err != nil || len(rows) == 0 || next != "" {
		t.Fatalf("%d rows, %q, %v", len(rows), next, err)
	}
	after := b.store.CanonStats()
	if n := after.Rows - before.Rows; n > 6919/8 {
		t.Errorf("%d of 6919 rows were read for %d", n, len(rows))
	}
	for i := range rows[1:] {
		if rows[i].Time < rows[i+1].Time {
			t.Error("not the newest first")
		}
	}
	first, next, err := b.app.Timeline(ctx, "0001", at("1998-07-01T00:00:00Z"), "", 1)
	if err != nil || len(first) != 1 || (next == "") != (len(rows) == 1) {
		t.Errorf("a page of one: %d rows, next %q, %v", len(first), next, err)
	}
}
