// Package model fits models by maximum likelihood: repeat purchases (MBG/NBD, BG/NBD, Pareto/NBD, NBD), money (Gamma-Gamma),
// subscriptions (sBG, BG/BB), survival (Kaplan–Meier, log-rank), churn (logistic regression) and clusters (k-means++). A fit is
// a report: parameters rounded to 12 significant digits, which is what scoring uses, with standard errors, the likelihood,
// and whether the data identify the model at all. Scoring itself is package clv.
//
// The optimisers are the package's own, some hundred lines: gonum's report a failed line search at good optima, and what remains
// on top of them, judging by gradient and value, is most of the work. So fits need no module and run in the browser as well.
package model

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/score/clv"
)

// Kind names a model.
type Kind string

// The models.
const (
	MBGNBD     Kind = "mbgnbd"
	BGNBD      Kind = "bgnbd"
	ParetoNBD  Kind = "paretonbd"
	NBD        Kind = "nbd"
	GammaGamma Kind = "gammagamma"
	SBG        Kind = "sbg"
	BGBB       Kind = "bgbb"
)

// names lists the parameters of each model, in the order of the papers.
var names = map[Kind][]string{
	MBGNBD: {"r", "alpha", "a", "b"}, BGNBD: {"r", "alpha", "a", "b"}, ParetoNBD: {"r", "alpha", "s", "beta"}, NBD: {"r", "alpha"},
	GammaGamma: {"p", "q", "v"}, SBG: {"alpha", "beta"}, BGBB: {"alpha", "beta", "gamma", "delta"},
}

// Value is a named figure.
type Value struct {
	Name  string
	Value float64
}

// Values are named figures in a fixed order; in JSON an object in that order.
type Values []Value

// Get returns the figure of a name, 0 when there is none.
func (v Values) Get(name string) float64 {
	for _, p := range v {
		if p.Name == name {
			return p.Value
		}
	}
	return 0
}

// MarshalJSON writes an object.
func (v Values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p.Name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteString(":" + strconv.FormatFloat(p.Value, 'g', -1, 64))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object, in the order of its text.
func (v *Values) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fault.New(fault.Invalid, "parameters are an object of numbers")
	}
	*v = nil
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var p Value
		p.Name, _ = name.(string)
		if err := d.Decode(&p.Value); err != nil {
			return err
		}
		*v = append(*v, p)
	}
	return nil
}

// Fit is the report of a fit.
type Fit struct {
	Model      Kind        `json:"model"`
	N          int         `json:"n"`      // users
	Params     Values      `json:"params"` // rounded to 12 significant digits
	StdErr     Values      `json:"stderr"` // empty where the likelihood has no proper maximum
	LogLik     float64     `json:"loglik"`
	Identified bool        `json:"identified"`
	Reason     string      `json:"reason,omitempty"`   // why not identified
	Fallback   *Fit        `json:"fallback,omitempty"` // what to score with instead
	Holdout    *Holdout    `json:"holdout,omitempty"`
	Correlated *float64    `json:"corr_x_m,omitempty"` // Gamma-Gamma: the correlation of frequency and value, assumed to be 0
	Covariance [][]float64 `json:"covariance,omitempty"`
	Provenance Provenance  `json:"provenance"`
}

// Provenance says what a fit was made from, and how well it ended.
type Provenance struct {
	Data        string  `json:"data"`        // a hash of the rows
	Rows        int     `json:"rows"`        // different rows
	Method      string  `json:"method"`      // bfgs, or bfgs+neldermead
	Evaluations int     `json:"evaluations"` // of the likelihood
	Gradient    float64 `json:"gradient"`    // largest derivative by a log-parameter, a user
}

// Purchases returns the model that scores purchases: the fallback where dropout is not identified. It fails for models of
// other things.
func (f *Fit) Purchases() (clv.Model, error) {
	if !f.Identified && f.Fallback != nil {
		return f.Fallback.Purchases()
	}
	return NewPurchases(f.Model, f.Params)
}

// NewPurchases returns the model of a kind with given parameters, as a fit or one of its draws has them.
func NewPurchases(kind Kind, p Values) (clv.Model, error) {
	for _, name := range names[kind] {
		if v := p.Get(name); !(v > 0) || math.IsInf(v, 0) {
			return nil, fault.New(fault.Invalid, "the parameter %s of %s is %v", name, kind, v).WithHint("parameters are positive numbers")
		}
	}
	switch kind {
	case MBGNBD:
		return clv.MBGNBD{R: p.Get("r"), Alpha: p.Get("alpha"), A: p.Get("a"), B: p.Get("b")}, nil
	case BGNBD:
		return clv.BGNBD{R: p.Get("r"), Alpha: p.Get("alpha"), A: p.Get("a"), B: p.Get("b")}, nil
	case ParetoNBD:
		return clv.ParetoNBD{R: p.Get("r"), Alpha: p.Get("alpha"), S: p.Get("s"), Beta: p.Get("beta")}, nil
	case NBD:
		return clv.NBD{R: p.Get("r"), Alpha: p.Get("alpha")}, nil
	}
	return nil, fault.New(fault.Invalid, "%q does not score purchases", string(kind)).WithHint("use mbgnbd, bgnbd, paretonbd or nbd")
}

// Draws returns n sets of parameters from the normal distribution about the estimate, in log-parameters, by its covariance: in
// pairs that mirror each other, the same for the same fit. Scored with each, a figure spreads as the data leave it open
// (package clv, Interval). There are none where the likelihood has no proper maximum.
func (f *Fit) Draws(n int) []Values {
	l, ok := cholesky(f.Covariance)
	if !ok || len(f.Covariance) != len(f.Params) {
		return nil
	}
	var out []Values
	r, z := &random{1}, make([]float64, len(l))
	for k := range n {
		for i := range z {
			if z[i] = -z[i]; k%2 == 0 {
				z[i] = fmath.NormalQuantile(max(r.float(), 0x1p-54))
			}
		}
		set := make(Values, len(z))
		for i, p := range f.Params {
			set[i] = Value{p.Name, round12(p.Value * fmath.Exp(dot(l[i], z)))}
		}
		out = append(out, set)
	}
	return out
}

// round12 rounds to 12 significant decimal digits.
func round12(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil || math.IsInf(r, 0) {
		return v
	}
	return r
}
