package score

import "github.com/weir-engine/weir/shared/strategy"

// The names of the grid, after the map of R by F that the field uses (docs/strategy.md). The ten-name grid has no "lost".
const (
	Champions          = "champions"
	Loyal              = "loyal_customers"
	PotentialLoyalists = "potential_loyalists"
	NewCustomers       = "new_customers"
	Promising          = "promising"
	NeedAttention      = "need_attention"
	AboutToSleep       = "about_to_sleep"
	AtRisk             = "at_risk"
	CantLose           = "cant_lose"
	Hibernating        = "hibernating"
	Lost               = "lost"
)

// The grids.
const (
	GridTen    = "ten"
	GridEleven = "eleven"
)

var grid = [5][5]string{ // by R-1, F-1
	{Hibernating, Hibernating, AtRisk, AtRisk, CantLose},
	{Hibernating, Hibernating, AtRisk, AtRisk, CantLose},
	{AboutToSleep, AboutToSleep, NeedAttention, Loyal, Loyal},
	{Promising, PotentialLoyalists, PotentialLoyalists, Loyal, Loyal},
	{NewCustomers, PotentialLoyalists, PotentialLoyalists, Champions, Champions},
}

// RFMName is the name of a cell of the R by F grid; "" unless both scores are 1 to 5.
func RFMName(kind string, r, f int) string {
	switch {
	case r < 1 || r > 5 || f < 1 || f > 5:
		return ""
	case kind == GridEleven && r == 1 && f == 1:
		return Lost
	}
	return grid[r-1][f-1]
}

// RFMNames lists the names of a grid, from the best.
func RFMNames(kind string) []string {
	return (&strategy.Strategy{RFM: strategy.RFM{Grid: kind}}).RFMNames()
}

// RFMCNNames lists the Chinese eight, from the best.
func RFMCNNames() []string { return strategy.RFMNamesCN() }

// cnNames is indexed by near<<2 | frequent<<1 | valuable.
var cnNames = [8]string{"一般挽留", "重要挽留", "一般保持", "重要保持", "一般发展", "重要发展", "一般价值", "重要价值"}

// CNName is the Chinese name of a user who bought recently (near), often, and much.
func CNName(near, often, much bool) string { return cnNames[bit(near)<<2|bit(often)<<1|bit(much)] }

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// gridZh are the labels of the grid's names in Chinese.
var gridZh = map[string]string{
	Champions: "冠军客户", Loyal: "忠诚客户", PotentialLoyalists: "潜在忠诚客户", NewCustomers: "新客户", Promising: "有望客户",
	NeedAttention: "需要关注", AboutToSleep: "即将沉睡", AtRisk: "有流失风险", CantLose: "不能失去", Hibernating: "沉睡客户", Lost: "已流失",
}

// rfmScores holds the three scores of one user; all are 0 when the user never bought or no cuts are published.
type rfmScores struct{ r, f, m int }

// scoreRFM scores a history under published cuts: the value alone decides, and for ntile_first the user's key at the very
// value of a cut.
func scoreRFM(c *Cuts, key string, h *history) rfmScores {
	if c == nil || h.days == 0 || !c.scored() {
		return rfmScores{}
	}
	return rfmScores{
		r: 5 - above(c.Recency, int64(h.recency)),
		f: 1 + aboveKeyed(c.Frequency, int64(h.days), key),
		m: 1 + above(c.Monetary, h.spend),
	}
}

// scoreCN tells whether a user is near, frequent and valuable.
func scoreCN(c *Cuts, h *history) (near, often, much bool) {
	money := h.spend
	if c.CN.MKind == MoneyAverage {
		money = h.average()
	}
	return int64(h.recency) <= c.CN.Recency, int64(h.days) > c.CN.Frequency, money > c.CN.Monetary
}

// scoreTier is the best tier whose least spend a user reaches; "" for one who never bought.
func scoreTier(c *Cuts, h *history) string {
	if c == nil || h.days == 0 {
		return ""
	}
	for i := range c.Tiers {
		if t := &c.Tiers[i]; t.Rest || h.spend >= t.Least {
			return t.Name
		}
	}
	return ""
}

// above counts the cuts that a value exceeds.
func above(cuts []int64, v int64) int {
	k := 0
	for _, c := range cuts {
		if v > c {
			k++
		}
	}
	return k
}

func aboveKeyed(cuts []FrequencyCut, v int64, key string) int {
	k := 0
	for i := range cuts {
		if c := &cuts[i]; v > c.Value || v == c.Value && c.Key != "" && key > c.Key {
			k++
		}
	}
	return k
}
