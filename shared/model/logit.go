package model

import (
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
)

// Logistic is a fitted logistic regression: the intercept, then a coefficient for each column.
type Logistic struct {
	Coef    []float64 `json:"coef"`
	StdErr  []float64 `json:"stderr"`
	LogLik  float64   `json:"loglik"` // without the penalty
	N       int       `json:"n"`
	Events  int       `json:"events"`
	AUC     float64   `json:"auc"`   // in the sample: the chance that an event ranks above a non-event
	Brier   float64   `json:"brier"` // in the sample: the mean squared error of the probability
	Steps   int       `json:"steps"`
	Penalty float64   `json:"penalty"`
}

// Logit fits a logistic regression by iteratively reweighted least squares with a penalty of penalty/2 times the squares of
// the coefficients (not of the intercept); 0 is maximum likelihood. It refuses an outcome that never or always happens,
// columns that depend on each other, and, without penalty, columns that separate the outcomes.
func Logit(x [][]float64, y []bool, penalty float64) (*Logistic, error) {
	rows, err := design(x, y, penalty)
	if err != nil {
		return nil, err
	}
	n := len(rows[0])
	m := &Logistic{Coef: make([]float64, n), N: len(y), Penalty: penalty}
	for _, event := range y {
		if event {
			m.Events++
		}
	}
	if m.Events == 0 || m.Events == m.N {
		return nil, fault.New(fault.Invalid, "the outcome is the same in all %d rows", m.N).WithHint("take rows with both outcomes")
	}
	m.Coef[0] = fmath.Log(float64(m.Events) / float64(m.N-m.Events))
	before := m.objective(rows, y)
	var inv [][]float64
	for m.Steps = 1; m.Steps <= 100; m.Steps++ {
		slope, information := m.slopes(rows, y)
		var ok bool
		if inv, ok = inverse(information); !ok {
			return nil, fault.New(fault.Invalid, "the columns do not determine their coefficients: some depend on each other, or they separate the outcomes").
				WithHint("drop a column, or set a penalty")
		}
		old, size := append([]float64(nil), m.Coef...), 1.0
		after := before
		for ; size > 1e-6; size /= 2 {
			for i := range m.Coef {
				m.Coef[i] = old[i] + size*dot(inv[i], slope)
			}
			if after = m.objective(rows, y); after >= before-1e-12*math.Abs(before) {
				break
			}
		}
		if math.Abs(after-before) <= 1e-13*math.Abs(before) && largest(slope) < 1e-6*float64(m.N) {
			break
		}
		before = after
	}
	if m.Steps > 100 || penalty == 0 && m.separated(rows) {
		return nil, fault.New(fault.Invalid, "the columns separate the outcomes, so coefficients grow without end").WithHint("set a penalty, for example 1")
	}
	for i := range inv {
		m.StdErr = append(m.StdErr, math.Sqrt(inv[i][i]))
	}
	if err := m.judge(rows, y); err != nil {
		return nil, err
	}
	return m, nil
}

// design puts a 1 before each row, for the intercept.
func design(x [][]float64, y []bool, penalty float64) ([][]float64, error) {
	if len(x) == 0 || len(x) != len(y) {
		return nil, fault.New(fault.Invalid, "%d rows and %d outcomes", len(x), len(y)).WithHint("give an outcome for each row")
	}
	if !(penalty >= 0) || math.IsInf(penalty, 0) {
		return nil, fault.New(fault.Invalid, "the penalty is %v", penalty).WithHint("it is a number from 0 up")
	}
	rows := make([][]float64, len(x))
	for i, row := range x {
		if len(row) != len(x[0]) {
			return nil, fault.New(fault.Invalid, "row %d has %d columns, the first %d", i+1, len(row), len(x[0])).WithHint("give every row the same columns")
		}
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fault.New(fault.Invalid, "row %d holds %v", i+1, v).WithHint("fill or drop what is missing")
			}
		}
		rows[i] = append([]float64{1}, row...)
	}
	return rows, nil
}

// P returns the probability of the event for a row of columns.
func (m *Logistic) P(row []float64) float64 {
	return probability(m.Coef[0] + dot(m.Coef[1:], row))
}

func probability(logOdds float64) float64 { return 1 / (1 + fmath.Exp(-logOdds)) }

// objective is the log-likelihood less the penalty; it sets LogLik.
func (m *Logistic) objective(rows [][]float64, y []bool) float64 {
	m.LogLik = 0
	for i, row := range rows {
		if at := dot(m.Coef, row); y[i] {
			m.LogLik -= softplus(-at)
		} else {
			m.LogLik -= softplus(at)
		}
	}
	return m.LogLik - m.Penalty/2*dot(m.Coef[1:], m.Coef[1:])
}

func (m *Logistic) slopes(rows [][]float64, y []bool) (slope []float64, information [][]float64) {
	n := len(m.Coef)
	slope, information = make([]float64, n), make([][]float64, n)
	for i := range information {
		information[i] = make([]float64, n)
		if i > 0 {
			information[i][i] = m.Penalty
			slope[i] = -m.Penalty * m.Coef[i]
		}
	}
	for k, row := range rows {
		p := probability(dot(m.Coef, row))
		rest := -p
		if y[k] {
			rest = 1 - p
		}
		for i, v := range row {
			slope[i] += rest * v
			for j := 0; j <= i; j++ {
				information[i][j] += p * (1 - p) * v * row[j]
			}
		}
	}
	for i := range n {
		for j := range i {
			information[j][i] = information[i][j]
		}
	}
	return slope, information
}

// separated reports whether every probability is 0 or 1 to within what a finite maximum would allow.
func (m *Logistic) separated(rows [][]float64) bool {
	for _, row := range rows {
		if p := probability(dot(m.Coef, row)); p > 1e-6 && p < 1-1e-6 {
			return false
		}
	}
	return true
}

// judge sets AUC and Brier.
func (m *Logistic) judge(rows [][]float64, y []bool) error {
	p := make([]float64, len(rows))
	for i, row := range rows {
		p[i] = probability(dot(m.Coef, row))
	}
	ranked, err := Rank(p, y)
	if err != nil {
		return err
	}
	m.AUC, m.Brier = ranked.AUC(), ranked.Brier()
	return nil
}
