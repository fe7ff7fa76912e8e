package whatif

import (
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Count counts the users for whom a condition holds under the strategy that was tried last, and what they spent and are worth.
// place names the condition in the error when it cannot be previewed.
func (p *Preview) Count(place string, c *segment.Program) (Sum, error) {
	var sum Sum
	for _, s := range p.shards {
		if err := s.indexSums(); err != nil {
			return sum, err
		}
	}
	err := p.each(place, c, func(k *shardPlan, b int, set *column.Block) { k.sum(b, set, &sum) })
	return sum, err
}

// Rows returns the users for whom a condition holds under the strategy that was tried last: bit i%64 of word i/64 is row i of the base, whose
// shards but the last have a multiple of 64 rows. place is as for Count.
func (p *Preview) Rows(place string, c *segment.Program) ([]uint64, error) {
	var rows []uint64
	err := p.each(place, c, func(k *shardPlan, b int, set *column.Block) {
		rows = append(rows, set[:min(len(set), k.s.set.Words()-b*len(set))]...)
	})
	return rows, err
}

// each evaluates a condition block by block.
func (p *Preview) each(place string, c *segment.Program, do func(k *shardPlan, b int, set *column.Block)) error {
	for _, s := range p.shards {
		k := &shardPlan{p: p, s: s}
		run, err := k.condition(p.spec, place, c)
		if err != nil {
			return err
		}
		var set column.Block
		for b := range s.blocks() {
			run.Block(b, &set)
			clip(&set, s.Rows-b*column.BlockRows)
			do(k, b, &set)
		}
	}
	return nil
}
