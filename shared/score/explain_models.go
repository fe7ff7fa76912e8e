package score

import (
	"math"
	"strconv"
	"strings"
)

// modelNames are the scores of models, in the order of Explain.
var modelNames = [...]string{NameAlive, NameExpected, NameMoney, NameCLV, NameChurn}

// kindTitles are the names of purchase models in the literature.
var kindTitles = map[string]string{KindMBGNBD: "MBG/NBD", KindBGNBD: "BG/NBD", KindParetoNBD: "Pareto/NBD", KindNBD: "NBD"}

// whyModel gives the reason of a score of a model.
func (e *Engine) whyModel(v *env, name string) Reason {
	switch name {
	case NameAlive:
		if v.pAlive() >= 0 {
			return e.whyAlive(v)
		}
	case NameExpected:
		if v.expected() >= 0 {
			return e.whyExpected(v)
		}
	case NameMoney, NameCLV:
		if v.value().OK {
			return e.whyValue(v, name)
		}
	case NameChurn:
		if v.churn() >= 0 {
			return e.whyChurn(v)
		}
	}
	return e.whyUnknown(v, name)
}

// pastInputs are the history that purchase models read, and the model.
func (e *Engine) pastInputs(v *env) []Input {
	m := e.fitted.models
	return []Input{
		{Name: "model", Value: m.Version}, {Name: "kind", Value: m.Purchases.Kind},
		in("x", int64(v.h.x())), in("t_x_days", int64(v.h.last-v.h.first)), in("t_days", int64(v.day-v.h.first)),
	}
}

// params lists parameters in the order of the papers.
func params(names []string, values map[string]float64) []Input {
	list := make([]Input, len(names))
	for i, name := range names {
		list[i] = decimal(name, values[name])
	}
	return list
}

func decimal(name string, x float64) Input { return Input{Name: name, Value: shortest(x)} }

