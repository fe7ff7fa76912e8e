package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
)

// MaxListUsers is the number of users that one change of a list takes.
const MaxListUsers = 1_000_000

// ListMode says what a change of a manual list does with the users it names.
type ListMode string

// The modes.
const (
	ListAdd     ListMode = "add"     // they join
	ListRemove  ListMode = "remove"  // they leave
	ListReplace ListMode = "replace" // they join, and everybody else leaves
)

// ListRequest changes a manual list.
type ListRequest struct {
	List     string
	Users    []string // ids; "anon:" before one of a visitor
	Mode     ListMode
	Backfill bool  // history: no message follows from it
	At       int64 // unix milliseconds from which the users are on or off the list; 0: now
	Progress func(Progress)
}

// ListResult is the outcome of a change.
type ListResult struct {
	List      string `json:"list"`
	Users     int64  `json:"users"`     // distinct users that were named
	Joined    int64  `json:"joined"`    // that were not on the list
	Left      int64  `json:"left"`      // that were
	Unchanged int64  `json:"unchanged"` // named, and on or off the list already
	File      string `json:"file"`      // the event file that was written and read; "" when nothing had to change
}

// ChangeList puts users on a manual list or takes them off it, by an ordinary file of events (List Joined, List Left) that goes
// through the bucket: what it does is kept, replayed and rebuilt like every other event. Only users whose membership changes
// get an event, so that repeating a change does nothing. A change that was interrupted is finished by whoever reads the bucket.
//
// Errors: Invalid for a name or an id that cannot be used, TooLarge for more than MaxListUsers.
func (a *App) ChangeList(ctx context.Context, req ListRequest) (ListResult, error) {
	if err := checkList(req); err != nil {
		return ListResult{}, err
	}
	out := ListResult{List: req.List}
	owners, err := a.owners(ctx, req.Users)
	if err != nil {
		return out, err
	}
	out.Users = int64(len(owners))
	c := &listChange{req: req, owners: owners, now: cmp.Or(req.At, a.ports.Clock())}
	err = a.eachList(ctx, func(key string, f *profile.Facts) {
		c.known(key, f)
	})
	if err != nil {
		return out, err
	}
	c.unknown()
	out.Joined, out.Left, out.Unchanged = c.joined, c.left, out.Users-c.named
	if len(c.lines) == 0 {
		return out, nil
	}
	slices.Sort(c.lines) // by user: one file for one change, whatever the order
	text := strings.Join(c.lines, "")
	file, err := a.Upload(ctx, UploadRequest{
		Name: "list-" + req.List + "-" + hexHash(text) + ".ndjson", Body: strings.NewReader(text), Backfill: req.Backfill, AsOf: req.At,
	})
	if err != nil {
		return out, err
	}
	res, err := a.importKey(ctx, file, req.Progress)
	out.File = res.File.ID
	if err == nil && res.Counts.Rejected > 0 {
		err = fault.New(fault.Invalid, "%d users could not be put on the list or taken off it", res.Counts.Rejected).
			WithHint("see why with: weir rejects list %s", res.File.ID)
	}
	return out, err
}

func checkList(req ListRequest) error {
	switch {
	case !segment.IsListName(req.List):
		return fault.New(fault.Invalid, "%q is no name of a list", req.List).
			WithHint("give a name of at most %d characters without spaces, quotes and the signs , ; |", segment.MaxListName)
	case !slices.Contains([]ListMode{ListAdd, ListRemove, ListReplace}, req.Mode):
		return fault.New(fault.Invalid, "there is no mode %q", string(req.Mode)).WithHint("use add, remove or replace")
	case len(req.Users) > MaxListUsers:
		return fault.New(fault.TooLarge, "the list has %d users, more than %d", len(req.Users), MaxListUsers).WithHint("split the file")
	case len(req.Users) == 0 && req.Mode != ListReplace:
		return fault.New(fault.Invalid, "no user is named").WithHint("give a file with at least one user")
	}
	for i, id := range req.Users {
		if id == "" || id == event.AnonPrefix || len(id) > event.DefaultLimits.IDBytes {
			return fault.New(fault.Invalid, "user %d of the list has no id that can be used", i+1).
				WithHint("an id has 1 to %d bytes", event.DefaultLimits.IDBytes)
		}
	}
	return nil
}

// owners maps the users that the ids belong to, to one of the ids each.
func (a *App) owners(ctx context.Context, ids []string) (map[string]string, error) {
	pointers, err := a.ports.Links.Resolve(ctx, ids)
	if err != nil {
		return nil, fault.Wrap(err, "resolve the users of the list")
	}
	owners := make(map[string]string, len(ids))
	for _, id := range ids {
		key := cmp.Or(pointers[id], id)
		if have, ok := owners[key]; !ok || id < have {
			owners[key] = id
		}
	}
	return owners, nil
}

// eachList calls do for every profile; do must not keep f.
func (a *App) eachList(ctx context.Context, do func(key string, f *profile.Facts)) error {
	var f profile.Facts
	return a.eachBatch(ctx, func(items []Item) error {
		for i := range items {
			f.Reset()
			if err := decodeItem(items[i], &f, nil, nil); err != nil {
				return fault.Wrap(err, "read the profile of %s", items[i].Key)
			}
			do(items[i].Key, &f)
		}
		return nil
	})
}

// listChange collects the events of a change.
type listChange struct {
	req          ListRequest
	owners       map[string]string // users still to be seen, and the id that named each
	now          int64
	lines        []string
	joined, left int64
	named        int64 // of those in the request, whose membership changes
}

