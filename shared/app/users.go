package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
)

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// UserQuery selects users of a base.
type UserQuery struct {
	Search  string // part of the id, whatever its case
	Where   string // a condition
	Stage   string
	Tier    string
	RFM     string
	Segment string
	Sort    string // id (default), spend, orders, recency, first_seen, last_seen
	Desc    bool
	After   string // Next of the page before
	Limit   int
	AsOf    int64
}

// UserPage is one page of users, with the totals of the whole selection.
type UserPage struct {
	AsOf  int64
	Total int64
	Spend int64
	Users []score.Result
	Next  string
	Shot  *StoredSnapshot // what it was read from; nil: the profiles as they are
	Exact *score.Result   // of a page from a snapshot: the user who has exactly the id that was searched for, as they are now; nil: nobody
}

// Users returns a page of the users that match. Errors of the condition are Invalid and hold a *segment.Error.
func (a *App) Users(ctx context.Context, q UserQuery) (UserPage, error) {
	base, err := a.Base(ctx, q.AsOf)
	if err != nil {
		return UserPage{}, err
	}
	if base.Shot != nil {
		_, err := parseCursor(q.After)
		if q.After == "" || err != nil || base.Shot.Users > a.few { // else the page before came from the profiles
			page, err := a.storedUsers(ctx, base, q)
			if !a.readInstead(base, err) {
				return page, err
			}
		}
		if base, err = a.readBase(ctx, 0); err != nil {
			return UserPage{}, err
		}
	}
	picked, err := a.pick(ctx, base, q)
	if err != nil {
		return UserPage{}, err
	}
	order, err := userOrder(q.Sort, q.Desc)
	if err != nil {
		return UserPage{}, err
	}
	slices.SortFunc(picked, order)
	page := UserPage{AsOf: base.AsOf, Total: int64(len(picked))}
	for _, r := range picked {
		page.Spend += r.Spend
	}
	start, err := parseCursor(q.After)
	if err != nil {
		return UserPage{}, err
	}
	limit := min(max(q.Limit, 1), 1000)
	start = min(start, len(picked))
	end := min(start+limit, len(picked))
	for _, r := range picked[start:end] {
		page.Users = append(page.Users, *r)
	}
	if end < len(picked) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

func parseCursor(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "%q is not the end of a page", s).WithHint("give the `next` of the page before")
	}
	return n, nil
}

