package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// Views of the whole base from its stored snapshot: its figures are read as they were added up, and its people one part after the other,
// so that memory is bounded whatever the size of the base.

// storedBase returns the base as its stored snapshot has it; nil where views read the profiles, or are of another moment than the
// snapshot. NotFound when there is no snapshot yet.
func (a *App) storedBase(ctx context.Context, asOf int64) (*Base, error) {
	if !a.ports.Stored {
		return nil, nil
	}
	shot, err := a.CurrentSnapshot(ctx)
	if asOf != 0 && (fault.Is(err, fault.NotFound) || err == nil && shot.AsOf != asOf) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !shot.People {
		return nil, fault.New(fault.NotFound, "the snapshot was made by an older version of Weir, which kept no users in it").WithHint("make a new one: POST /v1/snapshot")
	}
	a.baseLock.Lock()
	defer a.baseLock.Unlock()
	stamp := "stored " + shot.Generation
	for _, b := range a.bases {
		if b.stamp == stamp {
			return b, nil
		}
	}
	a.shelf.turn(shot.Generation)
	b := &Base{AsOf: shot.AsOf, Shot: &shot, stamp: stamp}
	if b.opened, err = snapshot.Open(a.SnapshotFiles(ctx, shot)); err != nil {
		return nil, err
	}
	if b.Live, err = a.liveOf(ctx, shot, b.opened); err != nil {
		return nil, err
	}
	text, err := a.ports.Shots.Get(ctx, shot.Generation, figuresName)
	if err != nil {
		return nil, fault.Wrap(err, "read the figures of the snapshot")
	}
	if b.Figures, err = readFigures(text); err != nil {
		return nil, err
	}
	a.bases = []*Base{b}
	return b, nil
}

// liveOf is the strategy, the cuts and the models that a snapshot was made with.
func (a *App) liveOf(ctx context.Context, shot StoredSnapshot, s *snapshot.Snapshot) (*Live, error) {
	live, err := a.Live(ctx)
	if err != nil || live.Tuple() == shot.Tuple {
		return live, err
	}
	m := s.Manifest
	own := &Live{Engine: s.Engine.WithZones(a.userZone), Models: s.Engine.Models(), Zone: s.Start.Zone, Text: []byte(m.Strategy.Text), Version: m.Strategy.Version}
	if m.Cuts.Version == "" {
		return own, nil
	}
	kept, err := a.ports.Docs.Get(ctx, docCutsVersions+m.Cuts.Version)
	if err != nil || kept.Version == 0 {
		return own, err
	}
	own.Cuts, err = score.ParseCuts(kept.Value)
	return own, err
}

// peopleQuery selects rows of the stored people.
type peopleQuery struct {
	keep  func(p *people) (func(row int) bool, error) // of a part; nil: everybody
	value func(p *people, row int) (v int64, ok bool) // what they are sorted by; nil: the id
	desc  bool
	where string // a condition
	after string // next of the page before
	limit int
	also  func(p *people, row int) // sees every row that is selected; may be nil
}

// peoplePage is a page of them, with the totals of the whole selection.
type peoplePage struct {
	total, spend int64
	rows         []score.Result
	next         string
}

// ranked is a row of the stored people in the order that is asked for.
type ranked struct {
	part, row int
	value     int64
	known     bool
	key       string
}

func (q *peopleQuery) rank(p *people, part, row int) ranked {
	r := ranked{part: part, row: row}
	if q.value != nil {
		r.value, r.known = q.value(p, row)
	}
	return r
}

// compare orders like userOrder: ties go by id, and users without the value come last either way. The key of x may be given as bytes.
func (q *peopleQuery) compare(x *ranked, xKey []byte, y *ranked) int {
	sign := 1
	if q.desc {
		sign = -1
	}
	byKey := func() int {
		if xKey != nil {
			return cmp.Compare(string(xKey), y.key) // no copy is made of it
		}
		return cmp.Compare(x.key, y.key)
	}
	switch {
	case q.value == nil:
		return sign * byKey()
	case x.known && !y.known:
		return -1
	case y.known && !x.known:
		return 1
	}
	if c := sign * cmp.Compare(x.value, y.value); c != 0 {
		return c
	}
	return byKey()
}

