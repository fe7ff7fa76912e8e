package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// hazards is the proportional hazards regression of weir survival --columns.
type hazards struct {
	Terms       []hazard `json:"terms"`
	LogLik      float64  `json:"loglik"`
	LogLikNull  float64  `json:"loglik_null"`
	Concordance float64  `json:"concordance"`
}

// hazard is a coefficient.
type hazard struct {
	Name   string  `json:"name"`
	Coef   float64 `json:"coef"`
	StdErr float64 `json:"se"`
	Z      float64 `json:"z"`
	P      float64 `json:"p"`
	Ratio  float64 `json:"hazard_ratio"` // e to the coefficient
}

// places returns where columns stand, each named once.
func (s *sheet) places(names []string) ([]int, error) {
	var out []int
	for i, name := range names {
		name = strings.TrimSpace(name)
		at, err := s.column(name)
		if err != nil {
			return nil, err
		}
		for _, earlier := range out {
			if earlier == at {
				return nil, fault.New(fault.Invalid, "the column %q is named twice", name).WithHint("name each column once")
			}
		}
		out, names[i] = append(out, at), name
	}
	return out, nil
}

// regress fits the hazards of the subjects to columns of numbers.
func (s *sheet) regress(duration, event int, columns []int, eventIs string) (*hazards, error) {
	subjects := make([]model.Subject, len(s.rows))
	for i := range s.rows {
		var err error
		if subjects[i].Time, err = s.number(i, duration); err != nil {
			return nil, err
		}
		if subjects[i].Event, err = s.yes(i, event, eventIs); err != nil {
			return nil, err
		}
		for _, at := range columns {
			v, err := s.number(i, at)
			if err != nil {
				return nil, err
			}
			subjects[i].Columns = append(subjects[i].Columns, v)
		}
	}
	fit, err := model.Cox(subjects)
	if err != nil {
		return nil, fault.Wrap(err, "regress the hazard")
	}
	out := &hazards{LogLik: fit.LogLik, LogLikNull: fit.LogLikNull, Concordance: fit.Concordance}
	for i, at := range columns {
		ratio := min(math.Exp(fit.Coef[i]), math.MaxFloat64)
		out.Terms = append(out.Terms, hazard{s.heads[at], fit.Coef[i], fit.StdErr[i], fit.Z[i], fit.P[i], ratio})
	}
	return out, nil
}

func (h *hazards) show(w io.Writer) {
	t := newTable("column", ">coefficient", ">standard error", ">hazard ratio", ">z", ">p")
	for _, term := range h.Terms {
		t.row(term.Name, short(term.Coef), short(term.StdErr), short(term.Ratio), fixed(term.Z, 2), pText(term.P))
	}
	t.write(w)
	fmt.Fprintf(w, "Cox: log-likelihood %s, %s without the columns; concordance %s\n", fixed(h.LogLik, 3), fixed(h.LogLikNull, 3), fixed(h.Concordance, 3))
}
