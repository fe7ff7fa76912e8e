package emulated

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weir-engine/weir/shared/app"
)

func diff(want, got any) string { return gocmp.Diff(want, got, cmpopts.EquateEmpty()) }

var atOnce = time.Duration(0)

// TestChain lives the life of a base on the emulated stack, through the built functions: every notification comes three times, and
// files that nobody can read lie between the others.
func TestChain(t *testing.T) {
	t.Run("dynamodb-local", func(t *testing.T) { chain(t, false, hundredth) })
	t.Run("dynoxide", func(t *testing.T) { chain(t, true, tenth) })
}

func chain(t *testing.T, fast bool, share string) {
	written := &creations{prefix: "outbox/", counts: map[string]int{}}
	c := openCloud(t, Options{
		RetryAfter: &atOnce, Repeat: 3, Fast: fast, Seen: written.seen, Parameters: map[string]string{"IngestReceives": "3"},
	})
	const poison = "events/main/déjà vu + 1&2.ndjson.gz"
	c.put(t, poison, []byte("this is not compressed"))
	dead := c.Queues["EventsDeadLetters"]
	c.until(t, "the poison is in the dead letters", func() bool { return dead.Len() == 3 })
	same(t, liveHere(t, share), c.live(t, share))
	if twice := written.twice(); len(twice) > 0 {
		t.Errorf("messages that were written more than once: %v", twice)
	}
	for _, body := range dead.Bodies() {
		var n events.S3Event
		must(t, json.Unmarshal([]byte(body), &n))
		if len(n.Records) != 1 || n.Records[0].S3.Object.URLDecodedKey != poison {
			t.Errorf("a dead letter is about %s", body)
		}
	}
	if dead.Len() != 3 {
		t.Errorf("%d dead letters", dead.Len())
	}
	f, err := c.file(poison[strings.LastIndexByte(poison, '/')+1:])
	if err != nil || f.Status != app.FileFailed || f.Error == "" {
		t.Errorf("the ledger has %+v of the poison, %v", f, err)
	}
	t.Logf("the ledger says of the poison: %s", f.Error)
	if n := c.Queues["DeliverDeadLetters"].Len(); n != 0 {
		t.Errorf("%d records of the stream were given up", n)
	}
	files, err := c.ports.Ledger.Files(context.Background(), "", 100)
	if err != nil || len(files) != 6 {
		t.Errorf("%d files in the ledger, %v", len(files), err)
	}
}

// TestFirstStart lets every function start at the same time on a base that nobody has made yet.
func TestFirstStart(t *testing.T) {
	s := openStack(t, Options{Fast: true})
	var group sync.WaitGroup
	for _, name := range []string{"IngestFunction", "DeliverFunction", "IngestFunction", "DeliverFunction", "DeliverFunction"} {
		group.Go(func() {
			if _, err := s.Functions[name].Invoke(context.Background(), []byte(`{"Records":[]}`)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	group.Wait()
}
