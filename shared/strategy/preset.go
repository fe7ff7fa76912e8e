package strategy

import (
	"slices"
	"strconv"
)

// defaultThresholds are the numbers of each preset where the file gives none.
var defaultThresholds = map[string]Thresholds{
	PresetCommerce: {Silent: 60, Churned: 120},
	PresetGrowth:   {Silent: 14, Churned: 28, Window: 28, Mature: 8, Growing: 3},
}

// expandPreset turns the preset and its thresholds into stages with conditions. A file may hold just these stages too: so
// does a strategy that was written out.
func (c *checker) expandPreset() {
	l := &c.s.Lifecycle
	defaults, ok := defaultThresholds[l.Preset]
	if !ok {
		return
	}
	t := &l.Thresholds
	t.Silent, t.Churned, t.Window = orDefault(t.Silent, defaults.Silent), orDefault(t.Churned, defaults.Churned), orDefault(t.Window, defaults.Window)
	t.Mature, t.Growing = orDefault(t.Mature, defaults.Mature), orDefault(t.Growing, defaults.Growing)
	stages := commerceStages(t)
	if l.Preset == PresetGrowth {
		stages = growthStages(t, c.s.Activity.Of)
	}
	if len(l.Stages) > 0 && !slices.Equal(l.Stages, stages) {
		c.problem("lifecycle.stages", "the preset "+l.Preset+" has its own stages", "preset: custom beside stages, or no stages")
	}
	l.Stages = stages
}

func orDefault(x, d int) int {
	if x == 0 {
		return d
	}
	return x
}

// commerceStages: bought nothing yet; on one day; on several; silent for D days; for C days.
func commerceStages(t *Thresholds) []Stage {
	d, c := strconv.Itoa(t.Silent), strconv.Itoa(t.Churned)
	return []Stage{
		{Name: "potential", When: "orders == 0", Zh: "潜在用户", En: "Potential"},
		{Name: "first_purchase", When: "purchase_days == 1 && silence_days < " + d, Zh: "首购用户", En: "First purchase"},
		{Name: "active", When: "silence_days < " + d, Zh: "活跃用户", En: "Active"},
		{Name: "silent", When: "silence_days < " + c, Zh: "沉默用户", En: "Silent"},
		{Name: "churned", Zh: "流失用户", En: "Churned"},
	}
}

// growthStages: fewer than G core actions in the window; fewer than M; more; dormant for D days; for C days.
func growthStages(t *Thresholds, activity string) []Stage {
	d, c, window := strconv.Itoa(t.Silent), strconv.Itoa(t.Churned), "["+strconv.Itoa(t.Window)+"]"
	core := "active_days" + window
	switch {
	case t.Core != "":
		core = "metrics." + t.Core + window
	case activity == ActivityPurchase:
		core = "orders" + window
	}
	alive := "silence_days < " + d
	return []Stage{
		{Name: "introduction", When: alive + " && " + core + " < " + strconv.Itoa(t.Growing), Zh: "引入期", En: "Introduction"},
		{Name: "growing", When: alive + " && " + core + " < " + strconv.Itoa(t.Mature), Zh: "成长期", En: "Growing"},
		{Name: "mature", When: alive, Zh: "成熟期", En: "Mature"},
		{Name: "dormant", When: "silence_days < " + c, Zh: "休眠期", En: "Dormant"},
		{Name: "churned", Zh: "流失期", En: "Churned"},
	}
}
