package emulated

import (
	"context"
	"slices"
	"testing"
	"time"
)

// BenchmarkInvoke measures how long the built functions take to start (from the start of the process to its first question for
// work, with the base's settings read) and to answer an event that asks for nothing, on an empty base in Dynoxide.
func BenchmarkInvoke(b *testing.B) {
	var last Report
	s := openStack(b, Options{Fast: true, Report: func(r Report) { last = r }})
	for name, event := range map[string]string{"IngestFunction": `{"Records":[]}`, "DeliverFunction": `{"Records":[]}`, "SweepFunction": `{}`} {
		invoke := func(b *testing.B) {
			if _, err := s.Functions[name].Invoke(context.Background(), []byte(event)); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(name+"/init", func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				s.Functions[name].Kill()
				invoke(b)
				all = append(all, last.Init)
			}
			report(b, all)
		})
		b.Run(name+"/warm", func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				invoke(b)
				all = append(all, last.Duration)
			}
			report(b, all)
		})
	}
}

func report(b *testing.B, all []time.Duration) {
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}
