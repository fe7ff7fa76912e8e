package model

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"sort"

	"github.com/weir-engine/weir/shared/fault"
)

// Row is a purchase history, or Weight users (1 when 0) who share it: X repeat purchases, TX weeks to the last of them and T
// weeks to the end of the observation, both since the first purchase.
type Row struct{ X, TX, T, Weight float64 }

// Collapse joins equal rows and sorts them, so that a fit depends on no order.
func Collapse(rows []Row) []Row {
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		if r.Weight == 0 {
			r.Weight = 1
		}
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.X != b.X {
			return a.X < b.X
		}
		if a.T != b.T {
			return a.T < b.T
		}
		if a.TX != b.TX {
			return a.TX < b.TX
		}
		return a.Weight < b.Weight
	})
	n := 0
	for _, r := range out {
		if n > 0 && out[n-1].X == r.X && out[n-1].TX == r.TX && out[n-1].T == r.T {
			out[n-1].Weight += r.Weight
			continue
		}
		out[n] = r
		n++
	}
	return out[:n]
}

// minUsers is how many users a fit needs at least; with fewer, standard errors mean nothing.
const minUsers = 10

// maxUsers is how many users the weights may stand for.
const maxUsers = 1e12

// checkRows refuses what no model can be fitted to.
func checkRows(rows []Row) error {
	users, repeaters := 0.0, 0.0
	for i, r := range rows {
		if !(r.X >= 0 && r.TX >= 0 && r.T >= r.TX && r.Weight >= 0) || math.IsInf(r.X+r.T+r.Weight, 0) || r.X == 0 && r.TX > 0 {
			return fault.New(fault.Invalid, "row %d is no purchase history: x %v, t_x %v, T %v, weight %v", i+1, r.X, r.TX, r.T, r.Weight).
				WithHint("x counts repeat purchases, 0 <= t_x <= T are weeks since the first purchase, and t_x is 0 when x is")
		}
		w := r.Weight
		if w == 0 {
			w = 1
		}
		users += w
		if r.X > 0 && r.T > 0 {
			repeaters += w
		}
	}
	switch {
	case users < minUsers:
		return tooFew(users, "users")
	case users > maxUsers:
		return fault.New(fault.Invalid, "the rows stand for %.3g users", users).WithHint("a weight is how many users share a history")
	}
	if repeaters == 0 {
		return fault.New(fault.Invalid, "no user bought again, so there is nothing to fit").
			WithHint("wait for repeat purchases, or use lifecycle stages, which need none")
	}
	return nil
}

func tooFew(n float64, what string) error {
	return fault.New(fault.Invalid, "%v %s are too few to fit a model", n, what).WithHint("at least %d are needed", minUsers)
}

// fingerprint hashes figures.
func fingerprint(figures ...float64) string {
	h := fnv.New64a()
	var b [8]byte
	for _, v := range figures {
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
		h.Write(b[:])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func rowFigures(rows []Row) []float64 {
	out := make([]float64, 0, 4*len(rows))
	for _, r := range rows {
		out = append(out, r.X, r.TX, r.T, r.Weight)
	}
	return out
}

// finish makes the report of a search: rounds the parameters and takes the standard errors from the Hessian. It reports
// whether the likelihood has a proper maximum there. users scales the objective back to all users. It refuses figures for which
// no likelihood can be computed.
func finish(kind Kind, f objective, o optimum, users float64) (*Fit, bool, error) {
	if o.p == nil || math.IsInf(o.value, 0) {
		return nil, false, fault.New(fault.Invalid, "the likelihood of %s cannot be computed for these figures", kind).
			WithHint("look for figures that are much too large or too small, such as times in seconds instead of weeks")
	}
	fit := &Fit{Model: kind, N: int(users), LogLik: -o.value * users, Identified: true}
	fit.Provenance = Provenance{Method: o.method, Evaluations: o.evaluations, Gradient: o.gradient}
	natural := make([]float64, len(o.p))
	for i, name := range names[kind] {
		natural[i] = math.Exp(o.p[i])
		fit.Params = append(fit.Params, Value{name, round12(natural[i])})
	}
	covariance, proper := inverse(hessian(f, o.p, 1e-4))
	if proper {
		for i, name := range names[kind] {
			se := natural[i] * math.Sqrt(covariance[i][i]/users)
			fit.StdErr = append(fit.StdErr, Value{name, round12(se)})
			for j := range covariance[i] {
				covariance[i][j] = round12(covariance[i][j] / users)
			}
		}
		fit.Covariance = covariance
	}
	return fit, proper && o.converged(), nil
}