// people answers a query of the stored people. It reads every part once, and holds twice a page of rows.
func (a *App) people(ctx context.Context, base *Base, q peopleQuery) (page peoplePage, err error) {
	shot := base.Shot
	after, err := a.placeOf(ctx, base, &q)
	if err != nil {
		return page, err
	}
	where, err := a.whereOf(base, q.where)
	if err != nil {
		return page, err
	}
	var best []ranked // sorted up to the last cut
	var worst *ranked // of those that a page can hold
	cut := func() {
		slices.SortFunc(best, func(x, y ranked) int { return q.compare(&x, nil, &y) })
		if len(best) > q.limit {
			best = best[:q.limit+1] // one more says that there is another page
			worst = &best[q.limit]
		}
	}
	for n := range shot.Parts {
		if ctx.Err() != nil {
			return page, fault.New(fault.Unavailable, "the search was cut short").Because(ctx.Err())
		}
		p, err := a.part(ctx, shot.Generation, n)
		if err != nil {
			return page, err
		}
		kept := func(int) bool { return true }
		if q.keep != nil {
			if kept, err = q.keep(p); err != nil {
				return page, err
			}
		}
		hits, err := where(ctx, n, p)
		if err != nil {
			return page, err
		}
		for row := range p.rows {
			key := p.key(row)
			if len(key) == 0 || hits != nil && hits[row/64]>>(row%64)&1 == 0 || !kept(row) {
				continue
			}
			page.total++
			page.spend += p.number(pSpend, row)
			if q.also != nil {
				q.also(p, row)
			}
			r := q.rank(p, n, row)
			if after != nil && q.compare(&r, key, after) <= 0 || worst != nil && q.compare(&r, key, worst) >= 0 {
				continue
			}
			r.key = string(key)
			if best = append(best, r); len(best) > 2*q.limit+16 {
				worst = nil
				cut()
			}
		}
	}
	cut()
	if len(best) > q.limit {
		last := best[q.limit-1]
		page.next = fmt.Sprintf("%s/%d/%d", shot.Generation, last.part, last.row)
		best = best[:q.limit]
	}
	page.rows, err = a.rowsOf(ctx, shot, best)
	return page, err
}

// rowsOf reads what stands in some rows. Who was forgotten since this process read their part is left out.
func (a *App) rowsOf(ctx context.Context, shot *StoredSnapshot, of []ranked) ([]score.Result, error) {
	g, err := a.graves(ctx)
	if err != nil {
		return nil, err
	}
	parts := map[int]*people{}
	out := make([]score.Result, 0, len(of))
	for _, r := range of {
		if g.holds(r.key) {
			continue
		}
		if parts[r.part] == nil {
			if parts[r.part], err = a.part(ctx, shot.Generation, r.part); err != nil {
				return nil, err
			}
		}
		out = append(out, parts[r.part].result(r.row))
	}
	return out, nil
}

// placeOf finds the row that a page ended with; nil for the first page.
func (a *App) placeOf(ctx context.Context, base *Base, q *peopleQuery) (*ranked, error) {
	if q.after == "" {
		return nil, nil
	}
	generation, place, _ := strings.Cut(q.after, "/")
	var part, row int
	if n, err := fmt.Sscanf(place, "%d/%d", &part, &row); err != nil || n != 2 {
		return nil, notAPage(q.after)
	}
	if generation != base.Shot.Generation {
		return nil, fault.New(fault.Conflict, "a newer snapshot took the place of the one that this page follows").WithHint("begin with the first page again")
	}
	if part < 0 || part >= base.Shot.Parts {
		return nil, notAPage(q.after)
	}
	p, err := a.part(ctx, generation, part)
	if err != nil {
		return nil, err
	}
	if row < 0 || row >= p.rows {
		return nil, notAPage(q.after)
	}
	r := q.rank(p, part, row)
	if r.key = string(p.key(row)); r.key == "" {
		return nil, fault.New(fault.Conflict, "the user who ended the page before was forgotten").WithHint("begin with the first page again")
	}
	return &r, nil
}

func notAPage(after string) error {
	return fault.New(fault.Invalid, "%q is not the end of a page", after).WithHint("give the `next` of the page before")
}

// unanswered is the error of a condition that the columns of the snapshot do not answer.
type unanswered struct{ why *fault.Error }

func (u *unanswered) Error() string { return u.why.Error() }

func (u *unanswered) Unwrap() error { return u.why }

// fewUsers is the size of a base of which every profile is read for a condition that its snapshot does not answer: some ten megabytes.
const fewUsers = 20_000

// readInstead reports whether the profiles are read because the snapshot did not answer a condition.
func (a *App) readInstead(base *Base, err error) bool {
	var u *unanswered
	return errors.As(err, &u) && base.Shot.Users <= a.few
}

