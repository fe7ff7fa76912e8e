package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/profile"
)

func TestFilePages(t *testing.T) {
	all := make([]app.File, 120)
	for i := range all {
		all[i] = app.File{ID: fmt.Sprintf("f%03d", i), Status: app.FileDone}
	}
	f := &fake{files: func(after string, limit int) ([]app.File, string, error) {
		start := 0
		if after != "" {
			if _, err := fmt.Sscanf(after, "f%03d", &start); err != nil {
				t.Fatalf("the place %q is not the one that was given", after)
			}
			start++
		}
		end := min(start+limit, len(all))
		next := ""
		if end < len(all) {
			next = all[end-1].ID
		}
		return all[start:end], next, nil
	}}
	var seen []string
	for target, pages := "/v1/files", 0; ; pages++ {
		w := ask(t, f, "GET", target, "")
		var page gen.FilePage
		decode(t, w.Body.Bytes(), &page)
		for _, file := range page.Files {
			seen = append(seen, file.Id)
		}
		if page.Next == nil {
			if pages != 2 {
				t.Errorf("120 files came on %d pages of 50", pages+1)
			}
			break
		}
		target = "/v1/files?after=" + url.QueryEscape(*page.Next)
	}
	if len(seen) != len(all) {
		t.Errorf("%d files came, want %d", len(seen), len(all))
	}
}

func TestShadowFilterFillsPages(t *testing.T) {
	f := &fake{outbox: func(q app.IntentQuery) ([]app.Intent, string, error) {
		start := 0
		if q.After != "" {
			_, _ = fmt.Sscan(q.After, &start)
		}
		var page []app.Intent
		for i := start; i < start+q.Limit && i < 100; i++ {
			page = append(page, app.Intent{ID: fmt.Sprint(i), Shadow: i%10 == 9})
		}
		next := ""
		if start+q.Limit < 100 {
			next = fmt.Sprint(start + q.Limit)
		}
		return page, next, nil
	}}
	for target, want := range map[string]int{"/v1/outbox?shadow=true&limit=4": 4, "/v1/outbox?shadow=true": 10, "/v1/outbox?shadow=false&limit=1000": 90} {
		var page gen.MessagePage
		decode(t, ask(t, f, "GET", target, "").Body.Bytes(), &page)
		if len(page.Messages) != want {
			t.Errorf("%s brings %d messages, want %d", target, len(page.Messages), want)
		}
	}
}

// TestCursors: whatever a place holds comes back, and whatever a client makes up is refused or read, never a crash.
func TestCursors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rejectPlace{rapid.String().Draw(t, "file"), rapid.Int64().Draw(t, "line")}
		if !json.Valid([]byte(`"`+place.File+`"`)) || strings.ContainsRune(place.File, '\uFFFD') {
			t.Skip("not a file id")
		}
		var back rejectPlace
		if err := openCursor(cursor(place), &back); err != nil || back != place {
			t.Fatalf("%+v comes back as %+v, %v", place, back, err)
		}
		made := rapid.String().Draw(t, "made up")
		if err := openCursor(&made, &back); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("a made-up cursor gives %v", err)
		}
	})
}

func TestUserIDsHoldAnyCharacter(t *testing.T) {
	for _, id := range []string{"a/b", "a//b", "../x", "a%2Fb", "100%", "用户 1", "a?b#c", "anon:x+y", ";,=@", "a b", "."} {
		t.Run(id, func(t *testing.T) {
			asked := ""
			f := &fake{userMessages: func(id, _ string, _ int) (string, []app.Intent, string, error) { asked = id; return id, nil, "", nil }}
			path := url.PathEscape(id)
			if id == "." {
				path = "%2E"
			}
			w := ask(t, f, "GET", "/v1/users/"+path+"/messages", "")
			if w.Code != http.StatusOK || asked != id {
				t.Errorf("answer %d, the id arrives as %q", w.Code, asked)
			}
		})
	}
}

func TestRejectDownload(t *testing.T) {
	f := &fake{rejects: func(q app.RejectQuery) ([]app.Reject, error) {
		var page []app.Reject
		for line := q.AfterLine + 1; line <= 2500 && len(page) < q.Limit; line++ {
			page = append(page, app.Reject{File: q.File, Line: line, Reason: "bad_json", Text: "<&>"})
		}
		return page, nil
	}}
	w := ask(t, f, "GET", "/v1/files/f1/rejects?format=ndjson", "")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if len(lines) != 2500 || w.Header().Get("Content-Type") != "application/x-ndjson" || !strings.Contains(lines[0], "<&>") {
		t.Fatalf("%d lines of %s, the first %s", len(lines), w.Header().Get("Content-Type"), lines[0])
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="rejects-f1.ndjson"` {
		t.Errorf("Content-Disposition = %q", got)
	}
	var page gen.RejectPage
	decode(t, ask(t, f, "GET", "/v1/files/f1/rejects?limit=2", "").Body.Bytes(), &page)
	if len(page.Rejects) != 2 || page.Next == nil || len(page.Reasons) != 2 || page.Reasons[0].Reason != "bad_amount" {
		t.Errorf("the page is %+v", page)
	}
}

func TestConditionCheck(t *testing.T) {
	f := &fake{check: func(expr string, count bool) (app.ConditionCheck, error) {
		_, err := mustFail(expr)
		return app.ConditionCheck{Canonical: expr, Users: 5, Total: 20, Spend: 700, Currency: "EUR", AsOf: now, Counted: count}, err
	}}
	var ok, wrong, quick gen.ConditionCheck
	decode(t, ask(t, f, "POST", "/v1/conditions/check", `{"condition":"orders > 1"}`).Body.Bytes(), &ok)
	if !ok.Valid || *ok.Users != 5 || *ok.Share != 0.25 || *ok.SpendMinor != 700 || *ok.Currency != "EUR" {
		t.Errorf("a good condition: %+v", ok)
	}
	decode(t, ask(t, f, "POST", "/v1/conditions/check", `{"condition":"orders > 1","count":false}`).Body.Bytes(), &quick)
	if !quick.Valid || quick.Users != nil {
		t.Errorf("a condition that is not counted: %+v", quick)
	}
	decode(t, ask(t, f, "POST", "/v1/conditions/check", `{"condition":"ordrs > 1"}`).Body.Bytes(), &wrong)
	if wrong.Valid || wrong.Problem == nil || wrong.Problem.Line != 1 || wrong.Problem.Col != 1 || !strings.Contains(*wrong.Problem.Caret, "^") {
		t.Errorf("a wrong condition: %+v", wrong)
	}
}

func TestTagsOfPortraitSayWhoSetThem(t *testing.T) {
	v := app.UserView{AsOf: now, Facts: new(profile.Facts), State: new(profile.State), Live: live(t)}
	v.Facts.Tags = []profile.Tag{{Name: "vip", Source: "Upgraded", Time: now - 1}, {Name: "old", Source: "E", Expires: now - 1}}
	v.Result.Tags = []string{"vip", "repeat_buyer"}
	got := tags(&v)
	if len(got) != 2 || got[0].Source != gen.UserTagSourceEvent || *got[0].By != "Upgraded" || got[1].Source != gen.UserTagSourceRule || *got[1].By == "" {
		t.Errorf("tags %+v", got)
	}
}