// known compares the request with one profile.
func (c *listChange) known(key string, f *profile.Facts) {
	m, on := membership(f, c.req.List)
	id, named := c.owners[key]
	delete(c.owners, key)
	switch {
	case named && c.req.Mode != ListRemove && !on:
		c.named++
		c.event(id, profile.EventListJoined, m.Time)
	case named && c.req.Mode == ListRemove && on:
		c.named++
		c.event(id, profile.EventListLeft, m.Time)
	case !named && c.req.Mode == ListReplace && on:
		c.event(key, profile.EventListLeft, m.Time)
	}
}

// unknown adds the users without a profile.
func (c *listChange) unknown() {
	if c.req.Mode == ListRemove {
		return
	}
	for _, id := range c.owners { // the lines are sorted afterwards
		c.named++
		c.event(id, profile.EventListJoined, 0)
	}
}

// event adds the event of one user. Its id follows from the membership that it ends, so that writing it again is no second
// change; its time is later than that membership's.
func (c *listChange) event(id, name string, before int64) {
	if name == profile.EventListJoined {
		c.joined++
	} else {
		c.left++
	}
	user, key := id, "userId"
	if rest, ok := strings.CutPrefix(id, event.AnonPrefix); ok {
		user, key = rest, "anonymousId"
	}
	hash := hexHash(strings.Join([]string{c.req.List, name, id, formatInt(before)}, "\x00"))
	line, err := json.Marshal(map[string]any{
		key: user, "type": "track", "event": name, "properties": map[string]string{"list": c.req.List},
		"timestamp": moment(max(c.now, before+1)).Format(time.RFC3339Nano), "messageId": "list-" + hash,
	})
	if err == nil { // maps of texts always marshal
		c.lines = append(c.lines, string(line)+"\n")
	}
}

func hexHash(text string) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, xxhash.Sum64String(text)))
}

// membership returns what a profile says of a list, and whether the user is on it.
func membership(f *profile.Facts, list string) (profile.Membership, bool) {
	i, ok := slices.BinarySearchFunc(f.Lists, list, func(m profile.Membership, name string) int { return strings.Compare(m.List, name) })
	if !ok {
		return profile.Membership{}, false
	}
	return f.Lists[i], !f.Lists[i].Left
}

// ListSize is one manual list.
type ListSize struct {
	List    string `json:"list"`
	Users   int64  `json:"users"`   // that are on it now
	Left    int64  `json:"left"`    // that were on it
	Changed int64  `json:"changed"` // unix milliseconds of the latest change
}

// Lists returns every manual list that somebody is or was on, by name.
func (a *App) Lists(ctx context.Context) ([]ListSize, error) {
	sizes := map[string]*ListSize{}
	err := a.eachList(ctx, func(_ string, f *profile.Facts) {
		for _, m := range f.Lists {
			s := sizes[m.List]
			if s == nil {
				s = &ListSize{List: m.List}
				sizes[m.List] = s
			}
			if s.Changed = max(s.Changed, m.Time); m.Left {
				s.Left++
			} else {
				s.Users++
			}
		}
	})
	out := make([]ListSize, 0, len(sizes))
	for _, s := range sizes {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(x, y ListSize) int { return strings.Compare(x.List, y.List) })
	return out, err
}

// ListMember is one user on a manual list.
type ListMember struct {
	User  string `json:"user_id"`
	Since int64  `json:"since"` // unix milliseconds
}

// List returns up to limit users that are on a list, by id, after the one given; next is "" on the last page, total their number.
// NotFound when nobody ever was on it.
func (a *App) List(ctx context.Context, list, after string, limit int) (members []ListMember, next string, total int64, err error) {
	if limit < 1 || limit > 1000 {
		return nil, "", 0, fault.New(fault.Invalid, "a page of %d users", limit).WithHint("ask for 1 to 1000")
	}
	seen := false
	err = a.eachList(ctx, func(key string, f *profile.Facts) {
		m, on := membership(f, list)
		if seen = seen || m.List != ""; !on {
			return
		}
		total++
		if key > after {
			members = append(members, ListMember{key, m.Time})
		}
	})
	if err != nil {
		return nil, "", 0, err
	}
	if !seen {
		return nil, "", 0, fault.New(fault.NotFound, "nobody is on a list %q", list).WithHint("see the lists with: weir lists list")
	}
	slices.SortFunc(members, func(x, y ListMember) int { return strings.Compare(x.User, y.User) })
	if len(members) > limit {
		members = members[:limit]
		next = members[limit-1].User
	}
	return members, next, total, nil
}

// ReadUsers reads the ids in a column of a CSV file with a header. Empty cells and repetitions are left out. Invalid when there
// is no such column, TooLarge for more than MaxListUsers.
func ReadUsers(r io.Reader, column string) ([]string, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.ReuseRecord, rows.LazyQuotes = -1, true, true
	head, err := rows.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, "the file has no header").WithHint("the first line names the columns, such as user_id").Because(ignoreEOF(err))
	}
	head = slices.Clone(head)
	head[0] = string(bytes.TrimPrefix([]byte(head[0]), []byte("\xef\xbb\xbf")))
	at := slices.IndexFunc(head, func(name string) bool { return strings.TrimSpace(name) == column })
	if at < 0 {
		return nil, fault.New(fault.Invalid, "the file has no column %s", column).WithHint("its columns are %s; name one with --column", strings.Join(head, ", "))
	}
	var users []string
	seen := map[string]bool{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return users, nil
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "the file is no CSV").WithHint("check the quotes at the place named").Because(err)
		}
		if at >= len(row) {
			continue
		}
		id := strings.TrimSpace(row[at])
		if id == "" || seen[id] {
			continue
		}
		if len(users) == MaxListUsers {
			return nil, fault.New(fault.TooLarge, "the file has more than %d users", MaxListUsers).WithHint("split the file")
		}
		id = strings.Clone(id)
		seen[id], users = true, append(users, id)
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
