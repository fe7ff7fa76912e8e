//go:build wasip1

package main

import (
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

// scoreCube builds the cube that answers for cuts of scores; the buffer holds the stops of recency, frequency and spend.
func (s *session) scoreCube(at uint32) error {
	if err := s.ready("weir_score_cube"); err != nil {
		return err
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	axes, fine := wire.ParseStops(b)
	if !fine || len(axes) != 3 {
		return fault.New(fault.Invalid, "the stops of a cube of scores are three lists").WithHint("docs/wasm-abi.md describes them")
	}
	s.scores, err = s.preview.ScoreCube(axes[0].Stops, axes[1].Stops, axes[2].Stops)
	return err
}

// slideScores answers for twelve cuts: four each of recency, frequency and spend.
func (s *session) slideScores(at uint32, eleven bool) error {
	if s.scores == nil {
		return outOfOrder("weir_slide_scores", "weir_score_cube")
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	cuts := whatif.Cuts{Scored: true}
	if !wire.ReadCuts(b, &cuts) {
		return fault.New(fault.Invalid, "there are not twelve cuts").WithHint("write four each of recency, frequency and spend, as whole numbers of 64 bits")
	}
	grid := whatif.GridTen
	if eleven {
		grid = whatif.GridEleven
	}
	if !s.scores.Answer(&cuts, grid, &s.answer) {
		return errScan
	}
	s.out = wire.AppendScores(s.out, &s.answer)
	return nil
}

// stageCube builds the cube that answers for the conditions of stages; the buffer holds the axes, of which the first list has the
// longest dwell.
func (s *session) stageCube(at uint32) error {
	if err := s.ready("weir_stage_cube"); err != nil {
		return err
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	axes, fine := wire.ParseStops(b)
	if !fine || len(axes) < 2 || len(axes[0].Stops) != 1 || axes[0].Stops[0] < 0 || axes[0].Stops[0] > 3650 {
		return fault.New(fault.Invalid, "a cube of stages has a longest dwell and one to four axes").WithHint("docs/wasm-abi.md describes them")
	}
	s.stages, err = s.preview.StageCube(axes[1:], int(axes[0].Stops[0]))
	return err
}

// slideStages answers for the stages of a plan.
func (s *session) slideStages(at uint32) error {
	if s.stages == nil {
		return outOfOrder("weir_slide_stages", "weir_stage_cube")
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	spec, err := s.stageSpec(b)
	if err != nil {
		return err
	}
	exact, err := s.stages.Answer(spec, s.moved)
	if err != nil {
		return err
	}
	if !exact {
		return errScan
	}
	s.out = wire.AppendStages(s.out, s.moved)
	return nil
}

// maxSpecs bounds the stages that are kept compiled: as many as a slider has stops, a few times over.
const maxSpecs = 1024

// stageSpec compiles the stages of a plan, or finds those of the same plan: a slider comes back to its stops.
func (s *session) stageSpec(plan []byte) (*whatif.Spec, error) {
	if spec := s.specs[string(plan)]; spec != nil {
		return spec, nil
	}
	p, err := wire.ParsePlan(plan)
	if err != nil {
		return nil, err
	}
	spec, err := p.StageSpec()
	if err != nil {
		return nil, err
	}
	if s.specs == nil || len(s.specs) >= maxSpecs {
		s.specs = map[string]*whatif.Spec{}
	}
	s.specs[string(plan)] = spec
	return spec, nil
}
