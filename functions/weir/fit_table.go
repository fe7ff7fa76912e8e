package main

import (
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// fitTable fits a model to a table of histories.
func fitTable(kind model.Kind, s *sheet) (*model.Fit, error) {
	switch kind {
	case model.GammaGamma:
		return s.fitMoney()
	case model.SBG:
		return s.fitSubscriptions()
	case model.BGBB:
		return s.fitOpportunities()
	}
	return s.fitPurchases(kind)
}

// figures reads columns of numbers, all of them required.
func (s *sheet) figures(names ...string) (rows [][]float64, at []int, err error) {
	for _, name := range names {
		if !s.has(name) {
			return nil, nil, fault.New(fault.Invalid, "%s has no column %q", s.name, name).
				WithHint("the model needs the columns %s; the table has %s", strings.Join(names, ", "), s.names())
		}
		column, err := s.column(name)
		if err != nil {
			return nil, nil, err
		}
		at = append(at, column)
	}
	rows = make([][]float64, len(s.rows))
	for i := range s.rows {
		for _, column := range at {
			v, err := s.number(i, column)
			if err != nil {
				return nil, nil, err
			}
			rows[i] = append(rows[i], v)
		}
	}
	return rows, at, nil
}

// refuse says that a row is no history of the model.
func (s *sheet) refuse(row int, format, hint string, args ...any) error {
	place := s.name + ":" + number(s.lines[row])
	return fault.New(fault.Invalid, "%s: "+format, append([]any{place}, args...)...).WithHint("%s", hint)
}

func (s *sheet) fitPurchases(kind model.Kind) (*model.Fit, error) {
	rows, _, err := s.figures("x", "t_x", "T")
	if err != nil {
		return nil, err
	}
	out := make([]model.Row, len(rows))
	for i, r := range rows {
		x, tx, t := r[0], r[1], r[2]
		if x < 0 || tx < 0 || tx > t || (x == 0) && tx > 0 {
			return nil, s.refuse(i, "x %v, t_x %v, T %v is no purchase history",
				"x counts repeat purchases, 0 <= t_x <= T are weeks since the first purchase, and t_x is 0 when x is", x, tx, t)
		}
		out[i] = model.Row{X: x, TX: tx, T: t}
	}
	return model.Purchases(kind, out)
}

func (s *sheet) fitMoney() (*model.Fit, error) {
	x, err := s.column("x")
	if err == nil {
		_, err = s.column("m_x")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s lacks the column x or m_x", s.name).
			WithHint("gammagamma needs x, the number of repeat purchases, and m_x, their mean value; the table has %s", s.names())
	}
	value, _ := s.column("m_x")
	var out []model.Spend
	for i, row := range s.rows {
		n, err := s.number(i, x)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			return nil, s.refuse(i, "x is %v", "x counts repeat purchases", n)
		}
		if n == 0 || missing(row[value]) {
			continue // who did not buy again says nothing of the value of repeat purchases
		}
		mean, err := s.number(i, value)
		if err != nil {
			return nil, err
		}
		out = append(out, model.Spend{X: n, Mean: mean})
	}
	return model.Money(out)
}

// fitSubscriptions reads how many are left after each renewal: the first row is the whole cohort.
func (s *sheet) fitSubscriptions() (*model.Fit, error) {
	rows, at, err := s.figures("renewal", "active")
	if err != nil {
		return nil, err
	}
	var lost []float64
	for i, r := range rows {
		switch {
		case r[0] != float64(i):
			return nil, s.refuse(i, "the renewal is %v, not %d", "rows are the renewals 0, 1, 2 …; 0 is the beginning, when all are active", r[0], i)
		case r[1] < 0 || i > 0 && r[1] > rows[i-1][1]:
			return nil, fault.New(fault.Invalid, "%s: %v are active after %v", s.at(i, at[1]), r[1], rows[max(i-1, 0)][1]).
				WithHint("follow one cohort: whoever has left does not come back, and nobody joins")
		case i > 0:
			lost = append(lost, rows[i-1][1]-r[1])
		}
	}
	return model.Subscriptions(lost, rows[len(rows)-1][1])
}

func (s *sheet) fitOpportunities() (*model.Fit, error) {
	names := []string{"x", "t_x", "n"}
	if s.has("weight") {
		names = append(names, "weight")
	}
	rows, _, err := s.figures(names...)
	if err != nil {
		return nil, err
	}
	out := make([]model.Opportunity, len(rows))
	for i, r := range rows {
		o := model.Opportunity{X: r[0], TX: r[1], N: r[2], Weight: 1}
		if len(r) == 4 {
			o.Weight = r[3]
		}
		if !(o.X >= 0 && o.X <= o.TX && o.TX <= o.N && o.Weight > 0) || (o.X == 0) != (o.TX == 0) {
			return nil, s.refuse(i, "x %v, t_x %v, n %v, weight %v is no history",
				"x purchases in n opportunities, the last at t_x: whole numbers with x <= t_x <= n, shared by weight users", o.X, o.TX, o.N, o.Weight)
		}
		out[i] = o
	}
	return model.Opportunities(out)
}