func (a *App) pick(ctx context.Context, base *Base, q UserQuery) ([]*score.Result, error) {
	var hits map[string]bool
	if q.Where != "" {
		p, err := base.Live.Engine.Compile(q.Where)
		if err != nil {
			return nil, conditionError(err, q.Where)
		}
		if hits, err = a.match(ctx, base, p); err != nil {
			return nil, err
		}
	}
	search := strings.ToLower(q.Search)
	var out []*score.Result
	for i := range base.Users {
		r := &base.Users[i]
		switch {
		case hits != nil && !hits[r.Key],
			search != "" && !strings.Contains(strings.ToLower(r.Key), search),
			q.Stage != "" && r.Stage != q.Stage,
			q.Tier != "" && r.Tier != q.Tier,
			q.RFM != "" && r.RFM != q.RFM && r.RFMCN != q.RFM,
			q.Segment != "" && !slices.Contains(r.Segments, q.Segment):
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

// conditionError wraps a mistake in a condition so that people see the place.
func conditionError(err error, src string) error {
	var at *segment.Error
	if errors.As(err, &at) {
		return fault.New(fault.Invalid, "the condition has a mistake").WithHint("%s", at.Caret(src)).Because(err)
	}
	return err
}

// userOrder returns the order of a sort key; ties go by id, and users without the value come last either way.
func userOrder(key string, desc bool) (func(x, y *score.Result) int, error) {
	value := map[string]func(r *score.Result) (int64, bool){
		"":           nil,
		"id":         nil,
		"spend":      func(r *score.Result) (int64, bool) { return r.Spend, true },
		"orders":     func(r *score.Result) (int64, bool) { return int64(r.Orders), true },
		"recency":    func(r *score.Result) (int64, bool) { return int64(r.RecencyDays), r.Orders > 0 },
		"first_seen": func(r *score.Result) (int64, bool) { return r.FirstSeen, true },
		"last_seen":  func(r *score.Result) (int64, bool) { return r.LastSeen, true },
	}
	get, ok := value[key]
	if !ok {
		return nil, fault.New(fault.Invalid, "users cannot be sorted by %q", key).
			WithHint("sort by id, spend, orders, recency, first_seen or last_seen")
	}
	sign := 1
	if desc {
		sign = -1
	}
	return func(x, y *score.Result) int {
		if get == nil {
			return sign * strings.Compare(x.Key, y.Key)
		}
		vx, okx := get(x)
		vy, oky := get(y)
		switch {
		case okx && !oky:
			return -1
		case oky && !okx:
			return 1
		}
		return cmp.Or(sign*cmp.Compare(vx, vy), strings.Compare(x.Key, y.Key))
	}, nil
}

// UserView is everything about one user at a moment.
type UserView struct {
	Key    string   // canonical id
	IDs    []string // every id of the user, the canonical one first
	AsOf   int64
	Facts  *profile.Facts
	State  *profile.State // of the last decision up to AsOf; zero when there was none
	Result score.Result
	Live   *Live
}

// User returns one user, asked for by any of the user's ids. NotFound when no event of the user came up to asOf.
func (a *App) User(ctx context.Context, id string, asOf int64) (UserView, error) {
	asOf, err := a.AsOf(ctx, asOf)
	if err != nil {
		return UserView{}, err
	}
	live, _, err := a.cutsAt(ctx, asOf)
	if err != nil {
		return UserView{}, err
	}
	return a.userAt(ctx, live, id, asOf)
}

// userAt returns one user at asOf, scored under live.
func (a *App) userAt(ctx context.Context, live *Live, id string, asOf int64) (UserView, error) {
	key, ids, err := a.canonical(ctx, id)
	if err != nil {
		return UserView{}, err
	}
	items, err := a.ports.Profiles.Get(ctx, []string{key})
	if err != nil {
		return UserView{}, fault.Wrap(err, "read the profile of %s", key)
	}
	if items[0].Version == 0 {
		return UserView{}, unknownUser(id)
	}
	v := UserView{Key: key, IDs: ids, AsOf: asOf, Facts: new(profile.Facts), State: new(profile.State), Live: live}
	if err := decodeItem(items[0], v.Facts, nil, v.State); err != nil {
		return v, fault.Wrap(err, "read the profile of %s", key)
	}
	if v.Facts.LastSeen > asOf {
		later, err := a.foldKept(ctx, live, []string{key}, asOf)
		if err != nil {
			return v, err
		}
		if v.Facts = later[key]; v.Facts.Events == 0 {
			return v, unknownUser(id).WithHint("the user's first event is later than %s; ask for a later moment", day(asOf))
		}
	}
	if v.State.DecidedAt > asOf {
		v.State = new(profile.State)
	}
	live.Engine.Score(key, v.Facts, v.State, live.Cuts, asOf, &v.Result)
	return v, nil
}

func unknownUser(id string) *fault.Error {
	return fault.New(fault.NotFound, "no user has the id %q", id).WithHint("search the users with: weir users list --search TEXT")
}

// canonical returns the user that an id belongs to, and all ids of that user.
func (a *App) canonical(ctx context.Context, id string) (string, []string, error) {
	pointers, err := a.ports.Links.Resolve(ctx, []string{id})
	if err != nil {
		return "", nil, fault.Wrap(err, "resolve %s", id)
	}
	key := id
	if c, ok := pointers[id]; ok {
		key = c
	}
	owner, err := a.ids(ctx, []string{key})
	if err != nil {
		return "", nil, err
	}
	ids := []string{key}
	for other, canonical := range owner {
		if canonical == key && other != key {
			ids = append(ids, other)
		}
	}
	slices.Sort(ids[1:])
	return key, ids, nil
}

// Explanation is every score of a user with its reasons, and the versions it follows from.
type Explanation struct {
	Key     string
	AsOf    int64
	Live    *Live
	Reasons []score.Reason
}

// Explain returns every score of a user with its reasons.
func (a *App) Explain(ctx context.Context, id string, asOf int64) (Explanation, error) {
	v, err := a.User(ctx, id, asOf)
	if err != nil {
		return Explanation{}, err
	}
	reasons := v.Live.Engine.Explain(v.Key, v.Facts, v.State, v.Live.Cuts, v.AsOf)
	return Explanation{Key: v.Key, AsOf: v.AsOf, Live: v.Live, Reasons: reasons}, nil
}

// Timeline returns a user's events up to asOf, newest first, from the canonical files. next is the cursor of the next page.
func (a *App) Timeline(ctx context.Context, id string, asOf int64, after string, limit int) (rows []Row, next string, err error) {
	if asOf, err = a.AsOf(ctx, asOf); err != nil {
		return nil, "", err
	}
	start, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	key, ids, err := a.canonical(ctx, id)
	if err != nil {
		return nil, "", err
	}
	slices.Sort(ids)
	for try := 1; ; try++ {
		rows, err = a.eventsOf(ctx, ids, asOf+1)
		if err == nil {
			break
		}
		if !fault.Is(err, fault.Unavailable) || ctx.Err() != nil || try == timelineTries { // compaction took files from under the reader
			return nil, "", fault.Wrap(err, "read the events of %s", key)
		}
	}
	if len(rows) == 0 {
		return nil, "", unknownUser(id)
	}
	slices.SortFunc(rows, func(x, y Row) int { return cmp.Or(cmp.Compare(y.Time, x.Time), compareID(y.ID, x.ID)) })
	start = min(start, len(rows))
	end := min(start+max(limit, 1), len(rows))
	if end < len(rows) {
		next = strconv.Itoa(end)
	}
	return rows[start:end], next, nil
}

// timelineTries is how often a timeline is read when its files are merged meanwhile.
const timelineTries = 3

// eventsOf reads the kept events of ids before a moment, each once.
func (a *App) eventsOf(ctx context.Context, ids []string, to int64) (rows []Row, err error) {
	seen := map[lateKey]bool{}
	old := older{app: a}
	for row, err := range a.kept(ctx, RowFilter{Bucket: -1, Keys: ids, To: to}) {
		if err == nil {
			err = old.row(ctx, &row)
		}
		if err != nil {
			return nil, err
		}
		k := lateKey{row.Key, row.ID}
		if !seen[k] {
			seen[k] = true
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// EventID formats an event's identity.
func EventID(id event.ID) string { return hex.EncodeToString(id[:]) }

// Decisions returns a user's decision records, newest first.
func (a *App) Decisions(ctx context.Context, id string, limit int) (key string, records []Decision, err error) {
	if key, _, err = a.canonical(ctx, id); err != nil {
		return "", nil, err
	}
	records, err = a.ports.Profiles.Decisions(ctx, key, limit)
	if err != nil {
		return "", nil, fault.Wrap(err, "read the decisions of %s", key)
	}
	return key, records, nil
}
