package score

import "strconv"

// whyScores gives the reasons of r, f, m and the name in the grid.
func (e *Engine) whyScores(v *env) []Reason {
	if v.r.R == 0 {
		return []Reason{e.unscored(v, NameR, "0"), e.unscored(v, NameF, "0"), e.unscored(v, NameM, "0"), e.unscored(v, NameRFM, "")}
	}
	c := v.cuts
	r := e.reason(v, NameR, strconv.Itoa(v.r.R), HowAtMost)
	r.Inputs = []Input{in("recency_days", int64(v.h.recency))}
	list := ""
	for i, cut := range c.Recency {
		r.Cuts = append(r.Cuts, in("cut_"+strconv.Itoa(i+1), cut))
		list += separated(i) + strconv.FormatInt(cut, 10)
	}
	days := strconv.Itoa(int(v.h.recency))
	r.Text.En = "The last purchase was " + days + " days ago; the cuts are " + list + " days, fewer is better: R = " + r.Value + "."
	r.Text.Zh = "最近一次购买在 " + days + " 天前；分界为 " + list + " 天，越近越高：R = " + r.Value + "。"
	return []Reason{r, e.whyF(v), e.whyM(v), e.whyGrid(v)}
}

func (e *Engine) whyF(v *env) Reason {
	r := e.reason(v, NameF, strconv.Itoa(v.r.F), HowExceeds)
	r.Inputs = []Input{in("purchase_days", int64(v.h.days))}
	list, keyed := "", false
	for i, cut := range v.cuts.Frequency {
		name := "cut_" + strconv.Itoa(i+1)
		r.Cuts = append(r.Cuts, in(name, cut.Value))
		list += separated(i) + strconv.FormatInt(cut.Value, 10)
		if cut.Key != "" {
			r.Cuts = append(r.Cuts, Input{Name: name + "_key", Value: cut.Key})
			keyed = true
		}
	}
	en, zh := "", ""
	if keyed {
		r.Inputs = append(r.Inputs, Input{Name: "user", Value: v.r.Key})
		en, zh = ", ties in the order of user ids", "，并列者按用户编号先后"
	}
	n := strconv.Itoa(v.h.days)
	r.Text.En = "There were purchases on " + n + " days; scores rise above " + list + en + ": F = " + r.Value + "."
	r.Text.Zh = "共有 " + n + " 个购买日；高于 " + list + " 逐级加分" + zh + "：F = " + r.Value + "。"
	return r
}

func (e *Engine) whyM(v *env) Reason {
	r := e.reason(v, NameM, strconv.Itoa(v.r.M), HowExceeds)
	r.Inputs = []Input{in("spend_minor", v.h.spend)}
	list := ""
	for i, cut := range v.cuts.Monetary {
		r.Cuts = append(r.Cuts, in("cut_"+strconv.Itoa(i+1), cut))
		list += separated(i) + e.money(cut)
	}
	spend := e.money(v.h.spend)
	r.Text.En = "The net spend is " + spend + "; scores rise above " + list + ": M = " + r.Value + "."
	r.Text.Zh = "净消费 " + spend + "；高于 " + list + " 逐级加分：M = " + r.Value + "。"
	return r
}

func (e *Engine) whyGrid(v *env) Reason {
	kind := orElse(e.s.RFM.Grid, GridTen)
	r := e.reason(v, NameRFM, v.r.RFM, HowGrid)
	r.Inputs = []Input{in("r", int64(v.r.R)), in("f", int64(v.r.F)), {Name: "grid", Value: kind}}
	cell := "R = " + strconv.Itoa(v.r.R) + ", F = " + strconv.Itoa(v.r.F)
	r.Text.En = cell + " is " + r.Value + " in the grid of " + kind + " names."
	r.Text.Zh = cell + " 在网格中为" + gridZh[r.Value] + "（" + r.Value + "）。"
	return r
}

