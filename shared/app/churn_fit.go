package app

import (
	"cmp"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
)

// The penalty of a model of churn is that of these under which the probabilities of users whom the model did not see have the
// least logarithmic loss, in five folds by the hash of the user; of equal ones the largest.
var churnPenalties = []float64{1000, 100, 10, 1, 0.1}

const churnFolds = 5

// churnFit is a fitted model of churn without its evidence.
type churnFit struct {
	horizon   int
	names     []string // of the columns used
	columns   []int    // their places in a row of features
	scales    []model.Scale
	logit     *model.Logistic
	penalty   float64
	penalties []ChurnPenalty
	elbow     ChurnThreshold // as the training table shows them
	quantile  ChurnThreshold
}

// ChurnPenalty is what a penalty gives for users whom the model did not see.
type ChurnPenalty struct {
	Penalty float64 `json:"penalty"`
	LogLoss float64 `json:"log_loss"` // mean, over the folds
}

// Methods of choosing the probability from which a warning is due.
const (
	ThresholdElbow    = "elbow"
	ThresholdQuantile = "quantile"
)

// warnedShare is the share of the users at risk whom the quantile warns of, and mostWarned that beyond which a warning is none.
const (
	warnedShare = 0.2
	mostWarned  = 2.0 / 3
)

// ChurnThreshold is a way to choose the probability from which a warning is due, with what the choice does.
type ChurnThreshold struct {
	Method string `json:"method"` // elbow: the point of the ROC curve of the training farthest from its diagonal (Youden 1950); quantile: the fifth of the training with the highest probability
	model.Cut
	Share    float64  `json:"share"`     // of the users at risk who are warned of
	Lift     float64  `json:"lift"`      // Precision over the share of all who churned
	LeadDays *float64 `json:"lead_days"` // median over the found, see ChurnBacktest; null when none was found
	Chosen   bool     `json:"chosen"`
}

// fitChurn fits a logistic regression to the table. Columns that do not vary are left out.
func fitChurn(t *churnTable, horizon int) (*churnFit, error) {
	f := &churnFit{horizon: horizon}
	x, y := make([][]float64, len(t.rows)), make([]bool, len(t.rows))
	for i := range t.rows {
		x[i], y[i] = t.rows[i].x, t.rows[i].gone
	}
	f.scale(x)
	if len(f.columns) == 0 {
		return nil, fault.New(fault.Invalid, "the users who could churn on %s are all alike", t.from).WithHint("take a later day, at which their histories differ")
	}
	for i := range x {
		x[i] = f.standard(t.rows[i].x)
	}
	if err := f.choosePenalty(t, x, y); err != nil {
		return nil, err
	}
	var err error
	if f.logit, err = model.Logit(x, y, f.penalty); err != nil {
		return nil, fault.Wrap(err, "fit the model of churn")
	}
	return f, f.chooseThresholds(t)
}

// scale keeps the columns that vary, with their scales.
func (f *churnFit) scale(x [][]float64) {
	names, scales := score.ChurnFeatureNames(), model.Scales(x)
	for k, name := range names {
		varies := slices.ContainsFunc(x, func(row []float64) bool { return row[k] != x[0][k] })
		if s := scales[k]; varies && s.SD > 1e-6 {
			f.names, f.columns = append(f.names, name), append(f.columns, k)
			f.scales = append(f.scales, model.Scale{Mean: round12(s.Mean), SD: round12(s.SD)})
		}
	}
}

func (f *churnFit) standard(row []float64) []float64 {
	out := make([]float64, len(f.columns))
	for i, k := range f.columns {
		out[i] = f.scales[i].Of(row[k])
	}
	return out
}

func (f *churnFit) choosePenalty(t *churnTable, x [][]float64, y []bool) error {
	fold := func(i int) int { return int(t.rows[i].hash >> 24 % churnFolds) }
	for _, penalty := range churnPenalties {
		loss, n := 0.0, 0
		for out := range churnFolds {
			var seen [][]float64
			var events []bool
			for i := range x {
				if fold(i) != out {
					seen, events = append(seen, x[i]), append(events, y[i])
				}
			}
			m, err := model.Logit(seen, events, penalty)
			if err != nil {
				return fault.Wrap(err, "fit the model of churn without a fifth of the users")
			}
			for i := range x {
				if fold(i) == out {
					loss += logLoss(m.P(x[i]), y[i])
					n++
				}
			}
		}
		f.penalties = append(f.penalties, ChurnPenalty{Penalty: penalty, LogLoss: loss / float64(n)})
	}
	f.penalty = slices.MinFunc(f.penalties, func(a, b ChurnPenalty) int { return cmp.Compare(a.LogLoss, b.LogLoss) }).Penalty
	return nil
}

func logLoss(p float64, event bool) float64 {
	if !event {
		p = 1 - p
	}
	return -fmath.Log(max(p, 1e-15))
}

// p is the probability for a row of features.
func (f *churnFit) p(row []float64) float64 { return f.logit.P(f.standard(row)) }

func (f *churnFit) rank(t *churnTable) (*model.Ranked, error) {
	p, gone := make([]float64, len(t.rows)), make([]bool, len(t.rows))
	for i := range t.rows {
		p[i], gone[i] = f.p(t.rows[i].x), t.rows[i].gone
	}
	return model.Rank(p, gone)
}

// chooseThresholds finds the elbow and the quantile on the training table: the elbow is chosen, unless it warns of more than
// two thirds of the users, which is no warning.
func (f *churnFit) chooseThresholds(t *churnTable) error {
	ranked, err := f.rank(t)
	if err != nil {
		return err
	}
	elbow, quantile := ranked.Youden(), model.Cut{}
	for _, c := range ranked.Cuts() {
		if quantile = c; float64(c.Called) >= float64(warnedShare*float64(len(t.rows))) {
			break
		}
	}
	f.elbow = ChurnThreshold{Method: ThresholdElbow, Cut: f.rounded(ranked, elbow)}
	f.quantile = ChurnThreshold{Method: ThresholdQuantile, Cut: f.rounded(ranked, quantile)}
	f.elbow.Chosen = float64(elbow.Called) <= float64(mostWarned*float64(len(t.rows)))
	f.quantile.Chosen = !f.elbow.Chosen
	return nil
}

// rounded is the cut at the threshold that is published: 12 digits.
func (f *churnFit) rounded(ranked *model.Ranked, c model.Cut) model.Cut {
	return ranked.At(max(round12(c.Threshold), 1e-12))
}

// published is the model as it is published, with a threshold and its evidence.
func (f *churnFit) published(threshold float64, evidence score.ChurnEvidence) *score.ChurnModel {
	m := &score.ChurnModel{Horizon: f.horizon, Intercept: round12(f.logit.Coef[0]), Threshold: threshold, Evidence: evidence}
	for i, name := range f.names {
		m.Features = append(m.Features, score.ChurnFeature{
			Name: name, Mean: f.scales[i].Mean, Scale: f.scales[i].SD, Coef: round12(f.logit.Coef[i+1]),
		})
	}
	return m
}