// whereOf prepares a condition: what it returns gives the rows of a part that it holds for, nil for all.
func (a *App) whereOf(base *Base, where string) (func(ctx context.Context, n int, p *people) ([]uint64, error), error) {
	if where == "" {
		return func(context.Context, int, *people) ([]uint64, error) { return nil, nil }, nil
	}
	asked, err := base.Live.Engine.Compile(where)
	if err != nil {
		return nil, conditionError(err, where)
	}
	m, start := base.opened.Manifest, base.opened.Start
	if m.Sampling != nil {
		return nil, &unanswered{fault.New(fault.TooLarge, "the snapshot holds the columns of a sample of %d of %d users: conditions cannot be searched for in it", m.Rows, m.Users).
			WithHint("search by stage, tier, RFM name, segment or id, or publish the condition as a segment")}
	}
	if len(m.Shards) != base.Shot.Parts {
		return nil, damagedPart()
	}
	program, err := segment.Compile(asked.String(), start.SegmentSchema())
	if err != nil {
		return nil, conditionError(err, where)
	}
	return func(ctx context.Context, n int, p *people) ([]uint64, error) {
		path := m.Shards[n].Path
		b, err := a.shelf.get(base.Shot.Generation+"/"+path, func() ([]byte, error) { return a.SnapshotFiles(ctx, *base.Shot)(path) })
		if err != nil {
			return nil, fault.Wrap(err, "read the snapshot")
		}
		columns := whatif.NewBase(start.Zone)
		columns.WithZones(a.userZone)
		if err := columns.Add(b); err != nil {
			return nil, err
		}
		spec, err := start.Spec(columns)
		if err != nil {
			return nil, err
		}
		preview, err := columns.Compare(spec)
		if err != nil {
			return nil, err
		}
		rows, err := preview.Rows("the condition", program)
		if fault.Is(err, fault.Invalid) {
			return nil, &unanswered{fault.New(fault.Invalid, "the stored snapshot cannot answer it: %s", err.Error()).
				WithHint("give a segment of the strategy this condition: the next snapshot holds what it reads").Because(err)}
		}
		if err != nil {
			return nil, err
		}
		if columns.Rows() != p.rows || len(rows) != (p.rows+63)/64 {
			return nil, damagedPart()
		}
		return rows, nil
	}, nil
}

// storedUsers is Users from the stored snapshot.
func (a *App) storedUsers(ctx context.Context, base *Base, q UserQuery) (UserPage, error) {
	order, err := storedOrder(q.Sort)
	if err != nil {
		return UserPage{}, err
	}
	found, err := a.people(ctx, base, peopleQuery{
		keep: q.stored, value: order, desc: q.Desc, where: q.Where, after: q.After, limit: min(max(q.Limit, 1), 1000),
	})
	page := UserPage{AsOf: base.AsOf, Total: found.total, Spend: found.spend, Users: found.rows, Next: found.next, Shot: base.Shot}
	if err != nil || q.Search == "" || q.After != "" {
		return page, err
	}
	exact, err := a.User(ctx, q.Search, 0)
	switch {
	case err == nil:
		page.Exact = &exact.Result
	case !fault.Is(err, fault.NotFound):
		return page, err
	}
	return page, nil
}

// storedOrder is what the stored people are sorted by; nil: their ids.
func storedOrder(key string) (func(p *people, row int) (int64, bool), error) {
	at := map[string]int{"spend": pSpend, "orders": pOrders, "recency": pRecency, "first_seen": pFirstSeen, "last_seen": pLastSeen}
	if _, err := userOrder(key, false); err != nil {
		return nil, err
	}
	place, ok := at[key]
	if !ok {
		return nil, nil
	}
	return func(p *people, row int) (int64, bool) {
		return p.number(place, row), place != pRecency || p.number(pOrders, row) > 0
	}, nil
}

// stored is the query's filter over a part.
func (q *UserQuery) stored(p *people) (func(row int) bool, error) {
	type oneOf struct {
		at int
		is []bool
	}
	var tests []oneOf
	text := func(at int, want string) {
		if want != "" {
			tests = append(tests, oneOf{at, p.has(at, func(v segment.Value) bool { return v.Str == want })})
		}
	}
	text(pStage, q.Stage)
	text(pTier, q.Tier)
	if q.Segment != "" {
		tests = append(tests, oneOf{pSegments, p.has(pSegments, func(v segment.Value) bool {
			return slices.ContainsFunc(v.List, func(one segment.Value) bool { return one.Str == q.Segment })
		})})
	}
	var rfm, cn []bool
	if q.RFM != "" {
		named := func(v segment.Value) bool { return v.Str == q.RFM }
		rfm, cn = p.has(pRFM, named), p.has(pRFMCN, named)
	}
	search := strings.ToLower(q.Search)
	return func(row int) bool {
		for _, t := range tests {
			if code := p.number(t.at, row); code >= int64(len(t.is)) || !t.is[code] {
				return false
			}
		}
		if rfm != nil && !codeIn(rfm, p.number(pRFM, row)) && !codeIn(cn, p.number(pRFMCN, row)) {
			return false
		}
		return search == "" || strings.Contains(strings.ToLower(string(p.key(row))), search)
	}, nil
}

func codeIn(set []bool, code int64) bool { return code < int64(len(set)) && set[code] }
