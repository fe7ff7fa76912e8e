package app

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// FitModelsRequest says how to fit the models that scores use.
type FitModelsRequest struct {
	Kind model.Kind // of purchases: mbgnbd (""), bgnbd, paretonbd or nbd
	// CalibrationEnd (unix milliseconds) ends the histories with the day that holds it; 0: with the newest event, or the
	// default moment of views when that is earlier.
	CalibrationEnd int64
	Note           string
}

// modelDraws is how many sets of parameters stand for what the data leave open.
const modelDraws = 64

// leastHoldout and mostHoldout bound, in weeks, the end of the histories that is held out when nothing follows them.
const (
	leastHoldout = 4
	mostHoldout  = 52
)

// FitModels fits the models of purchases, money and churn to the base and keeps them as a draft: it publishes nothing. What
// cannot be fitted is left out with a warning. progress may be nil; it is called over several passes of the base.
// Errors: Invalid when nothing can be fitted.
func (a *App) FitModels(ctx context.Context, req FitModelsRequest, progress func(done, total int64)) (*ModelSet, error) {
	f := &fitting{app: a, progress: progress, kind: req.Kind}
	if err := f.begin(ctx, req); err != nil {
		return nil, err
	}
	for _, fit := range []func(context.Context) error{f.purchases, f.money, f.draws, f.churn} {
		if err := fit(ctx); err != nil {
			return nil, err
		}
	}
	if f.models.Purchases == nil && f.models.Money == nil && f.models.Churn == nil {
		return nil, f.nothing()
	}
	now, err := a.now(ctx)
	if err != nil {
		return nil, err
	}
	f.set.Models, f.set.Note, f.set.At = f.models.Sealed(), req.Note, now
	if _, err := f.live.Engine.With(f.set.Models); err != nil {
		return nil, fault.Wrap(err, "the fitted models")
	}
	return f.set, a.storeModelSet(ctx, f.set)
}

// fitting is a fit of all models under way.
type fitting struct {
	app      *App
	progress func(done, total int64)
	kind     model.Kind
	live     *Live
	asOf     int64
	o        observation
	models   score.Models
	set      *ModelSet
	bought   *model.Fit // what scores purchases
	spent    *model.Fit // what scores money; nil: nothing does
	refused  error      // of the first model that could not be fitted
}

func (f *fitting) begin(ctx context.Context, req FitModelsRequest) (err error) {
	switch f.kind {
	case "":
		f.kind = model.MBGNBD
	case model.MBGNBD, model.BGNBD, model.ParetoNBD, model.NBD:
	default:
		return fault.New(fault.Invalid, "%q does not score purchases", string(f.kind)).WithHint("use mbgnbd, bgnbd, paretonbd or nbd")
	}
	if f.live, err = f.app.Live(ctx); err != nil {
		return err
	}
	if f.asOf = req.CalibrationEnd; f.asOf == 0 {
		clock, err := f.app.Clock(ctx)
		if err != nil {
			return err
		}
		newest, err := f.app.Newest(ctx)
		if err != nil {
			return err
		}
		f.asOf = min(newest, clock.AsOf)
	}
	if f.o, err = f.app.observe(ctx, f.live, f.asOf, 0); err != nil {
		return err
	}
	users, err := f.app.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	f.models = score.Models{AsOf: f.asOf, Strategy: f.live.Version, Basis: f.live.Engine.ModelBasis(), Users: users}
	f.set = &ModelSet{Fits: []*model.Fit{}, Warnings: []Warning{}}
	return nil
}

// purchases fits the model of purchases. Where nothing follows its histories, the calibration is that of a second fit to the
// histories without their last quarter.
func (f *fitting) purchases(ctx context.Context) error {
	rows, err := f.app.purchaseRows(ctx, f.live, f.o, f.progress)
	if err != nil {
		return err
	}
	fit, err := fitPurchases(f.kind, rows, f.o.weeks())
	if fault.Is(err, fault.Invalid) {
		f.leave("purchases", "purchases", "没有购买模型：用户太少，或没有人重复购买。", err)
		return nil
	}
	if err != nil {
		return err
	}
	f.set.HoldoutFrom = f.asOf
	if fit.Holdout == nil {
		if err := f.holdOut(ctx, fit, rows); err != nil {
			return err
		}
	}
	f.set.Fits = append(f.set.Fits, fit)
	f.bought = fit
	if !fit.Identified {
		f.warn("purchases_not_identified", "Purchases: "+fit.Reason+".", "购买模型："+identifiedZh(fit))
		if fit.Fallback != nil {
			f.bought = fit.Fallback
		}
	}
	if !scorable([]model.Values{f.bought.Params}) {
		f.bought = nil
		f.warn("purchases_out_of_bounds", "The likelihood of purchases has its maximum beyond all bounds: there is no model of purchases.", "购买模型的似然没有有限的最大值，因此没有购买模型。")
		return nil
	}
	f.models.Purchases = &score.PurchaseModel{Kind: string(f.bought.Model), Params: params(f.bought.Params), Reason: fit.Reason}
	f.judgeHoldout(fit.Holdout)
	return nil
}

func identifiedZh(fit *model.Fit) string {
	if fit.Model == model.NBD {
		return "用户之间的购买频率差异无法识别，结果仅供参考。"
	}
	return "数据中没有可识别的流失信号，因此改用 NBD，不给出存活概率。"
}

