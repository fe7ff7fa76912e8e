//go:build wasip1

package main

import (
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

// ranks writes the numbers of the buyers of the base.
func (s *session) ranks(average bool) error {
	if s.base == nil {
		return outOfOrder("weir_ranks", "weir_open")
	}
	r := s.base.Ranks(average)
	s.out = wire.AppendRanks(s.out, &r)
	return nil
}

// rank adds ranks, of this base or of others, to what cuts are computed from; 0 forgets what was added.
func (s *session) rank(at uint32) error {
	if at == 0 {
		s.ranking = nil
		return nil
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	r, fine := wire.ParseRanks(b)
	if !fine {
		return fault.New(fault.Invalid, "the ranks are damaged").WithHint("docs/wasm-abi.md describes them")
	}
	if s.ranking == nil {
		s.ranking = &whatif.Ranking{}
	}
	s.ranking.Add(r)
	return nil
}

// recut writes a plan whose cuts are to be computed as one that has them, from the ranks that were added.
func (s *session) recut(at uint32) error {
	if s.ranking == nil {
		return outOfOrder("weir_recut", "weir_rank")
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	plan, err := wire.ParsePlan(b)
	if err != nil {
		return err
	}
	if plan.Recut != nil {
		if err := plan.Resolve(s.ranking.Cuts); err != nil {
			return err
		}
	}
	s.out = append(s.out, plan.Encode()...)
	return nil
}

// histogram writes how the base spreads over each of some columns.
func (s *session) histogram(at uint32) error {
	if err := s.ready("weir_histogram"); err != nil {
		return err
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	axes, fine := wire.ParseStops(b)
	if !fine {
		return fault.New(fault.Invalid, "the stops of histograms are lists").WithHint("docs/wasm-abi.md describes them")
	}
	for _, a := range axes {
		h, err := s.preview.Histogram(a)
		if err != nil {
			return err
		}
		s.out = wire.AppendHistogram(s.out, h)
	}
	return nil
}

// spreads writes the squares that intervals follow from.
func (s *session) spreads() error {
	if err := s.ready("weir_spreads"); err != nil {
		return err
	}
	s.out = wire.AppendSpreads(s.out, s.preview.Spreads())
	return nil
}

// sample writes some of the users who move.
func (s *session) sample(at uint32) error {
	if err := s.ready("weir_sample"); err != nil {
		return err
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	w, fine := wire.ParseWanted(b)
	if !fine {
		return fault.New(fault.Invalid, "which movers are wanted cannot be read").WithHint("docs/wasm-abi.md describes it")
	}
	moved, err := s.preview.Sample(w)
	if err != nil {
		return err
	}
	s.out = wire.AppendMoved(s.out, moved)
	return nil
}
