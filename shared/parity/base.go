package parity

import (
	"github.com/weir-engine/weir/shared/analytics"
)

// bases computes what follows from all users of a block, the cuts and the reports, and hashes it.
func (b *block) bases() {
	day := b.maker.schema.Day(baseMs) + 30
	builder := b.e.NewCuts(baseMs + 30*dayMs)
	concentration := analytics.NewConcentration()
	activity, returns := analytics.NewActivity(day), analytics.NewReturnRate(day)
	for i := range b.made {
		u := &b.made[i]
		builder.Add(u.key, u.facts)
		concentration.Add(u.facts)
		activity.Add(u.facts)
		returns.Add(u.facts)
	}
	b.cuts = builder.Build()
	b.h.bytes(b.cuts.JSON())
	for _, write := range []func(*sink) error{
		func(s *sink) error { return concentration.CSV(s) }, func(s *sink) error { return activity.CSV(s) }, func(s *sink) error { return returns.CSV(s) },
	} {
		_ = write(&sink{b.h}) // a sink takes everything
	}
}

// sink hashes what is written to it.
type sink struct{ h *digest }

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	s.h.bytes(p)
	return len(p), nil
}