// shortest is the shortest text that reads as the same number.
func shortest(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (e *Engine) purchaseInputs() []Input {
	p := e.fitted.models.Purchases
	return params(purchaseParams[p.Kind], p.Params)
}

func (e *Engine) whyAlive(v *env) Reason {
	r := e.reason(v, NameAlive, shortest(v.pAlive()), HowAlive)
	r.Inputs, r.Cuts = e.pastInputs(v), e.purchaseInputs()
	past := e.pastText(v)
	r.Text.En = "Still a customer with a probability of " + percent(v.pAlive()) + " (" + past.En + ")."
	r.Text.Zh = "仍是客户的概率为 " + percent(v.pAlive()) + "（" + past.Zh + "）。"
	return r
}

func (e *Engine) whyExpected(v *env) Reason {
	r := e.reason(v, NameExpected, shortest(v.expected()), HowExpected)
	r.Inputs, r.Cuts = append(e.pastInputs(v), in("horizon_weeks", ExpectedWeeks)), e.purchaseInputs()
	past, n := e.pastText(v), strconv.FormatFloat(v.expected(), 'f', 2, 64)
	r.Text.En = n + " purchases are expected within " + strconv.Itoa(ExpectedWeeks) + " weeks (" + past.En + ")."
	r.Text.Zh = "预计 " + strconv.Itoa(ExpectedWeeks) + " 周内购买 " + n + " 次（" + past.Zh + "）。"
	return r
}

// pastText says which history a purchase model read.
func (e *Engine) pastText(v *env) Text {
	x, first, last := v.h.x(), int(v.day-v.h.first), int(v.h.last-v.h.first)
	title := kindTitles[e.fitted.models.Purchases.Kind]
	t := Text{
		En: title + ": first purchase " + daysEn(first) + " ago, ",
		Zh: title + "：首次购买于 " + strconv.Itoa(first) + " 天前，",
	}
	if x == 0 {
		return Text{En: t.En + "none since", Zh: t.Zh + "此后未再购买"}
	}
	return Text{
		En: t.En + countEn(x, "repeat purchase") + " since, the last " + daysEn(last) + " after the first",
		Zh: t.Zh + "此后复购 " + strconv.Itoa(x) + " 次，最近一次在首购后 " + strconv.Itoa(last) + " 天",
	}
}

func (e *Engine) whyValue(v *env, name string) Reason {
	value, s := v.value(), e.settings()
	r := e.reason(v, name, shortest(value.CLV), HowLifetime)
	r.Inputs = append(e.pastInputs(v), in("repeat_minor", v.h.repeat), Input{Name: "currency", Value: e.s.Currency})
	r.Cuts = append(e.purchaseInputs(), params(moneyParams, e.fitted.models.Money.Params)...)
	per := e.major(value.PerPurchase)
	if name == NameMoney {
		r.How, r.Value = HowMoney, shortest(value.PerPurchase)
		r.Text = e.moneyText(v, per)
		return r
	}
	r.Inputs = append(r.Inputs, decimal("horizon_weeks", s.Horizon), decimal("discount", s.Discount), decimal("margin", s.Margin))
	worth, weeks := e.major(value.CLV), shortest(s.Horizon)
	r.Text.En = "The purchases of the next " + weeks + " weeks are worth " + worth + " today: " + per + " each, discounted by " + percent(s.Discount) + " a year, at a margin of " + percent(s.Margin) + "."
	r.Text.Zh = "未来 " + weeks + " 周的购买现值为 " + worth + "：每次 " + per + "，年贴现率 " + percent(s.Discount) + "，毛利率 " + percent(s.Margin) + "。"
	return r
}

func (e *Engine) moneyText(v *env, per string) Text {
	if !(v.mean() > 0) {
		return Text{
			En: "A purchase is expected to be worth " + per + ", as for all users: there is no repeat purchase of a positive value to go by.",
			Zh: "预计每次购买价值 " + per + "，取全体用户的水平：没有可参考的正值复购。",
		}
	}
	return Text{
		En: "A purchase is expected to be worth " + per + ": the mean of " + countEn(v.h.x(), "repeat purchase") + " is " + e.major(v.mean()) + ", drawn towards that of all users.",
		Zh: "预计每次购买价值 " + per + "：" + strconv.Itoa(v.h.x()) + " 次复购的均值为 " + e.major(v.mean()) + "，并向全体用户的均值收缩。",
	}
}

// The inputs of churn.
const (
	inSilence    = "silence_days"
	inTenure     = "tenure_days"
	inGap        = "gap_days"
	inDays       = "purchase_days"
	inActive     = "active_days_45"
	inBefore     = "active_days_45_before"
	inRecent     = "purchase_days_90"
	inSpend      = "spend_minor"
	inRecentNet  = "spend_minor_90"
	inBeforeNet  = "spend_minor_90_before"
	inIntercept  = "intercept"
	suffixMean   = "_mean"
	suffixScale  = "_scale"
	suffixWeight = "_coef"
)

func (e *Engine) whyChurn(v *env) Reason {
	r := e.reason(v, NameChurn, shortest(v.churn()), HowChurn)
	n, _ := v.rhythm()
	r.Inputs = []Input{
		{Name: "model", Value: e.fitted.models.Version}, {Name: "currency", Value: e.s.Currency},
		in(inSilence, int64(n.silent)), decimal(inGap, n.gap), in(inTenure, int64(n.tenure)), in(inDays, int64(n.days)),
		in(inActive, int64(n.active)), in(inBefore, int64(n.before)), in(inRecent, int64(n.recent)),
		in(inSpend, n.spend), in(inRecentNet, n.recentNet), in(inBeforeNet, n.beforeNet),
	}
	m := e.fitted.models.Churn
	r.Cuts = []Input{decimal(inIntercept, m.Intercept)}
	for _, f := range m.Features {
		r.Cuts = append(r.Cuts, decimal(f.Name+suffixMean, f.Mean), decimal(f.Name+suffixScale, f.Scale), decimal(f.Name+suffixWeight, f.Coef))
	}
	horizon, p := strconv.Itoa(m.Horizon), percent(v.churn())
	var row [churnFeatures]float64
	n.row(e.minor, &row)
	en, zh := "", ""
	for _, t := range e.fitted.churn.strongest(&row, e.bought) {
		text := e.churnText(t.feature, &n)
		en, zh = en+" "+text.En, zh+text.Zh
	}
	r.Text.En = "No sign of life within " + horizon + " days with a probability of " + p + "." + en
	r.Text.Zh = "未来 " + horizon + " 天内不再活跃的概率为 " + p + "。" + zh
	return r
}

// whyUnknown says why no model gives a score.
func (e *Engine) whyUnknown(v *env, name string) Reason {
	r := e.reason(v, name, "", HowUnknown)
	r.Inputs = []Input{{Name: "model", Value: e.Version()}, in("purchase_days", int64(v.h.days))}
	var m Models
	if e.fitted != nil {
		m = *e.fitted.models
	}
	lacks := m.Purchases == nil || (name == NameMoney || name == NameCLV) && m.Money == nil
	if name == NameChurn {
		lacks = m.Churn == nil
	}
	switch {
	case lacks:
		r.Text = Text{En: "No model that gives it is published.", Zh: "尚未发布可计算该分值的模型。"}
	case name == NameAlive && v.h.days > 0:
		r.Text = Text{En: strings.TrimRight("The purchase model knows no dropout: "+m.Purchases.Reason, ":. ") + ".", Zh: "购买模型未识别出流失，因此没有该概率。"}
	case name == NameChurn:
		r.Text = Text{En: "There was no sign of life yet, so there is nothing to churn from.", Zh: "尚无活跃记录，谈不上流失。"}
	case v.h.days == 0:
		r.Text = Text{En: "There is no purchase, so there is nothing to expect from.", Zh: "没有购买记录，无从预测。"}
	default:
		r.Text = Text{En: "Under the model of money no mean value of a purchase exists (q is not above 1).", Zh: "金额模型下每次购买的均值不存在（q 不大于 1）。"}
	}
	return r
}

// percent is a share in percent with one digit.
func percent(p float64) string { return strconv.FormatFloat(float64(100*p), 'f', 1, 64) + "%" }

// major formats an amount in major units, to the minor unit, with the project's currency.
func (e *Engine) major(x float64) string {
	const most = 9e15
	return e.money(int64(math.Floor(min(max(float64(x*e.minor), -most), most) + 0.5)))
}
