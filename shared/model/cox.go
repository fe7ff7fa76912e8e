package model

import (
	"math"
	"sort"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
)

// Subject is a Duration with what is known of the subject: one figure for each column.
type Subject struct {
	Duration
	Columns []float64
}

// Hazards is a fitted proportional hazards regression: a unit more of column i multiplies the hazard by exp(Coef[i]).
type Hazards struct {
	N           int       `json:"n"`
	Events      int       `json:"events"`
	Coef        []float64 `json:"coef"`
	StdErr      []float64 `json:"stderr"`
	Z           []float64 `json:"z"`
	P           []float64 `json:"p"`           // two-sided, of Z
	LogLikNull  float64   `json:"loglik_null"` // with all coefficients 0
	LogLik      float64   `json:"loglik"`
	Concordance float64   `json:"concordance"` // share of comparable pairs in which the riskier subject has the event first, ties counting half
	Steps       int       `json:"steps"`
}

const (
	maxHazardSteps  = 50
	maxHazardSpread = 100  // of a coefficient: where columns order the events perfectly, it grows without bounds
	hazardGain      = 1e-9 // relative change of the likelihood that ends the search, as in the package survival of R
)

// Cox fits a proportional hazards regression (Cox 1972) with the approximation of Efron (1977) for events at the same time, by
// Newton's method with halved steps. It refuses subjects without an event, columns that depend on each other, and columns that put the
// events in perfect order, for which the likelihood has no maximum.
func Cox(subjects []Subject) (*Hazards, error) {
	c, err := newHazards(subjects)
	if err != nil {
		return nil, err
	}
	beta := make([]float64, c.width)
	value, slope, information := c.at(beta)
	out := &Hazards{N: len(subjects), Events: c.events, LogLikNull: value}
	for done := false; ; out.Steps++ {
		inv, proper := inverse(information)
		if !proper || out.Steps > maxHazardSteps || done && widest(inv) > maxHazardSpread {
			return nil, fault.New(fault.Invalid, "the columns depend on each other, or put the events in perfect order").
				WithHint("leave out a column that others determine, or that is the same for all who had the event")
		}
		if done {
			c.report(out, beta, value, inv)
			return out, nil
		}
		next := make([]float64, c.width)
		for halved := 0; ; halved++ {
			for i := range next {
				next[i] = beta[i] + dot(inv[i], slope)*math.Ldexp(1, -halved)
			}
			if v, s, m := c.at(next); v >= value-hazardGain*math.Abs(value) || halved == 30 {
				done = math.Abs(v-value) <= hazardGain*math.Abs(v)
				beta, value, slope, information = next, v, s, m
				break
			}
		}
	}
}

// widest is the largest standard error, of columns with deviation 1.
func widest(covariance [][]float64) float64 {
	largest := 0.0
	for i := range covariance {
		largest = max(largest, math.Sqrt(covariance[i][i]))
	}
	return largest
}

// hazards is a set of subjects made ready: by descending time, columns with mean 0 and deviation 1.
type hazards struct {
	rows   []Subject
	scales []Scale
	width  int
	events int
}

func newHazards(subjects []Subject) (*hazards, error) {
	c := &hazards{rows: make([]Subject, len(subjects))}
	columns := make([][]float64, len(subjects))
	for i, s := range subjects {
		if i == 0 {
			c.width = len(s.Columns)
		}
		sum := s.Time
		for _, v := range s.Columns {
			sum += v * 0
		}
		if len(s.Columns) != c.width || c.width == 0 || !(s.Time >= 0) || math.IsInf(sum, 0) || math.IsNaN(sum) {
			return nil, fault.New(fault.Invalid, "subject %d: %d columns, time %v", i+1, len(s.Columns), s.Time).
				WithHint("times are finite and not negative, and every subject has the same finite columns, at least one")
		}
		if s.Event {
			c.events++
		}
		columns[i] = s.Columns
	}
	if c.events == 0 || len(subjects) <= c.width {
		return nil, fault.New(fault.Invalid, "%d subjects with %d events are too few for %d columns", len(subjects), c.events, c.width).
			WithHint("add subjects, or leave out columns")
	}
	c.scales = Scales(columns)
	for i, s := range subjects {
		scaled := make([]float64, c.width)
		for k, v := range s.Columns {
			scaled[k] = c.scales[k].Of(v)
		}
		c.rows[i] = Subject{s.Duration, scaled}
	}
	sort.SliceStable(c.rows, func(i, j int) bool { return c.rows[i].Time > c.rows[j].Time })
	return c, nil
}

