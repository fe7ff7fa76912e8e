package event

import (
	"fmt"
	"testing"
)

// benchLines are typical track events of 147 bytes, different from one another.
func benchLines() [][]byte {
	lines := make([][]byte, 4096)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, `{"type":"track","event":"Order Completed","userId":"u%05d","messageId":"m%08d","timestamp":"2026-%02d-%02dT%02d:30:00Z","properties":{"revenue":%d}}`,
			i*7919%100000, i, i%12+1, i%28+1, i%24, i*31%90+10)
	}
	return lines
}

func BenchmarkParse(b *testing.B) {
	lines := benchLines()
	if len(lines[0]) != 147 {
		b.Fatal(len(lines[0]))
	}
	p := NewParser(DefaultLimits)
	var ev Event
	b.SetBytes(147)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if r := p.Parse(lines[i&4095], &ev); r != nil {
			b.Fatal(r)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
