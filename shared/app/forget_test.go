package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
)

const welcoming = "outreach:\n  rules:\n    - {name: w, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}\n"

// annsLife is a user of two ids beside another one.
func annsLife(b *base) {
	b.load(identified("1", "ann-7f", "dev-7f", "2026-02-01T00:00:00Z", `{"email":"ann@example.com","phone":"+49301234567","city":"Ulm-7f"}`) +
		bought("2", "ann-7f", "2026-02-01T02:00:00Z", 5) + bought("3", "ann-7f", "2026-01-05T02:00:00Z", 6) +
		`{"type":"track","messageId":"4","anonymousId":"dev-7f","event":"Product Viewed","timestamp":"2026-02-01T03:00:00Z"}` + "\n" +
		bought("5", "bob", "2026-02-01T02:00:00Z", 7) + identified("6", "bob", "dev-8", "2026-02-01T02:00:00Z", `{"email":"bob@example.com"}`))
}

// shut closes the folder, as a process that ends does.
func (b *base) shut() {
	b.t.Helper()
	if err := b.store.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func TestForget(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-01T00:00:00Z")
	b.publish(withRules(welcoming))
	b.now = at("2026-02-02T00:00:00Z")
	annsLife(b)
	if _, err := b.app.Deliver(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.Forget(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	r, err := b.app.Forget(ctx, "anon:dev-7f")
	if err != nil {
		t.Fatal(err)
	}
	if r.Finished == 0 || r.IDs != 2 || r.Profiles != 1 || r.Addresses != 2 || r.Events != 4 || len(r.Left) != 0 {
		t.Errorf("the receipt is %+v", r)
	}
	b.shut()
	for _, text := range []string{"ann-7f", "dev-7f", "ann@example", "1234567", "Ulm-7f"} {
		if files := holds(t, b.dir, text); files != nil {
			t.Errorf("%q stands in %v", text, files)
		}
	}
	b.open()
	for _, id := range []string{"ann-7f", "anon:dev-7f"} {
		if _, err := b.app.User(ctx, id, 0); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s is still there: %v", id, err)
		}
		if _, err := b.app.Address(ctx, id, contact.Email); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s has an address: %v", id, err)
		}
		again, err := b.app.Forget(ctx, id)
		if err != nil || again.ID != r.ID || again.Asked != r.Asked {
			t.Errorf("a second time: %+v, %v", again, err)
		}
	}
	if address, err := b.app.Address(ctx, "bob", contact.Email); err != nil || address != "bob@example.com" {
		t.Errorf("bob's address is %q, %v", address, err)
	}
	text, err := json.Marshal(r)
	if err != nil || strings.Contains(string(text), "-7f") || strings.Contains(string(text), "ann") {
		t.Errorf("the receipt tells who it was: %s, %v", text, err)
	}

	c := b.load(bought("9", "ann-7f", "2026-02-01T22:00:00Z", 5) + `{"type":"track","messageId":"10","anonymousId":"dev-7f","event":"x","timestamp":"2026-02-01T03:00:00Z"}` + "\n" +
		identified("11", "carl", "dev-7f", "2026-02-01T04:00:00Z", `{"email":"carl@example.com"}`))
	if c.Forgotten != 2 || c.Rejected != 0 || c.Accepted != 1 {
		t.Errorf("events of a forgotten user: %+v", c)
	}
	if _, links, err := b.app.UserLinks(ctx, "carl"); err != nil || len(links) != 0 {
		t.Errorf("carl is linked to a forgotten id: %v, %v", links, err)
	}
	if r, err := b.app.Rebuild(ctx, nil); err != nil || r.Changed != 0 || r.Users != 2 {
		t.Errorf("the rebuild: %+v, %v", r, err)
	}
}

// A database that is put back brings nobody back: messages are held, and the folder knows whom to forget again.
func TestForgetAgainAfterARestore(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-01T00:00:00Z")
	b.publish(withRules(welcoming))
	b.now = at("2026-02-02T00:00:00Z")
	annsLife(b)
	b.shut()
	backup := t.TempDir()
	copyDir := func(from, to string) {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	copyDir(b.dir, backup)
	b.open()
	if _, err := b.app.Forget(ctx, "bob"); err != nil {
		t.Fatal(err)
	}
	b.shut()
	for _, name := range []string{"weir.db", "weir.db-wal", "weir.db-shm", "canonical"} { // the tombstones stay
		if err := os.RemoveAll(filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	copyDir(filepath.Join(backup, "canonical"), filepath.Join(b.dir, "canonical"))
	content, err := os.ReadFile(filepath.Join(backup, "weir.db"))
	if err == nil {
		err = os.WriteFile(filepath.Join(b.dir, "weir.db"), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	b.open()
	d, err := b.app.Deliver(ctx)
	if err != nil || d.Sent != 0 || d.Suppressed != 1 {
		t.Errorf("delivered %+v, %v", d, err)
	}
	if _, _, err := b.app.Timeline(ctx, "bob", 0, "", 9); !fault.Is(err, fault.NotFound) {
		t.Errorf("the timeline: %v", err)
	}
	if n, err := b.app.ForgetAgain(ctx); err != nil || n != 1 {
		t.Errorf("forgot %d again, %v", n, err)
	}
	if _, err := b.app.User(ctx, "bob", 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("bob is back: %v", err)
	}
	if n, err := b.app.ForgetAgain(ctx); err != nil || n != 0 {
		t.Errorf("forgot %d once more, %v", n, err)
	}
}

// Forgetting may die before and after each of its port calls: repeated with any of the ids it leaves what the undisturbed call leaves.
func TestForgetKilledAnywhere(t *testing.T) {
	points := 0
	run := func(t *testing.T, plan porttest.Plan, again string) (left []string) {
		ctx := context.Background()
		b := newBase(t, "2026-02-02T00:00:00Z")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(os.WriteFile(filepath.Join(b.dir, "keys"), []byte(scriptKeys), 0o600))
		annsLife(b)
		ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
		a, err := app.New(ctx, ports, app.Options{})
		must(err)
		faults.Begin(plan)
		_, err = a.Forget(ctx, "ann-7f")
		if plan.Call == 0 {
			must(err)
			points = faults.Calls()
		} else if _, err = b.app.Forget(ctx, again); err != nil {
			t.Errorf("again with %s: %v", again, err)
		}
		p := b.store.Ports(func() int64 { return b.now })
		links, err := p.Links.All(ctx)
		must(err)
		rooms, err := p.Contacts.Rooms(ctx, []string{"ann-7f", "anon:dev-7f", "bob"})
		must(err)
		receipts, err := b.app.Receipts(ctx)
		must(err)
		tombs, err := p.Contacts.Tombstones(ctx)
		must(err)
		rows := 0
		for row, err := range p.Canon.Read(ctx, app.RowFilter{Bucket: -1}) {
			must(err)
			if strings.Contains(row.Key, "7f") {
				t.Errorf("a row of %s", row.Key)
			}
			rows++
		}
		for _, i := range b.items() {
			left = append(left, i.Key)
		}
		return append(left, fmt.Sprint(links, rows, tombs, rooms[0].Version, rooms[1].Version, rooms[2].Version), fmt.Sprintf("%+v", receipts))
	}
	want := run(t, porttest.Plan{}, "")
	died := errors.New("died")
	for call := 1; call <= points; call++ {
		for _, after := range []bool{false, true} {
			again := []string{"ann-7f", "anon:dev-7f"}[call%2]
			got := run(t, porttest.Plan{Call: call, After: after, Err: died, Dead: true}, again)
			if !slices.Equal(got, want) {
				t.Errorf("call %d, after %v, again with %s:\n%v\nwant\n%v", call, after, again, got, want)
			}
		}
	}
	t.Logf("%d port calls", points)
}

// Event files and quarantined lines go after their days; what was accepted of them stays.
func TestExpire(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-02T00:00:00Z")
	ports := b.store.Ports(func() int64 { return b.now })
	ports.Periods = app.Periods{Uploads: 30}
	a, err := app.New(ctx, ports, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, day := range []string{"2026-02-02T00:00:00Z", "2026-02-20T00:00:00Z"} {
		b.now = at(day)
		body := bought(fmt.Sprint(i), "u", "2026-02-01T02:00:00Z", 5) + "bad " + fmt.Sprint(i) + "\n"
		if _, err := a.Upload(ctx, app.UploadRequest{Name: fmt.Sprint("f", i, ".ndjson"), Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.IngestPending(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.now = at("2026-03-10T00:00:00Z")
	for _, want := range []app.Expired{{Uploads: 1, Rejects: 1}, {}} {
		if done, err := a.Expire(ctx); err != nil || done != want {
			t.Errorf("removed %+v, %v; want %+v", done, err, want)
		}
	}
	rejects, err := a.Rejects(ctx, app.RejectQuery{Limit: 9})
	if err != nil || len(rejects) != 1 || rejects[0].Text != "bad 1" {
		t.Errorf("left %+v, %v", rejects, err)
	}
	left, err := ports.Uploads.List(ctx, "")
	if err != nil || len(left) != 1 {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := a.IngestPending(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if rows, _, err := a.Timeline(ctx, "u", 0, "", 9); err != nil || len(rows) != 2 {
		t.Errorf("the timeline: %d rows, %v", len(rows), err)
	}
}
