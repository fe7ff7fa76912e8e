package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// survived is the outcome of weir survival.
type survived struct {
	N       int          `json:"n"`
	Events  int          `json:"events"`
	Dropped int          `json:"dropped"`                  // rows left out for a missing cell
	Groups  []survivors  `json:"groups"`                   // in the order of their names; one without a name when there is no --group
	LogRank *model.Ranks `json:"logrank"`                  // its figures by group are in the order of Groups; null without groups
	Reason  string       `json:"logrank_reason,omitempty"` // why groups cannot be compared
	Cox     *hazards     `json:"cox,omitempty"`            // with --columns
}

// survivors are the subjects of one group.
type survivors struct {
	Group  string       `json:"group"`
	N      int          `json:"n"`
	Events int          `json:"events"`
	Median *float64     `json:"median"` // null where more than half survive
	Curve  []model.Step `json:"curve"`
}

// survivalFlags are the flags of weir survival.
type survivalFlags struct {
	csv, duration, event, eventIs, group string
	columns                              []string
	drop                                 bool
}

func (c *cli) survivalCommand() *cobra.Command {
	var f survivalFlags
	cmd := &cobra.Command{
		Use: "survival", Short: "Kaplan–Meier curves from a table, the log-rank test, and Cox regression", Args: cobra.NoArgs,
		Long: `Estimates from a CSV table how long subjects last: the Kaplan–Meier curve with its 95 % interval on the scale log(-log), the
Nelson–Aalen cumulative hazard, and the median. With --group there is a curve for each group, and the log-rank test says
whether they differ. With --columns a proportional hazards regression (Cox, ties after Efron) says how much a unit more of
each column multiplies the hazard.

--event names the column that says whether the subject had the event (1 or 0, yes or no, true or false) or was still there
when last seen. --csv - reads standard input. No base is needed.`,
		Example: `  weir survival --csv customers.csv --duration tenure --event Churn
  weir survival --csv customers.csv --duration tenure --event Churn --group Contract --json
  weir survival --csv customers.csv --duration tenure --event Churn --columns MonthlyCharges,SeniorCitizen`,
		RunE: func(*cobra.Command, []string) error {
			s, err := c.readSheet(f.csv)
			if err != nil {
				return err
			}
			out, err := survival(s, f)
			if err != nil {
				return err
			}
			return c.print(out, func(w io.Writer) { showSurvival(w, out, f.group) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.csv, "csv", "", "the table; - for standard input")
	flags.StringVar(&f.duration, "duration", "", "column of how long the subject was seen")
	flags.StringVar(&f.event, "event", "", "column of whether the event ended it")
	flags.StringVar(&f.eventIs, "event-is", "", "the value of --event that means yes; every other means no")
	flags.StringVar(&f.group, "group", "", "column of the groups to compare")
	flags.StringSliceVar(&f.columns, "columns", nil, "columns of numbers that explain the hazard")
	flags.BoolVar(&f.drop, "drop-missing", false, "leave out rows that miss one of these cells")
	need(cmd, "csv", "duration", "event")
	return cmd
}

// maxGroups is how many groups are compared at most: more are no groups but names.
const maxGroups = 100

func survival(s *sheet, f survivalFlags) (*survived, error) {
	duration, err := s.column(f.duration)
	if err != nil {
		return nil, err
	}
	event, err := s.column(f.event)
	if err != nil {
		return nil, err
	}
	used, group := []int{duration, event}, -1
	if f.group != "" {
		if group, err = s.column(f.group); err != nil {
			return nil, err
		}
		used = append(used, group)
	}
	columns, err := s.places(f.columns)
	if err != nil {
		return nil, err
	}
	used = append(used, columns...)
	out := &survived{}
	if out.Dropped, err = s.complete(used, f.drop); err != nil {
		return nil, err
	}
	if err := s.requireEvent(event, f.eventIs); err != nil {
		return nil, err
	}
	names, durations, err := s.durations(duration, event, group, f.eventIs)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		g, err := curve(name, durations[i])
		if err != nil {
			return nil, err
		}
		out.N += g.N
		out.Events += g.Events
		out.Groups = append(out.Groups, *g)
	}
	if len(names) > 1 {
		if out.LogRank, err = model.LogRank(durations); err != nil {
			out.Reason = err.Error()
		}
	}
	if len(columns) > 0 {
		if out.Cox, err = s.regress(duration, event, columns, f.eventIs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// durations returns how long the subjects of each group were seen, by the groups' names; one group without a column of groups.
func (s *sheet) durations(duration, event, group int, eventIs string) (names []string, out [][]model.Duration, err error) {
	names = []string{""}
	if group >= 0 {
		if names = s.levels(group, maxGroups); names == nil {
			return nil, nil, fault.New(fault.Invalid, "the column %q has more than %d different values", s.heads[group], maxGroups).
				WithHint("group by a column of few values")
		}
		if len(names) == 1 {
			return nil, nil, fault.New(fault.Invalid, "the column %q is %q everywhere, so there is nothing to compare", s.heads[group], names[0]).
				WithHint("leave --group out")
		}
	}
	place := map[string]int{}
	for i, name := range names {
		place[name] = i
	}
	out = make([][]model.Duration, len(names))
	for i, row := range s.rows {
		t, err := s.number(i, duration)
		if err != nil {
			return nil, nil, err
		}
		if t < 0 {
			return nil, nil, fault.New(fault.Invalid, "%s: a duration is not negative, but this is %v", s.at(i, duration), t).
				WithHint("count from the beginning of each subject")
		}
		had, err := s.yes(i, event, eventIs)
		if err != nil {
			return nil, nil, err
		}
		at := 0
		if group >= 0 {
			at = place[strings.TrimSpace(row[group])]
		}
		out[at] = append(out[at], model.Duration{Time: t, Event: had})
	}
	return names, out, nil
}

func curve(name string, durations []model.Duration) (*survivors, error) {
	steps, err := model.KaplanMeier(durations)
	if err != nil {
		return nil, err
	}
	g := &survivors{Group: name, N: len(durations), Curve: steps}
	for _, s := range steps {
		g.Events += s.Events
	}
	if m, ok := model.Median(steps); ok {
		g.Median = &m
	}
	return g, nil
}

func showSurvival(w io.Writer, s *survived, by string) {
	for _, g := range s.Groups {
		head := "all"
		if by != "" {
			head = by + " = " + g.Group
		}
		median := "not reached"
		if g.Median != nil {
			median = short(*g.Median)
		}
		fmt.Fprintf(w, "%s: %d subjects, %d events, median %s\n", head, g.N, g.Events, median)
		t := newTable(">time", ">at risk", ">events", ">censored", ">survival", ">low", ">high", ">hazard", "")
		for _, p := range g.Curve {
			t.row(short(p.Time), number(p.AtRisk), number(p.Events), number(p.Censored), fixed(p.Survival, 4), fixed(p.Low, 4), fixed(p.High, 4),
				fixed(p.Hazard, 4), bar(p.Survival, 1, 20))
		}
		t.write(w)
		fmt.Fprintln(w)
	}
	if s.Dropped > 0 {
		fmt.Fprintf(w, "%d rows were left out: a cell is missing\n", s.Dropped)
	}
	if s.Reason != "" {
		fmt.Fprintln(w, s.Reason)
	}
	if r := s.LogRank; r != nil {
		t := newTable("group", ">observed events", ">expected if all were alike")
		for i, g := range s.Groups {
			t.row(g.Group, fixed(r.Observed[i], 0), fixed(r.Expected[i], 2))
		}
		t.write(w)
		fmt.Fprintf(w, "log-rank: chi-square %s with %d degrees of freedom, p = %s\n", fixed(r.ChiSquare, 2), r.DF, pText(r.P))
	}
	if s.Cox != nil {
		s.Cox.show(w)
	}
}
