package app

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
)

// ChurnQuery selects users by their probability of churn.
type ChurnQuery struct {
	AsOf   int64   // 0: the default moment
	MinP   float64 // at least this probability
	Warned bool    // only those of whom a warning is due: the others are below the threshold, or given up by the rule of silence already
	After  string  // Next of the page before
	Limit  int
}

// ChurnUser is one user of a churn list.
type ChurnUser struct {
	Result score.Result
	Churn  score.Churn
	Value  score.Value
}

// ChurnPage is one page of a churn list, with the totals of the whole selection.
type ChurnPage struct {
	AsOf      int64
	Live      *Live
	Horizon   int     // of the model, in days
	Threshold float64 // the probability from which a warning is due
	Total     int64   // users selected
	Warned    int64   // of them, those of whom a warning is due
	Spend     int64   // what the selected spent so far, minor units
	Users     []ChurnUser
	Next      string
	Shot      *StoredSnapshot // what it was read from; nil: the profiles as they are
}

// ChurnList returns a page of the users by descending probability of churn, with the reasons, how much earlier than the rule of
// silence the warning comes, and what they are worth. Errors: NotFound without a model of churn in force.
func (a *App) ChurnList(ctx context.Context, q ChurnQuery) (ChurnPage, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return ChurnPage{}, err
	}
	if err := modelled(live); err != nil {
		return ChurnPage{}, err
	}
	if live.Models.Churn == nil {
		return ChurnPage{}, fault.New(fault.NotFound, "the models in force have none of churn").
			WithHint("look why with: weir models show %s; and fit others", live.Models.Version)
	}
	base, err := a.Base(ctx, q.AsOf)
	if err != nil {
		return ChurnPage{}, err
	}
	page := ChurnPage{AsOf: base.AsOf, Shot: base.Shot, Live: base.Live, Horizon: live.Models.Churn.Horizon, Threshold: live.Models.Churn.Threshold}
	if own := live.Engine.Strategy().Churn.Threshold; own > 0 {
		page.Threshold = own
	}
	if base.Shot != nil {
		return page, a.storedChurn(ctx, base, q, &page)
	}
	start, err := parseCursor(q.After)
	if err != nil {
		return ChurnPage{}, err
	}
	picked := page.pick(base, q)
	start = min(start, len(picked))
	end := min(start+min(max(q.Limit, 1), 1000), len(picked))
	if end < len(picked) {
		page.Next = strconv.Itoa(end)
	}
	page.Users, err = a.churnUsers(ctx, base, picked[start:end])
	return page, err
}

// pick selects users and sorts them by descending probability.
func (p *ChurnPage) pick(base *Base, q ChurnQuery) []*score.Result {
	var picked []*score.Result
	for i := range base.Users {
		r := &base.Users[i]
		if r.ChurnP < 0 || r.ChurnP < q.MinP || q.Warned && !r.ChurnWarning {
			continue
		}
		picked = append(picked, r)
		p.Total++
		p.Spend += r.Spend
		if r.ChurnWarning {
			p.Warned++
		}
	}
	slices.SortFunc(picked, func(x, y *score.Result) int {
		return cmp.Or(cmp.Compare(y.ChurnP, x.ChurnP), strings.Compare(x.Key, y.Key))
	})
	return picked
}

// storedChurn is ChurnList from the stored snapshot.
func (a *App) storedChurn(ctx context.Context, base *Base, q ChurnQuery, page *ChurnPage) error {
	if m := base.Live.Models; m == nil || m.Churn == nil {
		return fault.New(fault.NotFound, "the snapshot is older than the model of churn").WithHint("make a new one: POST /v1/snapshot")
	}
	found, err := a.people(ctx, base, peopleQuery{
		keep: func(p *people) (func(row int) bool, error) {
			return func(row int) bool {
				churn := p.float(pChurnP, row)
				return churn >= 0 && churn >= q.MinP && (!q.Warned || p.number(pChurnWarning, row) != 0)
			}, nil
		},
		value: func(p *people, row int) (int64, bool) { return p.number(pChurnP, row), true }, desc: true,
		after: q.After, limit: min(max(q.Limit, 1), 1000),
		also: func(p *people, row int) { page.Warned += p.number(pChurnWarning, row) },
	})
	if err != nil {
		return err
	}
	page.Total, page.Spend, page.Next = found.total, found.spend, found.next
	picked := make([]*score.Result, len(found.rows))
	for i := range found.rows {
		picked[i] = &found.rows[i]
	}
	page.Users, err = a.churnUsers(ctx, base, picked)
	return err
}

// churnUsers reads the profiles of one page.
func (a *App) churnUsers(ctx context.Context, base *Base, picked []*score.Result) ([]ChurnUser, error) {
	keys := make([]string, len(picked))
	for i, r := range picked {
		keys[i] = r.Key
	}
	items, err := a.ports.Profiles.Get(ctx, keys)
	if err != nil {
		return nil, fault.Wrap(err, "read profiles")
	}
	later, err := a.refoldLater(ctx, base.Live, items, base.AsOf)
	if err != nil {
		return nil, err
	}
	var out []ChurnUser
	var facts profile.Facts
	for i, item := range items {
		if item.Version == 0 {
			continue // since the snapshot that the page is of, the user was forgotten or is known under another id
		}
		f := later[item.Key]
		if f == nil {
			f = &facts
			f.Reset()
			if err := decodeItem(item, f, nil, nil); err != nil {
				return nil, fault.Wrap(err, "read the profile of %s", item.Key)
			}
		}
		e := base.Live.Engine
		out = append(out, ChurnUser{Result: *picked[i], Churn: e.Churn(f, base.AsOf), Value: e.Value(f, base.AsOf)})
	}
	return out, nil
}
