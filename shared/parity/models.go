package parity

import (
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
)

// purchases are the fitted models that strategies are scored with, by the kinds of package model.
var purchases = map[string]map[string]float64{
	"mbgnbd":    {"r": 0.524843138812, "alpha": 6.18308510491, "a": 0.891359466126, "b": 1.61400253573},
	"bgnbd":     {"r": 0.242594528085, "alpha": 4.41360211374, "a": 0.792922020725, "b": 2.42590680432},
	"paretonbd": {"r": 0.553277056832, "alpha": 10.5776835373, "s": 0.606239822574, "beta": 11.6687309368},
	"nbd":       {"r": 0.385, "alpha": 12.1},
}

// with gives an engine models of a kind: of purchases with a few draws, of money, and of churn over every feature.
func with(e *score.Engine, kind string) (*score.Engine, error) {
	m := score.Models{AsOf: baseMs, Strategy: e.StrategyVersion(), Basis: e.ModelBasis(), Users: 2357}
	m.Money = &score.MoneyModel{Params: map[string]float64{"p": 6.25, "q": 3.74, "v": 15.44}}
	m.Purchases = &score.PurchaseModel{Kind: kind, Params: purchases[kind]}
	for i := range 8 {
		draw := score.Draw{Purchases: map[string]float64{}, Money: m.Money.Params}
		for name, v := range purchases[kind] { // each on its own: the order does not matter
			draw.Purchases[name] = float64(v * (0.9 + float64(float64(i)*0.03)))
		}
		m.Purchases.Draws = append(m.Purchases.Draws, draw)
	}
	m.Churn = &score.ChurnModel{Horizon: 90, Intercept: -0.35, Threshold: 0.6}
	for i, name := range score.ChurnFeatureNames() {
		at := float64(i)
		m.Churn.Features = append(m.Churn.Features, score.ChurnFeature{Name: name, Mean: 1 + float64(at*0.7), Scale: 1.3 + at, Coef: 0.45 - float64(at*0.11)})
	}
	fitted, err := e.With(m.Sealed())
	if err != nil {
		return nil, fault.Wrap(err, "score with a %s model", kind)
	}
	return fitted, nil
}
