package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// FitRequest says what to fit to the base.
type FitRequest struct {
	Model          model.Kind
	CalibrationEnd int64  // unix milliseconds: histories end with the day that holds it; 0: with the newest event
	CohortBefore   int64  // unix milliseconds: only users whose first purchase day begins before it; 0: everybody
	Every          string // of sbg and bgbb: the period of renewals and opportunities, month ("") or year
}

// calibrationLast is the frequency from which users count as one in a calibration: 0, 1 … 7 and more.
const calibrationLast = 7

// Fit fits one model to the base's own profiles and stores nothing. What the base knows after the calibration is held out:
// the report of a model of purchases compares it, by frequency, with what the fit expects. progress may be nil.
//
// Purchase models and Gamma-Gamma read x, t_x, T and m_x of the buyers (docs/strategy.md). sBG takes a base of subscriptions
// that renew every month, BG/BB calendar months with or without a purchase. Errors: Invalid when the base does not suit the
// model or is too small.
func (a *App) Fit(ctx context.Context, req FitRequest, progress func(done, total int64)) (*model.Fit, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	o, err := a.observe(ctx, live, req.CalibrationEnd, req.CohortBefore)
	if err != nil {
		return nil, err
	}
	switch req.Model {
	case model.MBGNBD, model.BGNBD, model.ParetoNBD, model.NBD:
		rows, err := a.purchaseRows(ctx, live, o, progress)
		if err != nil {
			return nil, err
		}
		return fitPurchases(req.Model, rows, o.weeks())
	case model.GammaGamma:
		rows, err := a.spendRows(ctx, live, o, progress)
		if err != nil {
			return nil, err
		}
		return model.Money(rows)
	case model.SBG:
		return a.fitSubscriptions(ctx, live, o, req.Every, progress)
	case model.BGBB:
		return a.fitOpportunities(ctx, live, o, req.Every, progress)
	}
	return nil, unknownModel(req.Model)
}

// fitPurchases fits a model of purchases and calibrates it against the weeks that followed; 0 weeks hold nothing out.
func fitPurchases(kind model.Kind, held []model.HoldoutRow, weeks float64) (*model.Fit, error) {
	rows := make([]model.Row, len(held))
	for i, r := range held {
		rows[i] = r.Row
	}
	fit, err := model.Purchases(kind, rows)
	if err != nil || weeks == 0 {
		return fit, err
	}
	m, err := fit.Purchases()
	if err != nil {
		return nil, err
	}
	fit.Holdout = model.Calibrate(m, held, weeks, calibrationLast)
	return fit, nil
}

func unknownModel(kind model.Kind) error {
	return fault.New(fault.Invalid, "there is no model %q", string(kind)).
		WithHint("use mbgnbd, bgnbd, paretonbd, nbd, gammagamma, sbg or bgbb")
}

// TableRow is a history from a table: X repeat purchases, the last of them TX and the end of the observation T after the first
// purchase, in weeks, and MX, the mean value of the repeat purchases. Weight users (1 when 0) share it.
//
// For bgbb T is the number of opportunities and TX the last of them with a purchase; for sbg T is the number of renewals that
// were due and X of those made: X < T is a subscription that ended at renewal X+1, X = T one that goes on.
type TableRow struct{ X, TX, T, MX, Weight float64 }

// FitTable fits a model to the rows of a table. Errors: Invalid, as Fit gives them.
func FitTable(kind model.Kind, table []TableRow) (*model.Fit, error) {
	switch kind {
	case model.MBGNBD, model.BGNBD, model.ParetoNBD, model.NBD:
		rows := make([]model.Row, len(table))
		for i, r := range table {
			rows[i] = model.Row{X: r.X, TX: r.TX, T: r.T, Weight: r.Weight}
		}
		return model.Purchases(kind, rows)
	case model.GammaGamma:
		return fitTableMoney(table)
	case model.SBG:
		return fitTableRenewals(table)
	case model.BGBB:
		rows := make([]model.Opportunity, len(table))
		for i, r := range table {
			rows[i] = model.Opportunity{X: r.X, TX: r.TX, N: r.T, Weight: r.Weight}
		}
		return model.Opportunities(rows)
	}
	return nil, unknownModel(kind)
}

// mostTableUsers bounds what the weights of a table of money stand for: its rows cannot be joined.
const mostTableUsers = 10_000_000

func fitTableMoney(table []TableRow) (*model.Fit, error) {
	var spends []model.Spend
	any := false
	for i, r := range table {
		any = any || r.MX != 0
		users, err := wholeWeight(i, r)
		if err != nil {
			return nil, err
		}
		if len(spends)+users > mostTableUsers {
			return nil, fault.New(fault.TooLarge, "the table stands for more than %d users", mostTableUsers).WithHint("take a sample of the users")
		}
		for range users {
			spends = append(spends, model.Spend{X: r.X, Mean: r.MX})
		}
	}
	if !any && len(table) > 0 {
		return nil, fault.New(fault.Invalid, "no row has a value of repeat purchases").
			WithHint("gammagamma needs the column m_x: the mean value of the repeat purchases")
	}
	return model.Money(spends)
}

func wholeWeight(row int, r TableRow) (int, error) {
	if r.Weight == 0 {
		return 1, nil
	}
	n := int(r.Weight)
	if !(r.Weight >= 1 && r.Weight <= mostTableUsers) || float64(n) != r.Weight {
		return 0, fault.New(fault.Invalid, "row %d has the weight %v", row+1, r.Weight).WithHint("a weight is a whole number of users")
	}
	return n, nil
}

// mostRenewals bounds the renewals of a table of subscriptions.
const mostRenewals = 10_000

func fitTableRenewals(table []TableRow) (*model.Fit, error) {
	var lost, kept []float64
	for i, r := range table {
		x, t := int(min(max(r.X, -1), mostRenewals+1)), int(min(max(r.T, -1), mostRenewals+1))
		if float64(x) != r.X || float64(t) != r.T || x < 0 || x > t || t > mostRenewals {
			return nil, fault.New(fault.Invalid, "row %d is no subscription: %v renewals of %v due", i+1, r.X, r.T).
				WithHint("x counts the renewals made, T those due: whole numbers with 0 <= x <= T <= %d", mostRenewals)
		}
		weight := r.Weight
		if weight == 0 {
			weight = 1
		}
		for len(lost) < t {
			lost, kept = append(lost, 0), append(kept, 0)
		}
		switch {
		case t == 0:
		case x < t:
			lost[x] += weight
		default:
			kept[t-1] += weight
		}
	}
	return model.Renewals(lost, kept)
}