// moments are sums over a set of subjects: of the risk, of the risk times the columns, and times their products.
type moments struct {
	risk  float64
	first []float64
	cross [][]float64
}

func newMoments(width int) *moments {
	m := &moments{first: make([]float64, width), cross: make([][]float64, width)}
	for i := range m.cross {
		m.cross[i] = make([]float64, width)
	}
	return m
}

func (m *moments) add(risk float64, x []float64) {
	m.risk += risk
	for i, v := range x {
		m.first[i] += risk * v
		for j := range i + 1 {
			m.cross[i][j] += risk * v * x[j]
		}
	}
}

// at returns the partial log-likelihood, its gradient and its information at coefficients of the scaled columns.
func (c *hazards) at(beta []float64) (value float64, slope []float64, information [][]float64) {
	slope, information = make([]float64, c.width), newMoments(c.width).cross
	all := newMoments(c.width)
	for from := 0; from < len(c.rows); {
		to, dead, tied := from, 0, newMoments(c.width)
		for ; to < len(c.rows) && c.rows[to].Time == c.rows[from].Time; to++ {
			row := &c.rows[to]
			log := dot(beta, row.Columns)
			risk := fmath.Exp(log)
			all.add(risk, row.Columns)
			if row.Event {
				dead++
				tied.add(risk, row.Columns)
				value += log
				for i, v := range row.Columns {
					slope[i] += v
				}
			}
		}
		for l := range dead {
			share := float64(l) / float64(dead)
			risk := all.risk - share*tied.risk
			value -= fmath.Log(risk)
			for i := range slope {
				mean := (all.first[i] - share*tied.first[i]) / risk
				slope[i] -= mean
				for j := range i + 1 {
					information[i][j] += (all.cross[i][j]-share*tied.cross[i][j])/risk - mean*(all.first[j]-share*tied.first[j])/risk
				}
			}
		}
		from = to
	}
	for i := range information {
		for j := range i {
			information[j][i] = information[i][j]
		}
	}
	return value, slope, information
}

func (c *hazards) report(out *Hazards, beta []float64, value float64, covariance [][]float64) {
	out.LogLik, out.Concordance = value, c.concordance(beta)
	for i, b := range beta {
		se := math.Sqrt(covariance[i][i])
		out.Coef = append(out.Coef, b/c.scales[i].SD)
		out.StdErr = append(out.StdErr, se/c.scales[i].SD)
		out.Z = append(out.Z, b/se)
		out.P = append(out.P, fmath.Erfc(math.Abs(b/se)/math.Sqrt2))
	}
}

// concordance compares every subject with an event with all who were there longer (Harrell 1982). One who was censored when the
// event happened was there longer.
func (c *hazards) concordance(beta []float64) float64 {
	risks := make([]float64, len(c.rows))
	for i := range c.rows {
		risks[i] = dot(beta, c.rows[i].Columns)
	}
	ranks := append([]float64(nil), risks...)
	sort.Float64s(ranks)
	counts := make([]int, len(ranks)+1) // by rank, in the tree of Fenwick
	below := func(k int) (n int) {
		for ; k > 0; k &= k - 1 {
			n += counts[k]
		}
		return n
	}
	before := func(risk float64) int { return sort.SearchFloat64s(ranks, risk) }
	upTo := func(risk float64) int {
		return sort.Search(len(ranks), func(i int) bool { return ranks[i] > risk })
	}
	longer, pairs, agree := 0, 0.0, 0.0
	add := func(i int) {
		longer++
		for k := before(risks[i]) + 1; k < len(counts); k += k & -k {
			counts[k]++
		}
	}
	for from := 0; from < len(c.rows); {
		to := from
		for ; to < len(c.rows) && c.rows[to].Time == c.rows[from].Time; to++ {
			if !c.rows[to].Event {
				add(to)
			}
		}
		for i := from; i < to; i++ {
			if c.rows[i].Event {
				less, most := below(before(risks[i])), below(upTo(risks[i]))
				pairs += float64(longer)
				agree += float64(less) + float64(most-less)/2
			}
		}
		for i := from; i < to; i++ {
			if c.rows[i].Event {
				add(i)
			}
		}
		from = to
	}
	if pairs == 0 {
		return 0.5
	}
	return agree / pairs
}
