package main

import (
	"bytes"
	"sync"
	"testing"

	"github.com/vbauerster/mpb/v8"

	"github.com/weir-engine/weir/shared/app"
)

// TestProgressEnds: bars that stand anywhere, because a step ended early or failed, never keep a command from ending.
func TestProgressEnds(t *testing.T) {
	for _, finished := range []bool{true, false} {
		var out bytes.Buffer
		p := &progress{bars: mpb.New(mpb.WithOutput(&out), mpb.WithAutoRefresh())}
		var steps sync.WaitGroup
		for i := range 4 {
			steps.Go(func() { p.show(app.Progress{Phase: "read", Name: "f", Done: int64(i), Total: 10}) })
		}
		steps.Wait()
		p.show(app.Progress{Phase: "fold", Name: "f", Done: 0, Total: 0})
		p.show(app.Progress{Phase: "fold", Name: "f", Done: 12, Total: 10})
		p.phase("score")(3, 10)
		if finished {
			p.finish()
		}
		p.close()
		p.close()
		if out.Len() == 0 {
			t.Error("nothing was shown")
		}
	}
}
