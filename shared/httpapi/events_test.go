package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// now is 2026-01-02T03:04:05.678Z.
const now = 1767323045678

func TestSingleEvents(t *testing.T) {
	cases := []struct {
		path, body string
		status     int
		has        []string // in the line that is kept
		wrong      string   // in the problem
	}{
		{"track", `{"userId":"u","event":"E","properties":{"n":1.50}}`, 202,
			[]string{`"type":"track"`, `"timestamp":"2026-01-02T03:04:05.678Z"`, `"messageId":"api-`, `"n":1.50`}, ""},
		{"track", `{"userId":"u","event":"E","messageId":"m1","timestamp":"2025-12-31T00:00:00+08:00","type":"track"}`, 202,
			[]string{`"messageId":"m1"`, `"timestamp":"2025-12-31T00:00:00+08:00"`}, ""},
		{"identify", `{"anonymousId":"a","userId":"u","traits":{"名":"值"}}`, 202, []string{`"traits":{"名":"值"}`}, ""},
		{"page", `{"anonymousId":"a","name":"Home"}`, 202, []string{`"type":"page"`}, ""},
		{"screen", `{"anonymousId":"a"}`, 202, []string{`"type":"screen"`}, ""},
		{"group", `{"userId":"u","groupId":"g"}`, 202, []string{`"type":"group"`}, ""},
		{"alias", `{"userId":"u","previousId":"old"}`, 202, []string{`"type":"alias"`}, ""},
		{"track", `{"userId":"u","event":"E","timestamp":"2026-01-04T00:00:00Z"}`, 400, nil, "future"},
		{"track", `{"event":"E"}`, 400, nil, "no_user"},
		{"track", `{"userId":"u"}`, 400, nil, "no_name"},
		{"track", `{"userId":"u","event":"E","type":"page"}`, 400, nil, "bad_type"},
		{"track", `{"userId":"u","event":"E","messageId":7}`, 202, []string{`"messageId":7`}, ""},
		{"track", `{"userId":"u","event":"E","messageId":[7]}`, 400, nil, "bad_field"},
		{"track", `"text"`, 400, nil, "bad_json"},
		{"track", `null`, 400, nil, "bad_json"},
	}
	for _, c := range cases {
		t.Run(c.path+" "+c.body, func(t *testing.T) {
			var kept [][]byte
			f := &fake{now: now, collect: func(lines [][]byte) error { kept = append(kept, lines...); return nil }}
			w := ask(t, f, "POST", "/v1/"+c.path, c.body)
			if w.Code != c.status {
				t.Fatalf("answer %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if c.status != 202 {
				if p := problem(t, w); !strings.Contains(p.Detail, c.wrong) || len(kept) != 0 {
					t.Errorf("problem %q, kept %q", p.Detail, kept)
				}
				return
			}
			var answer gen.Accepted
			decode(t, w.Body.Bytes(), &answer)
			if answer.Accepted != 1 || len(*answer.Ids) != 1 || (*answer.Ids)[0] == "" || len(kept) != 1 {
				t.Fatalf("answer %s, kept %q", w.Body, kept)
			}
			for _, want := range c.has {
				if !bytes.Contains(kept[0], []byte(want)) {
					t.Errorf("the line %s lacks %s", kept[0], want)
				}
			}
		})
	}
}

func TestBatchKeepsEveryLine(t *testing.T) {
	var kept [][]byte
	f := &fake{now: now, collect: func(lines [][]byte) error { kept = lines; return nil }}
	w := ask(t, f, "POST", "/v1/batch", `{"context":{"ip":"::1"},"sentAt":"2026-01-02T00:00:00Z","batch":[
		{"type":"track","userId":"u","event":"E"},
		{"type":"track","userId":"u","event":"E","context":{"own":1}},
		{"type":"track","event":"E"},
		{"userId":"u","event":"E"},
		"a
b", 17]}`)
	if w.Code != 400 {
		t.Fatalf("a batch with a broken string is answered with %d", w.Code)
	}
	w = ask(t, f, "POST", "/v1/batch", `{"context":{"ip":"::1"},"batch":[
		{"type":"track","userId":"u","event":"E"},
		{"type":"track","userId":"u","event":"E","context":{"own":1}},
		{"type":"track","event":"E"},
		{"userId":"u","event":"E"},
		[1,
		 2]]}`)
	var answer gen.Accepted
	decode(t, w.Body.Bytes(), &answer)
	if w.Code != 202 || answer.Accepted != 2 || len(kept) != 5 {
		t.Fatalf("answer %d %s, kept %q", w.Code, w.Body, kept)
	}
	want := []struct {
		index  int
		reason string
	}{{2, event.ReasonNoUser}, {3, event.ReasonBadType}, {4, event.ReasonBadJSON}}
	for i, r := range *answer.Rejected {
		if r.Index != want[i].index || r.Reason != want[i].reason {
			t.Errorf("rejected %+v, want %+v", r, want[i])
		}
	}
	for i, c := range []string{`"context":{"ip":"::1"}`, `"context":{"own":1}`, `"context":{"ip":"::1"}`, "", "[1,2]"} {
		if !bytes.Contains(kept[i], []byte(c)) || bytes.ContainsRune(kept[i], '\n') {
			t.Errorf("line %d is %s", i, kept[i])
		}
	}
}

// FuzzArrival: whatever is sent, the line that is kept stands on its own, and one that is called good is good.
func FuzzArrival(f *testing.F) {
	f.Add([]byte(`{"userId":"u","event":"E"}`), "track")
	f.Add([]byte(`{"type":"track","userId":"u","event":"E","messageId":null,"timestamp":""}`), "")
	f.Add([]byte("{\"a\":\n[1]}"), "")
	f.Fuzz(func(t *testing.T, raw []byte, kind string) {
		if kind != "" && kind != "track" && kind != "alias" || !json.Valid(raw) {
			return
		}
		a := &arrival{now: now, parser: event.NewParser(event.DefaultLimits)}
		line, id, reject := a.complete(raw, kind)
		if bytes.ContainsRune(line, '\n') {
			t.Fatalf("%q stands on several lines", line)
		}
		if reject != nil {
			return
		}
		var ev event.Event
		if id == "" || event.NewParser(event.DefaultLimits).Parse(line, &ev) != nil || ev.MessageID != id {
			t.Fatalf("%q is called good with the id %q", line, id)
		}
	})
}
