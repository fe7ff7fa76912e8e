package score

import (
	"math"
	"strconv"
)

// churnText says what a feature of churn stands for, with the user's numbers.
func (e *Engine) churnText(feature int, n *rhythm) Text {
	days := strconv.Itoa
	switch feature {
	case churnSilence, churnOverdue:
		return e.silenceText(n)
	case churnOnce:
		if n.gap > 0 {
			return Text{En: "There is more than one day of life.", Zh: "不止一天有活动。"}
		}
		if e.bought {
			return Text{En: "Purchases on a single day only.", Zh: "只在一天购买过。"}
		}
		return Text{En: "Active on a single day only.", Zh: "只有一天有活动。"}
	case churnTenure:
		return Text{En: "First seen " + daysEn(n.tenure) + " ago.", Zh: "首次出现于 " + days(n.tenure) + " 天前。"}
	case churnFrequency:
		return Text{En: "Purchases on " + daysEn(n.days) + " in all.", Zh: "累计 " + days(n.days) + " 个购买日。"}
	case churnActive:
		return Text{
			En: "Active on " + days(n.active+n.before) + " of the last " + days(churnWindow) + " days.",
			Zh: "最近 " + days(churnWindow) + " 天中有 " + days(n.active+n.before) + " 天活跃。",
		}
	case churnActiveTrend:
		return Text{
			En: "Active on " + daysEn(n.active) + " of the last " + days(churnHalf) + ", and on " + days(n.before) + " of the " + days(churnHalf) + " before.",
			Zh: "最近 " + days(churnHalf) + " 天活跃 " + days(n.active) + " 天，之前 " + days(churnHalf) + " 天为 " + days(n.before) + " 天。",
		}
	case churnRecent:
		return Text{
			En: "Purchases on " + days(n.recent) + " of the last " + days(churnWindow) + " days.",
			Zh: "最近 " + days(churnWindow) + " 天中有 " + days(n.recent) + " 天购买。",
		}
	case churnSpend:
		return Text{En: "A net spend of " + e.money(n.spend) + " in all.", Zh: "累计净消费 " + e.money(n.spend) + "。"}
	}
	return Text{
		En: "Spent " + e.money(n.recentNet) + " in the last " + days(churnWindow) + " days, and " + e.money(n.beforeNet) + " in the " + days(churnWindow) + " before.",
		Zh: "最近 " + days(churnWindow) + " 天净消费 " + e.money(n.recentNet) + "，之前 " + days(churnWindow) + " 天为 " + e.money(n.beforeNet) + "。",
	}
}

func (e *Engine) silenceText(n *rhythm) Text {
	en, zh := " without activity", " 天未活动"
	if e.bought {
		en, zh = " without a purchase", " 天未购买"
	}
	en, zh = daysEn(n.silent)+en, "已 "+strconv.Itoa(n.silent)+zh
	switch gap := int(math.Floor(n.gap + 0.5)); {
	case n.gap == 0:
		return Text{En: en + ".", Zh: zh + "。"}
	case gap <= 1:
		return Text{En: en + "; usually one every day.", Zh: zh + "，平时约每天一次。"}
	default:
		every := strconv.Itoa(gap)
		return Text{En: en + "; usually one every " + every + " days.", Zh: zh + "，平时约每 " + every + " 天一次。"}
	}
}

func daysEn(n int) string { return countEn(n, "day") }

// countEn counts things whose plural ends in s.
func countEn(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
