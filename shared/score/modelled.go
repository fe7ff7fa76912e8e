package score

import (
	"sort"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score/clv"
)

// The kinds of purchase models.
const (
	KindMBGNBD    = "mbgnbd"
	KindBGNBD     = "bgnbd"
	KindParetoNBD = "paretonbd"
	KindNBD       = "nbd" // no dropout is identified: P(alive) is unknown
)

// purchaseParams are the parameters of each kind of purchase model, in the order of the papers.
var purchaseParams = map[string][]string{
	KindMBGNBD: {"r", "alpha", "a", "b"}, KindBGNBD: {"r", "alpha", "a", "b"}, KindParetoNBD: {"r", "alpha", "s", "beta"}, KindNBD: {"r", "alpha"},
}

var moneyParams = []string{"p", "q", "v"}

// Limits of published models, far beyond what a fit gives: within them every score is finite.
const (
	leastParam   = 1e-12
	mostParam    = 1e12
	mostDraws    = 1000
	mostCoef     = 1e6
	mostMean     = 1e9
	leastScale   = 1e-9
	mostScale    = 1e9
	mostFeatures = 64
)

// fitted are published models, ready to score with.
type fitted struct {
	models    *Models
	purchases clv.Model       // nil: there is none
	alive     bool            // whether the model knows dropout
	money     *clv.GammaGamma // nil: there is none
	draws     []drawn
	churn     *churning // nil: there is none
}

// drawn is one draw of the parameters.
type drawn struct {
	purchases clv.Model
	money     clv.GammaGamma
}

// compileModels checks models and makes them ready. The error is a fault that names what is wrong.
func compileModels(m *Models) (*fitted, error) {
	c := &fitted{models: m}
	if p := m.Purchases; p != nil {
		var err error
		if c.purchases, err = purchaseModel(p.Kind, p.Params); err != nil {
			return nil, fault.Wrap(err, "the purchase model")
		}
		c.alive = p.Kind != KindNBD
	}
	if m.Money != nil {
		money, err := moneyModel(m.Money.Params)
		if err != nil {
			return nil, fault.Wrap(err, "the model of money")
		}
		c.money = &money
	}
	if err := c.compileDraws(m); err != nil {
		return nil, err
	}
	if m.Churn != nil {
		var err error
		if c.churn, err = compileChurn(m.Churn); err != nil {
			return nil, fault.Wrap(err, "the model of churn")
		}
	}
	return c, nil
}

// compileDraws makes the draws ready. A draw without money is scored with the estimate.
func (c *fitted) compileDraws(m *Models) error {
	if m.Purchases == nil {
		return nil
	}
	if len(m.Purchases.Draws) > mostDraws {
		return refused("%d draws of the parameters; at most %d are read", len(m.Purchases.Draws), mostDraws)
	}
	for i, d := range m.Purchases.Draws {
		purchases, err := purchaseModel(m.Purchases.Kind, d.Purchases)
		if err != nil {
			return fault.Wrap(err, "draw %d of the purchase model", i+1)
		}
		one := drawn{purchases: purchases}
		switch {
		case len(d.Money) > 0:
			if one.money, err = moneyModel(d.Money); err != nil {
				return fault.Wrap(err, "draw %d of the model of money", i+1)
			}
		case c.money != nil:
			one.money = *c.money
		}
		c.draws = append(c.draws, one)
	}
	return nil
}

// purchaseModel makes a purchase model of a kind with its parameters.
func purchaseModel(kind string, params map[string]float64) (clv.Model, error) {
	names, ok := purchaseParams[kind]
	if !ok {
		return nil, refused("the kind %q is not known; the kinds are %s", kind, strings.Join(kinds(), ", "))
	}
	if err := checkParams(names, params); err != nil {
		return nil, err
	}
	switch kind {
	case KindMBGNBD:
		return clv.MBGNBD{R: params["r"], Alpha: params["alpha"], A: params["a"], B: params["b"]}, nil
	case KindBGNBD:
		return clv.BGNBD{R: params["r"], Alpha: params["alpha"], A: params["a"], B: params["b"]}, nil
	case KindParetoNBD:
		return clv.ParetoNBD{R: params["r"], Alpha: params["alpha"], S: params["s"], Beta: params["beta"]}, nil
	}
	return clv.NBD{R: params["r"], Alpha: params["alpha"]}, nil
}

func kinds() []string { return []string{KindMBGNBD, KindBGNBD, KindParetoNBD, KindNBD} }

func moneyModel(params map[string]float64) (clv.GammaGamma, error) {
	if err := checkParams(moneyParams, params); err != nil {
		return clv.GammaGamma{}, err
	}
	return clv.GammaGamma{P: params["p"], Q: params["q"], V: params["v"]}, nil
}

// checkParams demands the named parameters and no other, each positive and finite.
func checkParams(names []string, params map[string]float64) error {
	for _, name := range names {
		value, ok := params[name]
		switch {
		case !ok:
			return refused("the parameter %s is missing; it needs %s", name, strings.Join(names, ", "))
		case !(value >= leastParam && value <= mostParam):
			return refused("the parameter %s is %v, not a number from %v to %v", name, value, leastParam, mostParam)
		}
	}
	if len(params) == len(names) {
		return nil
	}
	var others []string
	for name := range params {
		if !contains(names, name) {
			others = append(others, name)
		}
	}
	sort.Strings(others)
	return refused("it has no parameter %s; it has %s", strings.Join(others, ", "), strings.Join(names, ", "))
}

func refused(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).WithHint("fit the models again and publish what the fit gives")
}
