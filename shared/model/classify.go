package model

import (
	"sort"

	"github.com/weir-engine/weir/shared/fault"
)

// Ranked are probabilities and what happened, the highest probability first: how well the one tells the other.
type Ranked struct {
	p      []float64
	y      []bool
	events int
}

// Rank sorts probabilities with their outcomes; equal ones keep their order. It refuses outcomes that are all the same, which
// nothing can tell apart.
func Rank(p []float64, y []bool) (*Ranked, error) {
	if len(p) != len(y) {
		return nil, fault.New(fault.Invalid, "%d probabilities and %d outcomes", len(p), len(y)).WithHint("give an outcome for each")
	}
	order := make([]int, len(p))
	r := &Ranked{p: make([]float64, len(p)), y: make([]bool, len(p))}
	for i := range p {
		order[i] = i
		if y[i] {
			r.events++
		}
	}
	if r.events == 0 || r.events == len(y) {
		return nil, fault.New(fault.Invalid, "the outcome is the same in all %d rows", len(y)).WithHint("take rows with both outcomes")
	}
	sort.SliceStable(order, func(i, j int) bool { return p[order[i]] > p[order[j]] })
	for i, from := range order {
		r.p[i], r.y[i] = p[from], y[from]
	}
	return r, nil
}

// AUC is the chance that an event ranks above a non-event, ties counting half (Hanley, McNeil 1982).
func (r *Ranked) AUC() float64 {
	wins := 0.0 // pairs in which the event is above
	rest := float64(len(r.y) - r.events)
	passed := 0.0 // non-events so far
	for i := 0; i < len(r.p); {
		j, events := i, 0
		for ; j < len(r.p) && r.p[j] == r.p[i]; j++ {
			if r.y[j] {
				events++
			}
		}
		others := float64(j - i - events)
		wins += float64(events) * (rest - passed - others/2)
		passed += others
		i = j
	}
	return wins / (float64(r.events) * rest)
}

// Brier is the mean squared error of the probabilities (Brier 1950).
func (r *Ranked) Brier() float64 {
	sum := 0.0
	for i, p := range r.p {
		if r.y[i] {
			p = 1 - p
		}
		sum += p * p
	}
	return sum / float64(len(r.p))
}

// Cut is what a threshold does: those whose probability is at least Threshold are called events.
type Cut struct {
	Threshold  float64 `json:"threshold"`
	Called     int     `json:"called"`
	Found      int     `json:"found"`       // events among the called
	Precision  float64 `json:"precision"`   // Found / Called; 0 when nobody is called
	Recall     float64 `json:"recall"`      // Found / events
	FalseAlarm float64 `json:"false_alarm"` // the called among the others
}

// At returns what a threshold does.
func (r *Ranked) At(threshold float64) Cut {
	called := sort.Search(len(r.p), func(i int) bool { return r.p[i] < threshold })
	found := 0
	for _, event := range r.y[:called] {
		if event {
			found++
		}
	}
	return r.cut(threshold, called, found)
}

func (r *Ranked) cut(threshold float64, called, found int) Cut {
	c := Cut{Threshold: threshold, Called: called, Found: found, Recall: float64(found) / float64(r.events)}
	c.FalseAlarm = float64(called-found) / float64(len(r.y)-r.events)
	if called > 0 {
		c.Precision = float64(found) / float64(called)
	}
	return c
}

// Cuts returns what every probability that occurs does as a threshold, the highest first.
func (r *Ranked) Cuts() []Cut {
	var out []Cut
	found := 0
	for i, p := range r.p {
		if r.y[i] {
			found++
		}
		if i+1 == len(r.p) || r.p[i+1] != p {
			out = append(out, r.cut(p, i+1, found))
		}
	}
	return out
}

// Youden returns the threshold at which the recall is furthest above the false alarms, the highest of equal ones (Youden 1950).
// It is the point of the ROC curve furthest from its diagonal.
func (r *Ranked) Youden() Cut {
	var best Cut
	furthest, others := 0, len(r.y)-r.events
	for i, c := range r.Cuts() {
		if distance := c.Found*others - (c.Called-c.Found)*r.events; i == 0 || distance > furthest {
			best, furthest = c, distance
		}
	}
	return best
}

// Bin is a share of the rows, by descending probability.
type Bin struct {
	N        int     `json:"n"`
	Expected float64 `json:"expected"` // mean probability
	Actual   float64 `json:"actual"`   // share with the event
	Lift     float64 `json:"lift"`     // Actual over the share of all
}

// Bins returns the calibration in n shares of equal size, the riskiest first; fewer when there are fewer rows.
func (r *Ranked) Bins(n int) []Bin {
	var out []Bin
	all := float64(r.events) / float64(len(r.p))
	for i := range n {
		from, to := i*len(r.p)/n, (i+1)*len(r.p)/n
		if from == to {
			continue
		}
		b := Bin{N: to - from}
		for k := from; k < to; k++ {
			b.Expected += r.p[k]
			if r.y[k] {
				b.Actual++
			}
		}
		b.Expected /= float64(b.N)
		b.Actual /= float64(b.N)
		b.Lift = b.Actual / all
		out = append(out, b)
	}
	return out
}