// holdOut calibrates the kind of fit on the last quarter of the histories.
func (f *fitting) holdOut(ctx context.Context, fit *model.Fit, rows []model.HoldoutRow) error {
	longest := 0.0
	for _, r := range rows {
		longest = max(longest, r.T)
	}
	weeks := min(math.Floor(longest/4), mostHoldout)
	if weeks < leastHoldout {
		f.set.HoldoutFrom = 0
		f.warn("holdout_short", fmt.Sprintf("The histories are too short to hold %d weeks out: nothing shows how well the models foretell.", leastHoldout),
			fmt.Sprintf("历史太短，无法留出 %d 周作检验：没有证据说明模型的预测效果。", leastHoldout))
		return nil
	}
	earlier := observation{end: f.o.end - zone.Day(7*weeks), newest: f.o.end}
	before, err := f.app.purchaseRows(ctx, f.live, earlier, f.progress)
	if err != nil {
		return err
	}
	held, err := fitPurchases(f.kind, before, earlier.weeks())
	if fault.Is(err, fault.Invalid) {
		f.set.HoldoutFrom = 0
		f.warn("holdout_short", "Without their last weeks the histories hold too little to check the model of purchases by.", "去掉最后几周后，历史数据不足以检验购买模型。")
		return nil
	}
	if err != nil {
		return err
	}
	fit.Holdout = held.Holdout
	f.set.HoldoutFrom = f.live.Zone.Start(earlier.end+1) - 1
	return nil
}

// mostOff is how far the purchases expected of the holdout may lie from those that came.
const mostOff = 0.25

func (f *fitting) judgeHoldout(h *model.Holdout) {
	if h == nil {
		return
	}
	if off := h.Expected - h.Actual; math.Abs(off) > float64(mostOff*max(h.Actual, 1)) {
		f.warn("holdout_off",
			fmt.Sprintf("In the %.0f weeks held out, %.0f purchases were expected and %.0f came: the future may be as different.", h.Weeks, h.Expected, h.Actual),
			fmt.Sprintf("在留出的 %.0f 周内，预期 %.0f 次购买，实际 %.0f 次：对未来的预测可能同样有偏差。", h.Weeks, h.Expected, h.Actual))
	}
}

// mostCorrelated is the correlation of frequency and value beyond which Gamma-Gamma, which assumes none, is doubtful.
const mostCorrelated = 0.3

func (f *fitting) money(ctx context.Context) error {
	rows, err := f.app.spendRows(ctx, f.live, f.o, f.progress)
	if err != nil {
		return err
	}
	fit, err := model.Money(rows)
	if fault.Is(err, fault.Invalid) {
		f.leave("money", "money", "没有金额模型：有复购且金额为正的用户太少，或每个用户每次购买的金额都相同。", err)
		return nil
	}
	if err != nil {
		return err
	}
	f.set.Fits = append(f.set.Fits, fit)
	if !fit.Identified || !scorable([]model.Values{fit.Params}) {
		f.warn("money_not_identified", "Money: "+cmp.Or(fit.Reason, "its parameters lie beyond all bounds")+". No value of a purchase is given.", "金额模型无法识别，因此不给出每次购买的预期金额。")
		return nil
	}
	if c := fit.Correlated; c != nil && math.Abs(*c) > mostCorrelated {
		f.warn("money_correlated", fmt.Sprintf("Frequency and value go together (r = %.2f); Gamma-Gamma assumes that they do not.", *c),
			fmt.Sprintf("购买频率与金额相关（r = %.2f），而 Gamma-Gamma 假设二者无关。", *c))
	}
	f.spent = fit
	f.models.Money = &score.MoneyModel{Params: params(fit.Params)}
	return nil
}

// draws keeps parameters drawn about the estimates: what the data leave open shows as an interval of lifetime value. There are
// none where the likelihood has no proper maximum, for then the data bound nothing.
func (f *fitting) draws(context.Context) error {
	if f.bought == nil {
		return nil
	}
	var bought, spent []model.Values
	if f.bought.Identified {
		bought = f.bought.Draws(modelDraws)
	}
	if f.spent != nil {
		spent = f.spent.Draws(modelDraws)
	}
	if len(bought) == 0 || !scorable(bought) || !scorable(spent) {
		f.warn("no_interval", "The data do not bound the parameters of purchases: lifetime value comes without an interval.", "数据无法限定购买模型的参数范围：生命周期价值不带区间。")
		return nil
	}
	for i, p := range bought {
		draw := score.Draw{Purchases: params(p)}
		if i < len(spent) {
			draw.Money = params(spent[i])
		}
		f.models.Purchases.Draws = append(f.models.Purchases.Draws, draw)
	}
	return nil
}

// Parameters beyond these are none that scoring takes.
const (
	leastParam = 1e-12
	mostParam  = 1e12
)

func scorable(draws []model.Values) bool {
	for _, draw := range draws {
		for _, p := range draw {
			if !(p.Value >= leastParam && p.Value <= mostParam) {
				return false
			}
		}
	}
	return true
}

func params(v model.Values) map[string]float64 {
	out := make(map[string]float64, len(v))
	for _, p := range v {
		out[p.Name] = p.Value
	}
	return out
}

// round12 rounds to 12 significant decimal digits, as published parameters are.
func round12(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func (f *fitting) warn(code, en, zh string) {
	f.set.Warnings = append(f.set.Warnings, Warning{Code: code, En: en, Zh: zh})
}

// leave notes a model that the base does not give, and why.
func (f *fitting) leave(code, en, zh string, err error) {
	if f.refused == nil {
		f.refused = err
	}
	f.warn(code+"_missing", fmt.Sprintf("No model of %s: %s.", en, err), zh)
}

func (f *fitting) nothing() error {
	return fault.Wrap(f.refused, "nothing can be fitted to the base")
}
