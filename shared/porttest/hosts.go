package porttest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

var channelTests = []test{
	{"an idempotent channel takes a message again", func(t *testing.T, p app.Ports) {
		for name, c := range p.Channels {
			if !c.Idempotent() {
				continue
			}
			m := app.Message{ID: "0123456789abcdef", User: "张三", Rule: "win_back", Channel: name, Subject: "s", Body: "b", At: 1}
			must(t, c.Send(ctx, m))
			must(t, c.Send(ctx, m))
		}
	}},
}

var zoneTests = []test{
	{"zones by name", func(t *testing.T, p app.Ports) {
		for name, offset := range map[string]int{"UTC": 0, "Asia/Shanghai": 8 * 3600, "Europe/Berlin": 3600} {
			loc := get[*time.Location](t)(p.Zones(name))
			_, got := time.UnixMilli(1_700_000_000_000).In(loc).Zone()
			same(t, "the offset of "+name, got, offset)
		}
	}},
	{"an unknown zone is not found", func(t *testing.T, p app.Ports) {
		for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd", "asia/nowhere"} {
			_, err := p.Zones(name)
			wantCode(t, err, fault.NotFound)
		}
	}},
	{"the clock counts milliseconds", func(t *testing.T, p app.Ports) {
		if now := p.Clock(); now <= 0 {
			t.Fatalf("it is %d", now)
		}
	}},
}

// canceledTests check that a call whose context has ended changes nothing and says so.
var canceledTests = []test{
	{"writes", func(t *testing.T, p app.Ports) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		for name, call := range map[string]func() error{
			"Uploads.Put":    func() error { _, err := p.Uploads.Put(ended, "f", strings.NewReader("x")); return err },
			"Ledger.Begin":   func() error { _, _, err := p.Ledger.Begin(ended, fullFile); return err },
			"Profiles.Write": func() error { _, err := p.Profiles.Write(ended, []app.UserWrite{fullWrite("u", 0)}); return err },
			"Links.Apply":    func() error { return p.Links.Apply(ended, nil, map[string]string{"a": "b"}) },
			"Rejects.Put":    func() error { return p.Rejects.Put(ended, []app.Reject{{File: "f", Line: 1}}) },
			"Contacts.Put": func() error {
				_, err := p.Contacts.Put(ended, []app.Room{{ID: "u", Key: make([]byte, contact.KeyBytes)}})
				return err
			},
			"Docs.Put":      func() error { return p.Docs.Put(ended, app.Doc{Key: "k"}) },
			"Snapshots.Put": func() error { return p.Shots.Put(ended, "g", "f", strings.NewReader("x")) },
		} {
			if err := call(); !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s gave %v, want Unavailable", name, err)
			}
		}
		same(t, "the uploads", uploadKeys(t, p, ""), []string(nil))
		untouched(t, p, nil, "u")
		same(t, "any pointer", get[bool](t)(p.Links.Any(ctx)), false)
		same(t, "the room", oneRoom(t, p, "u").Version, int64(0))
		same(t, "the documents", get[[]app.Doc](t)(p.Docs.List(ctx, "")), []app.Doc(nil))
		_, err := p.Shots.Get(ctx, "g", "f")
		wantCode(t, err, fault.NotFound)
	}},
	{"reads of canonical rows", func(t *testing.T, p app.Ports) {
		keep(t, p, "f1", canonRows("f1", 20))
		ended, cancel := context.WithCancel(ctx)
		cancel()
		for _, err := range p.Canon.Read(ended, app.RowFilter{Bucket: -1}) {
			wantCode(t, err, fault.Unavailable)
			return
		}
		t.Fatal("no error came")
	}},
}
