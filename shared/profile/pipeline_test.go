package profile

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// BenchmarkPipeline parses, validates, checks, identifies, removes duplicates and folds NDJSON, user after user: what one core
// does for each event of a file.
func BenchmarkPipeline(b *testing.B) {
	b.Run("messageId", func(b *testing.B) { benchmarkPipeline(b, true) })
	b.Run("content", func(b *testing.B) { benchmarkPipeline(b, false) })
}

func benchmarkPipeline(b *testing.B, messageID bool) {
	s := schemaOf(b, plain(), zone.UTC)
	var lines [][]byte
	r := rand.New(rand.NewPCG(7, 7))
	const users, each = 500, 8
	for u := range users {
		for i := range each {
			at := zone.Day(19_700 + i*9).String()
			line := fmt.Sprintf(`{"type":"track","event":"Product Viewed","userId":"u%06d","timestamp":"%sT10:%02d:01.123Z","properties":{"sku":"s%d","price":%d}}`, u, at, i, r.IntN(500), r.IntN(200))
			if r.IntN(2) == 0 {
				line = fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"u%06d","timestamp":"%sT10:%02d:01.123Z","properties":{"order_id":"o-%d","revenue":%d.%02d}}`, u, at, i, u*10+i, r.IntN(200), r.IntN(100))
			}
			if messageID {
				line = line[:len(line)-1] + fmt.Sprintf(`,"messageId":"m-%08d"}`, len(lines))
			}
			lines = append(lines, []byte(line))
		}
	}
	p := event.NewParser(event.DefaultLimits)
	f, recent, ev := &Facts{}, &Recent{}, &event.Event{}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if n%each == 0 {
			f.Reset()
			recent.Reset()
		}
		if reject := p.Parse(lines[n%len(lines)], ev); reject != nil {
			b.Fatal(reject)
		}
		if reject := event.CheckFuture(ev, testStart+9000*dayMs, event.DefaultLimits); reject != nil {
			b.Fatal(reject)
		}
		if reject := s.Check(ev); reject != nil {
			b.Fatal(reject)
		}
		if id := ev.StableID(0); recent.Add(id, ev.Time) {
			s.Fold(f, ev, id)
		}
	}
}
