package whatif

import (
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Count counts the users for whom a condition holds under the strategy that was tried last, and what they spent and are worth.
// place names the condition in the error when it cannot be previewed.
func (p *Preview) Count(place string, c *segment.Program) (Sum, error) {
	var sum Sum
	for _, s := range p.base.shards {
		k := &shardPlan{p: p, s: s}
		run, err := k.condition(p.spec, place, c)
		if err != nil {
			return Sum{}, err
		}
		var set column.Block
		for b := range s.blocks() {
			run.Block(b, &set)
			clip(&set, s.Rows-b*column.BlockRows)
			k.sum(b, &set, &sum)
		}
	}
	return sum, nil
}
