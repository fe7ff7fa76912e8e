package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

func (b *base) change(mode app.ListMode, list string, users ...string) app.ListResult {
	b.t.Helper()
	out, err := b.app.ChangeList(context.Background(), app.ListRequest{List: list, Users: users, Mode: mode})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *base) members(list string) []string {
	b.t.Helper()
	members, next, total, err := b.app.List(context.Background(), list, "", 1000)
	if err != nil || next != "" || int(total) != len(members) {
		b.t.Fatal(members, next, total, err)
	}
	var users []string
	for _, m := range members {
		users = append(users, m.User)
	}
	return users
}

func TestLists(t *testing.T) {
	b := newBase(t, "2026-03-15T00:00:00Z")
	b.load(`{"type":"track","event":"Signed Up","userId":"u1","messageId":"1","timestamp":"2026-03-01T00:00:00Z"}
{"type":"track","event":"Signed Up","userId":"u2","messageId":"2","timestamp":"2026-03-01T00:00:00Z"}
{"type":"track","event":"Opened","anonymousId":"a1","messageId":"3","timestamp":"2026-03-01T00:00:00Z"}
`, backfill)
	if out := b.change(app.ListAdd, "vip", "u2", "u1", "new", "anon:a1"); out.Joined != 4 || out.Users != 4 || out.Left != 0 || out.Unchanged != 0 || out.File == "" {
		t.Errorf("%+v", out)
	}
	if got := b.members("vip"); !slices.Equal(got, []string{"anon:a1", "new", "u1", "u2"}) {
		t.Errorf("on the list: %v", got)
	}
	if out := b.change(app.ListAdd, "vip", "u1", "u2"); out.Joined != 0 || out.Unchanged != 2 || out.File != "" {
		t.Errorf("the second time: %+v", out)
	}
	if out := b.change(app.ListRemove, "vip", "u1", "nobody"); out.Left != 1 || out.Unchanged != 1 || out.Joined != 0 {
		t.Errorf("%+v", out)
	}
	if out := b.change(app.ListAdd, "vip", "u1"); out.Joined != 1 { // the clock stands still: later all the same
		t.Errorf("back again: %+v", out)
	}
	if out := b.change(app.ListReplace, "vip", "u1", "other"); out.Joined != 1 || out.Left != 3 || out.Unchanged != 1 {
		t.Errorf("replaced: %+v", out)
	}
	if got := b.members("vip"); !slices.Equal(got, []string{"other", "u1"}) {
		t.Errorf("on the list: %v", got)
	}
	lists, err := b.app.Lists(context.Background())
	if err != nil || len(lists) != 1 || lists[0].Users != 2 || lists[0].Left != 3 {
		t.Errorf("%+v, %v", lists, err)
	}
	check, err := b.app.CheckCondition(context.Background(), `lists.has("vip")`, true, b.now+60_000)
	if err != nil || check.Users != 2 {
		t.Errorf("%+v, %v", check, err)
	}
	report, err := b.app.Rebuild(context.Background(), nil)
	if err != nil || report.Changed != 0 {
		t.Errorf("rebuilt: %+v, %v", report, err)
	}
	if out := b.change(app.ListReplace, "vip"); out.Left != 2 {
		t.Errorf("emptied: %+v", out)
	}
}

func TestListRefusals(t *testing.T) {
	b := newBase(t, "2026-03-15T00:00:00Z")
	for _, req := range []app.ListRequest{
		{List: "two words", Users: []string{"u"}, Mode: app.ListAdd}, {List: "", Users: []string{"u"}, Mode: app.ListAdd},
		{List: "vip", Mode: app.ListAdd}, {List: "vip", Users: []string{"u"}, Mode: "x"}, {List: "vip", Users: []string{""}, Mode: app.ListAdd},
		{List: "vip", Users: []string{strings.Repeat("x", 300)}, Mode: app.ListAdd},
	} {
		if _, err := b.app.ChangeList(context.Background(), req); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", req, err)
		}
	}
	if _, _, _, err := b.app.List(context.Background(), "none", "", 10); !fault.Is(err, fault.NotFound) {
		t.Errorf("a list that is none: %v", err)
	}
}

func TestReadUsers(t *testing.T) {
	for _, c := range []struct{ text, column, want string }{
		{"user_id\nu1\nu2\nu1\n", "user_id", "[u1 u2]"},
		{"\xef\xbb\xbfname,id\r\n\"a, b\", u1 \r\nc,\r\nd\r\n", "id", "[u1]"},
		{"user_id\n", "user_id", "[]"},
		{"a,b\n1,2\n", "user_id", "the file has no column user_id"},
		{"", "user_id", "the file has no header"},
	} {
		users, err := app.ReadUsers(strings.NewReader(c.text), c.column)
		got := fmt.Sprint(users)
		if err != nil {
			got = err.Error()
			if fault.HintOf(err) == "" {
				t.Errorf("%q: no hint", c.text)
			}
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}
