package app

import (
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// BacktestRequest says when to put oneself back to.
type BacktestRequest struct {
	Cut     int64 // unix milliseconds: what the model may see ends with the day that holds it
	Horizon int   // days within which churn is foretold; 0: the strategy's
}

// ChurnBacktest is how a warning of churn would have done: a model is fitted to what was known at the cut, and judged by what
// came in the horizon after it. Churn is no sign of life within the horizon, as the strategy's activity says. Users at risk
// are those with a sign of life whom the strategy's rule of silence had not given up at the cut.
type ChurnBacktest struct {
	Cut      int64    `json:"cut"` // unix milliseconds: the end of the day of the cut
	CutDay   zone.Day `json:"-"`
	From     string   `json:"trained_from"` // the day at which the model saw its users, one horizon before the cut
	Day      string   `json:"cut_day"`
	Until    string   `json:"until"` // the last day of the horizon
	Horizon  int      `json:"horizon_days"`
	Silence  int      `json:"silence_days"` // the rule of silence: from here on it calls a user churned
	Training struct {
		Users     int64          `json:"users"`
		Churned   int64          `json:"churned"`
		AUC       float64        `json:"auc"`
		Penalty   float64        `json:"penalty"`
		Penalties []ChurnPenalty `json:"penalties"`
		Sample    bool           `json:"sample"` // of a large base
	} `json:"training"`
	Users     int64               `json:"users"` // at risk at the cut
	Churned   int64               `json:"churned"`
	AUC       float64             `json:"auc"`
	BySilence float64             `json:"auc_of_silence"` // of the days of silence alone, by which the rule goes
	Brier     float64             `json:"brier"`
	Deciles   []score.ChurnDecile `json:"deciles"`
	Chosen    ChurnThreshold      `json:"threshold"` // of Choices
	Choices   []ChurnThreshold    `json:"choices"`   // elbow and quantile: the threshold from the training, its effect after the cut
	Curve     []model.Cut         `json:"curve"`     // precision and recall after the cut, at each hundredth of the users
	Model     *score.ChurnModel   `json:"model"`
	Sample    bool                `json:"sample"` // the judged users are a sample of a large base
	Warnings  []Warning           `json:"warnings"`

	fit *churnFit
}

// BacktestChurn fits a model of churn strictly before the cut and judges it by the horizon after. progress may be nil; it is
// called over two passes of the base.
//
// LeadDays of a threshold is the median over the users who were warned of and did churn: how many days after the cut the rule
// of silence alone would have called them churned.
//
// Errors: Invalid when the base does not reach a horizon beyond the cut, or a horizon before it, or has too few users at risk.
func (a *App) BacktestChurn(ctx context.Context, req BacktestRequest, progress func(done, total int64)) (*ChurnBacktest, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	if req.Horizon == 0 {
		req.Horizon = live.Engine.Strategy().ChurnHorizon()
	}
	if req.Horizon < 1 || req.Horizon > 3650 {
		return nil, fault.New(fault.Invalid, "the horizon is %d days", req.Horizon).WithHint("give 1 to 3650 days")
	}
	newest, err := a.Newest(ctx)
	if err != nil {
		return nil, err
	}
	cut, last := live.Zone.Day(req.Cut), live.Zone.Day(newest)
	until := cut + zone.Day(req.Horizon)
	if req.Cut == 0 {
		cut, until = last-zone.Day(req.Horizon), last
	}
	if until > last {
		return nil, fault.New(fault.Invalid, "the horizon of %d days after %s ends on %s, but the newest event is of %s", req.Horizon, cut, until, last).
			WithHint("cut at %s or before, or take a shorter horizon", last-zone.Day(req.Horizon))
	}
	return a.backtestChurn(ctx, live, cut, req.Horizon, progress)
}

func (a *App) backtestChurn(ctx context.Context, live *Live, cut zone.Day, horizon int, progress func(done, total int64)) (*ChurnBacktest, error) {
	from, until := cut-zone.Day(horizon), cut+zone.Day(horizon)
	training, err := a.churnTable(ctx, live, from, cut, progress)
	if err != nil {
		return nil, fault.Wrap(err, "training at %s, a horizon of %d days before %s", from, horizon, cut)
	}
	fit, err := fitChurn(training, horizon)
	if err != nil {
		return nil, err
	}
	judged, err := a.churnTable(ctx, live, cut, until, progress)
	if err != nil {
		return nil, fault.Wrap(err, "judging at %s", cut)
	}
	b := &ChurnBacktest{
		Cut: live.Zone.Start(cut+1) - 1, CutDay: cut, From: from.String(), Day: cut.String(), Until: until.String(),
		Horizon: horizon, Silence: live.Engine.SilenceLimit(), fit: fit,
	}
	if err := b.train(training); err != nil {
		return nil, err
	}
	return b, b.judge(judged)
}

func (b *ChurnBacktest) train(t *churnTable) error {
	ranked, err := b.fit.rank(t)
	if err != nil {
		return err
	}
	b.Training.Users, b.Training.Churned, b.Training.AUC = int64(len(t.rows)), int64(t.churned), ranked.AUC()
	b.Training.Penalty, b.Training.Penalties, b.Training.Sample = b.fit.penalty, b.fit.penalties, !t.whole
	return nil
}

func (b *ChurnBacktest) judge(t *churnTable) error {
	ranked, err := b.fit.rank(t)
	if err != nil {
		return err
	}
	b.Users, b.Churned, b.Sample = int64(len(t.rows)), int64(t.churned), !t.whole
	b.AUC, b.Brier = ranked.AUC(), ranked.Brier()
	if b.BySilence, err = t.aucOfSilence(); err != nil {
		return err
	}
	for _, bin := range ranked.Bins(10) {
		b.Deciles = append(b.Deciles, score.ChurnDecile{
			Users: int64(bin.N), Expected: round12(bin.Expected), Actual: round12(bin.Actual), Lift: round12(bin.Lift),
		})
	}
	for _, choice := range []ChurnThreshold{b.fit.elbow, b.fit.quantile} {
		choice.Cut = ranked.At(choice.Threshold)
		choice.Share = float64(choice.Called) / float64(b.Users)
		choice.Lift = choice.Precision / (float64(b.Churned) / float64(b.Users))
		choice.LeadDays = b.lead(t, choice.Threshold)
		b.Choices = append(b.Choices, choice)
		if choice.Chosen {
			b.Chosen = choice
		}
	}
	b.curve(ranked)
	b.Model = b.fit.published(b.Chosen.Threshold, b.evidence())
	b.warn()
	return nil
}

// aucOfSilence is how well the days of silence alone tell who goes: the nearer the rule of silence, the higher the risk.
func (t *churnTable) aucOfSilence() (float64, error) {
	risk, gone := make([]float64, len(t.rows)), make([]bool, len(t.rows))
	for i := range t.rows {
		risk[i], gone[i] = -float64(t.rows[i].lead), t.rows[i].gone
	}
	ranked, err := model.Rank(risk, gone)
	if err != nil {
		return 0, err
	}
	return ranked.AUC(), nil
}

// curve keeps one point for each hundredth of the users.
func (b *ChurnBacktest) curve(ranked *model.Ranked) {
	next := 0.0
	for _, c := range ranked.Cuts() {
		if float64(c.Called) >= next {
			b.Curve = append(b.Curve, c)
			next = float64(c.Called) + float64(b.Users)/100
		}
	}
}

// lead is the median of the days by which a warning at the cut comes before the rule of silence, over those found.
func (b *ChurnBacktest) lead(t *churnTable, threshold float64) *float64 {
	var days []int
	for i := range t.rows {
		if r := &t.rows[i]; r.gone && b.fit.p(r.x) >= threshold {
			days = append(days, r.lead)
		}
	}
	if len(days) == 0 {
		return nil
	}
	slices.Sort(days)
	n := len(days)
	median := float64(days[(n-1)/2]+days[n/2]) / 2
	return &median
}

func (b *ChurnBacktest) evidence() score.ChurnEvidence {
	e := score.ChurnEvidence{
		Cut: b.Cut, Users: b.Users, Churned: b.Churned, AUC: round12(b.AUC), Brier: round12(b.Brier),
		Precision: round12(b.Chosen.Precision), Recall: round12(b.Chosen.Recall), Method: b.Chosen.Method, Deciles: b.Deciles,
	}
	if b.Chosen.LeadDays != nil {
		e.LeadDays = *b.Chosen.LeadDays
	}
	return e
}
