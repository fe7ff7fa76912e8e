package app_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// TestAnEarlierLinkMovesTheEvents gives an anonymous id to another user after its events were merged: a link that arrives
// late but happened earlier.
func TestAnEarlierLinkMovesTheEvents(t *testing.T) {
	files := []string{
		`{"type":"track","messageId":"1","anonymousId":"a","event":"Order Completed","timestamp":"2026-11-01T00:00:00Z","properties":{"revenue":10}}
{"type":"track","messageId":"2","userId":"u1","event":"Order Completed","timestamp":"2026-11-02T00:00:00Z","properties":{"revenue":20}}
{"type":"track","messageId":"3","userId":"u2","event":"Order Completed","timestamp":"2026-11-03T00:00:00Z","properties":{"revenue":40}}`,
		`{"type":"identify","messageId":"4","anonymousId":"a","userId":"u2","timestamp":"2026-11-10T00:00:00Z"}`,
		`{"type":"identify","messageId":"5","anonymousId":"a","userId":"u1","timestamp":"2026-11-05T00:00:00Z"}
{"type":"track","messageId":"6","anonymousId":"a","event":"Order Completed","timestamp":"2026-11-06T00:00:00Z","properties":{"revenue":80}}`,
	}
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}, {2, 0, 1}}
	var want map[string][]byte
	for _, order := range orders {
		b := newBase(t, "2026-11-12T00:00:00Z")
		for _, i := range order {
			b.load(files[i], func(r *app.ImportRequest) { r.Name = files[i][:20] })
		}
		got := map[string][]byte{}
		for _, item := range b.items() {
			got[item.Key] = item.Facts
		}
		if want == nil {
			want = got
		}
		if len(got) != 2 {
			t.Fatalf("order %v leaves %d users, want 2", order, len(got))
		}
		for key := range want {
			if !bytes.Equal(got[key], want[key]) {
				t.Errorf("order %v: FACTS of %s differ", order, key)
			}
		}
		v, err := b.app.User(context.Background(), "u1", b.now)
		if err != nil {
			t.Fatal(err)
		}
		if v.Result.Spend != 11000 {
			t.Errorf("order %v: u1 spent %d, want 110.00 with what was bought anonymously", order, v.Result.Spend)
		}
		report, err := b.app.Rebuild(context.Background(), nil)
		if err != nil || report.Changed != 0 {
			t.Errorf("order %v: a rebuild changes %d profiles: %v", order, report.Changed, err)
		}
	}
}
