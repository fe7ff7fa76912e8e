package strategy

import (
	"fmt"
	"strings"

	"github.com/weir-engine/weir/shared/segment"
)

// maxPoints is the most that one entry of engagement gives or takes.
const maxPoints = 100

func (c *checker) engagement() {
	c.limit("engagement", len(c.s.Engagement), MaxPoints)
	seen, schema := map[string]string{}, c.s.EngagementSchema()
	for i, p := range c.s.Engagement {
		path := fmt.Sprintf("engagement[%d]", i)
		c.label(path+".name", p.Name)
		c.unique(seen, path+".name", p.Name)
		if strings.TrimSpace(p.When) == "" {
			c.problem(path+".when", "the condition is missing", "a condition such as active_days[28] >= 4")
		} else {
			c.condition(path+".when", p.When, schema)
		}
		if p.Points == 0 || p.Points < -maxPoints || p.Points > maxPoints {
			c.problem(path+".points", fmt.Sprintf("%d points", p.Points), fmt.Sprintf("a whole number from %d to %d, not 0", -maxPoints, maxPoints))
		}
	}
}

// EngagementSchema returns what the conditions of engagement may refer to: what stages may, but not engagement itself.
func (s *Strategy) EngagementSchema() *segment.Schema { return s.Names().EngagementSchema() }
