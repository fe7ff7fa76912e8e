package score

import (
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/score/clv"
	"github.com/weir-engine/weir/shared/strategy"
)

// decimal reads a number among inputs or cuts.
func (p *player) decimal(list []Input, name string) float64 {
	for i := range list {
		if list[i].Name != name {
			continue
		}
		x, err := strconv.ParseFloat(list[i].Value, 64)
		if err != nil || x != x {
			p.fail("the input %s is %q, not a number", name, list[i].Value)
			return 0
		}
		return x
	}
	p.fail("the input %s is missing", name)
	return 0
}

func (p *player) params(names []string) map[string]float64 {
	values := make(map[string]float64, len(names))
	for _, name := range names {
		values[name] = p.decimal(p.r.Cuts, name)
	}
	return values
}

// purchases is the purchase model with the history it read; the model is nil when p has failed.
func (p *player) purchases() (clv.Model, clv.History) {
	p.text("model")
	kind := p.text("kind")
	h := clv.History{X: float64(p.number("x")), TX: float64(p.number("t_x_days")) / 7, T: float64(p.number("t_days")) / 7}
	m, err := purchaseModel(kind, p.params(purchaseParams[kind]))
	if err != nil {
		p.fail("%v", err)
	}
	if p.err != nil {
		return nil, h
	}
	return m, h
}

// unknown replays a score that no model gives.
func (p *player) unknown() string {
	p.text("model")
	p.number("purchase_days")
	return ""
}

func (p *player) alive() string {
	m, h := p.purchases()
	if m == nil {
		return ""
	}
	return shortest(m.PAlive(h))
}

func (p *player) expected() string {
	m, h := p.purchases()
	weeks := p.decimal(p.r.Inputs, "horizon_weeks")
	if m == nil {
		return ""
	}
	return shortest(m.Expected(h, weeks))
}

func (p *player) worth() string {
	m, h := p.purchases()
	mean := meanOf(p.number("repeat_minor"), int(p.number("x")), minorUnits(p.text("currency")))
	money, err := moneyModel(p.params(moneyParams))
	if err != nil {
		p.fail("%v", err)
	}
	if p.r.How == HowMoney {
		return shortest(money.Value(h.X, mean))
	}
	s := strategy.Value{
		Horizon: p.decimal(p.r.Inputs, "horizon_weeks"), Discount: p.decimal(p.r.Inputs, "discount"), Margin: p.decimal(p.r.Inputs, "margin"),
	}
	if !(s.Horizon >= 1 && s.Horizon <= strategy.MaxValueHorizon && s.Discount >= 0) {
		p.fail("the horizon of %v weeks or the discount of %v is out of range", s.Horizon, s.Discount)
	}
	if p.err != nil {
		return ""
	}
	return shortest(lifetime(m, h, money, mean, s).CLV)
}

func (p *player) churn() string {
	p.text("model")
	inputs := p.r.Inputs
	n := rhythm{
		silent: int(p.number(inSilence)), tenure: int(p.number(inTenure)), gap: p.decimal(inputs, inGap), days: int(p.number(inDays)),
		active: int(p.number(inActive)), before: int(p.number(inBefore)), recent: int(p.number(inRecent)),
		spend: p.number(inSpend), recentNet: p.number(inRecentNet), beforeNet: p.number(inBeforeNet),
	}
	m := ChurnModel{Horizon: 1, Threshold: 1, Intercept: p.decimal(p.r.Cuts, inIntercept)}
	for _, cut := range p.r.Cuts {
		if name, ok := strings.CutSuffix(cut.Name, suffixMean); ok {
			m.Features = append(m.Features, ChurnFeature{
				Name: name, Mean: p.decimal(p.r.Cuts, cut.Name), Scale: p.decimal(p.r.Cuts, name+suffixScale), Coef: p.decimal(p.r.Cuts, name+suffixWeight),
			})
		}
	}
	if len(p.r.Cuts) != 1+3*len(m.Features) {
		p.fail("%d parameters do not belong to %d features", len(p.r.Cuts), len(m.Features))
	}
	c, err := compileChurn(&m)
	if err != nil {
		p.fail("%v", err)
		return ""
	}
	var row [churnFeatures]float64
	n.row(minorUnits(p.text("currency")), &row)
	return shortest(c.p(&row))
}

// minorUnits is the number of minor units in a major unit of a currency.
func minorUnits(currency string) float64 {
	units := 1.0
	for range event.MinorDigits(currency) {
		units = float64(units * 10)
	}
	return units
}