func (e *Engine) whyCN(v *env) Reason {
	if v.r.RFMCN == "" {
		return e.unscored(v, NameRFMCN, "")
	}
	c := &v.cuts.CN
	money, label, zh := v.h.spend, "net spend", "净消费"
	if c.MKind == MoneyAverage {
		money, label, zh = v.h.average(), "net spend an order", "单均净消费"
	}
	r := e.reason(v, NameRFMCN, v.r.RFMCN, HowEight)
	r.Inputs = []Input{in("recency_days", int64(v.h.recency)), in("purchase_days", int64(v.h.days)), in("monetary_minor", money)}
	r.Cuts = []Input{in("recency_days", c.Recency), in("purchase_days", c.Frequency), in("monetary_minor", c.Monetary)}
	near, often, much := scoreCN(v.cuts, &v.h)
	days, cut := strconv.Itoa(int(v.h.recency)), strconv.FormatInt(c.Recency, 10)
	n, ncut := strconv.Itoa(v.h.days), strconv.FormatInt(c.Frequency, 10)
	m, mcut := e.money(money), e.money(c.Monetary)
	r.Text.En = "Cut at the " + c.Cut + ": last purchase " + days + " days ago (" + pick(near, "within ", "not within ") + cut + "), " +
		n + " purchase days (" + pick(often, "above ", "not above ") + ncut + "), " + label + " " + m + " (" + pick(much, "above ", "not above ") + mcut + ")."
	r.Text.Zh = "按" + cutZh[c.Cut] + "划分：最近购买 " + days + " 天前（" + pick(near, "近，不超过 ", "远，超过 ") + cut + " 天），购买日 " +
		n + " 个（" + pick(often, "高于 ", "不高于 ") + ncut + "），" + zh + " " + m + "（" + pick(much, "高于 ", "不高于 ") + mcut + "）。"
	return r
}

var cutZh = map[string]string{CutMean: "均值", CutMedian: "中位数", CutFixed: "固定值"}

func (e *Engine) whyTier(v *env) Reason {
	if v.r.Tier == "" {
		return e.unscored(v, NameTier, "")
	}
	r := e.reason(v, NameTier, v.r.Tier, HowTier)
	r.Inputs = []Input{in("spend_minor", v.h.spend)}
	least := ""
	for _, t := range v.cuts.Tiers {
		cut := in(t.Name, t.Least)
		if t.Rest {
			cut.Value = ""
		} else if t.Name == v.r.Tier {
			least = e.money(t.Least)
		}
		r.Cuts = append(r.Cuts, cut)
	}
	spend, en, zh := e.money(v.h.spend), r.Value, r.Value
	for _, t := range e.s.Tiers {
		if t.Name == r.Value {
			en, zh = orElse(t.En, en), orElse(t.Zh, zh)
		}
	}
	if least == "" {
		r.Text.En = "The net spend of " + spend + " reaches no better tier than " + en + "."
		r.Text.Zh = "净消费 " + spend + "，未达到更高层级，属于“" + zh + "”。"
		return r
	}
	r.Text.En = "The net spend of " + spend + " reaches " + least + ", where tier " + en + " begins."
	r.Text.Zh = "净消费 " + spend + "，达到“" + zh + "”层级的门槛 " + least + "。"
	return r
}

// unscored is the reason of a score that does not exist.
func (e *Engine) unscored(v *env, score, value string) Reason {
	r := e.reason(v, score, value, HowNothing)
	r.Inputs = []Input{in("purchase_days", int64(v.h.days)), in("cuts_users", cutsUsers(v.cuts))}
	r.Text = Text{En: "No cuts are published yet, so there is no score.", Zh: "尚未发布分界，因此没有分值。"}
	if v.h.days == 0 {
		r.Text = Text{En: "There is no purchase, so there is no score.", Zh: "没有购买记录，因此没有分值。"}
	}
	return r
}

// cutsUsers is the number of buyers that cuts were made from.
func cutsUsers(c *Cuts) int64 {
	if c == nil {
		return 0
	}
	return c.N
}

func separated(i int) string {
	if i == 0 {
		return ""
	}
	return " / "
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}
