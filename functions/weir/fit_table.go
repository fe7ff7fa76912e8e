package main

import (
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// fitTable fits a model to a table.
func fitTable(kind model.Kind, s *sheet) (*model.Fit, error) {
	rows, err := s.histories(kind)
	if err != nil {
		return nil, err
	}
	return app.FitTable(kind, rows)
}

// histories reads the columns that a model needs.
func (s *sheet) histories(kind model.Kind) ([]app.TableRow, error) {
	switch kind {
	case model.GammaGamma:
		return s.values()
	case model.SBG:
		if s.has("renewal") {
			return s.cohort()
		}
		return s.subscriptions()
	case model.BGBB:
		return s.opportunities()
	}
	rows, err := s.figures("x", "t_x", "T")
	out := make([]app.TableRow, len(rows))
	for i, r := range rows {
		x, tx, t := r[0], r[1], r[2]
		if x < 0 || tx < 0 || tx > t || x == 0 && tx > 0 {
			return nil, s.refuse(i, "x counts repeat purchases, 0 <= t_x <= T are weeks since the first purchase, and t_x is 0 when x is",
				"x %v, t_x %v, T %v is no purchase history", x, tx, t)
		}
		out[i] = app.TableRow{X: x, TX: tx, T: t}
	}
	return out, err
}

// figures reads columns of numbers, all of them required.
func (s *sheet) figures(names ...string) (rows [][]float64, err error) {
	at := make([]int, len(names))
	for i, name := range names {
		if !s.has(name) {
			return nil, fault.New(fault.Invalid, "%s has no column %q", s.name, name).
				WithHint("the model needs the columns %s; the table has %s", strings.Join(names, ", "), s.names())
		}
		if at[i], err = s.column(name); err != nil {
			return nil, err
		}
	}
	rows = make([][]float64, len(s.rows))
	for i := range s.rows {
		for _, column := range at {
			v, err := s.number(i, column)
			if err != nil {
				return nil, err
			}
			rows[i] = append(rows[i], v)
		}
	}
	return rows, nil
}

// weighted reads columns of numbers and, where there is one, that of the weights; 1 otherwise.
func (s *sheet) weighted(names ...string) ([][]float64, error) {
	if s.has("weight") {
		names = append(names, "weight")
	}
	rows, err := s.figures(names...)
	for i := range rows {
		if !s.has("weight") {
			rows[i] = append(rows[i], 1)
		} else if w := rows[i][len(names)-1]; !(w > 0) {
			return nil, s.refuse(i, "leave such rows out", "the weight is %v", w)
		}
	}
	return rows, err
}

// refuse says that a row is no history of the model.
func (s *sheet) refuse(row int, hint, format string, args ...any) error {
	return fault.New(fault.Invalid, "%s:%d: "+format, slices.Concat([]any{s.name, s.lines[row]}, args)...).WithHint("%s", hint)
}

// values reads the mean values of those who bought again: of the others there is none.
func (s *sheet) values() (out []app.TableRow, err error) {
	if !s.has("x") || !s.has("m_x") {
		return nil, fault.New(fault.Invalid, "%s lacks the column x or m_x", s.name).
			WithHint("gammagamma needs x, the number of repeat purchases, and m_x, their mean value; the table has %s", s.names())
	}
	times, err := s.column("x")
	if err != nil {
		return nil, err
	}
	value, err := s.column("m_x")
	if err != nil {
		return nil, err
	}
	for i, row := range s.rows {
		x, err := s.number(i, times)
		if err != nil {
			return nil, err
		}
		if x < 0 {
			return nil, s.refuse(i, "x counts repeat purchases", "x is %v", x)
		}
		if x == 0 || missing(row[value]) {
			continue
		}
		mean, err := s.number(i, value)
		if err != nil {
			return nil, err
		}
		out = append(out, app.TableRow{X: x, MX: mean})
	}
	return out, nil
}

// cohort reads how many are left after each renewal; renewal 0 is the beginning.
func (s *sheet) cohort() (out []app.TableRow, err error) {
	rows, err := s.figures("renewal", "active")
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		due, active, before := float64(i), r[1], rows[max(i-1, 0)][1]
		switch {
		case r[0] != due:
			return nil, s.refuse(i, "rows are the renewals 0, 1, 2 …; 0 is the beginning, when all are active", "the renewal is %v, not %v", r[0], due)
		case active < 0 || active > before:
			return nil, s.refuse(i, "follow one cohort: whoever has left does not come back, and nobody joins", "%v are active after %v", active, before)
		case before > active:
			out = append(out, app.TableRow{X: due - 1, T: due, Weight: before - active})
		}
	}
	if last := len(rows) - 1; rows[last][1] > 0 {
		out = append(out, app.TableRow{X: float64(last), T: float64(last), Weight: rows[last][1]})
	}
	return out, nil
}

// subscriptions reads one subscription a row: T renewals were due, and x were made.
func (s *sheet) subscriptions() ([]app.TableRow, error) {
	rows, err := s.weighted("x", "T")
	out := make([]app.TableRow, len(rows))
	for i, r := range rows {
		if r[0] < 0 || r[0] > r[1] {
			return nil, s.refuse(i, "x counts the renewals made, T those due: x <= T", "%v renewals of %v due", r[0], r[1])
		}
		out[i] = app.TableRow{X: r[0], T: r[1], Weight: r[2]}
	}
	return out, err
}

func (s *sheet) opportunities() ([]app.TableRow, error) {
	rows, err := s.weighted("x", "t_x", "n")
	out := make([]app.TableRow, len(rows))
	for i, r := range rows {
		x, tx, n := r[0], r[1], r[2]
		if x < 0 || x > tx || tx > n || (x == 0) != (tx == 0) {
			return nil, s.refuse(i, "x purchases in n opportunities, the last at t_x: x <= t_x <= n", "x %v, t_x %v, n %v is no history", x, tx, n)
		}
		out[i] = app.TableRow{X: x, TX: tx, T: n, Weight: r[3]}
	}
	return out, err
}
