package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// collector turns the events of concurrent API calls into few files: the first caller of a group waits a moment for others,
// writes one file for all of them, and every caller returns when the file is durable.
type collector struct {
	mu    sync.Mutex
	group *group
}

type group struct {
	lines bytes.Buffer
	done  chan struct{}
	err   error
}

// collectLinger is how long a group waits for more callers.
const collectLinger = 50 * time.Millisecond

// Collect keeps events, one JSON object a line, in a file of the bucket, or in the queue that Gather makes files of. It returns when
// they are durable; whoever imports the files of the bucket folds them.
func (a *App) Collect(ctx context.Context, lines [][]byte) error {
	if a.ports.Inbox != nil {
		return a.enqueue(ctx, lines)
	}
	c := &a.collector
	c.mu.Lock()
	g, leads := c.group, false
	if g == nil {
		g, leads = &group{done: make(chan struct{})}, true
		c.group = g
	}
	for _, line := range lines {
		g.lines.Write(line)
		g.lines.WriteByte('\n')
	}
	c.mu.Unlock()
	if leads {
		timer := time.NewTimer(collectLinger)
		defer timer.Stop()
		<-timer.C
		c.mu.Lock()
		c.group = nil
		c.mu.Unlock()
		g.err = fault.Do(func() error { return a.collect(context.WithoutCancel(ctx), g.lines.Bytes()) }) // others wait for it
		close(g.done)
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "the call was given up before its events were kept").Because(ctx.Err())
	}
}

func (a *App) collect(ctx context.Context, text []byte) error {
	sum := sha256.Sum256(text)
	key := fmt.Sprintf("api-%d-%s.ndjson", a.ports.Clock(), hex.EncodeToString(sum[:6]))
	if _, err := a.ports.Uploads.Put(ctx, key, bytes.NewReader(text)); err != nil {
		return fault.Wrap(err, "keep the events")
	}
	return nil
}
