package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/shared/zone"
)

// base is an open data folder with the use cases over it.
type base struct {
	store *embedded.Store
	app   *app.App
	api   *httpapi.Server // answers as the API does
}

// access says what a command does with the data folder.
type access bool

const (
	reading access = true  // beside a process that writes
	writing access = false // alone
)

// keepDays is how long event files and quarantined lines are kept: both may hold personal data.
const keepDays = 30

func (c *cli) open(ctx context.Context, a access) (*base, error) {
	if c.url != "" {
		return nil, &usageError{err: errors.New("this command works on a data folder: leave --url (WEIR_URL) out")}
	}
	return openBase(ctx, c.data, a, c.approval)
}

func openBase(ctx context.Context, dir string, a access, approval bool) (*base, error) {
	store, err := embedded.Open(dir, embedded.Options{ReadOnly: bool(a), KeepDays: keepDays})
	if err != nil {
		return nil, err
	}
	ports := store.Ports(func() int64 { return time.Now().UnixMilli() })
	uses, err := app.New(ctx, ports, app.Options{Workers: runtime.NumCPU(), Approval: approval})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &base{store: store, app: uses, api: httpapi.NewServer(uses, version())}, nil
}

// with runs do over the data folder and closes it.
func (c *cli) with(ctx context.Context, a access, do func(*base) error) error {
	b, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	err = do(b)
	if failed := b.store.Close(); failed != nil && err == nil {
		err = fault.Wrap(failed, "close %s", c.data)
	}
	return err
}

// instant is a flag that holds a moment.
type instant struct{ at *time.Time }

var _ pflag.Value = (*instant)(nil)

func (i *instant) String() string {
	if i.at == nil {
		return ""
	}
	return i.at.UTC().Format(time.RFC3339)
}

func (i *instant) Set(s string) error {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return errors.New("a moment is RFC 3339, such as 1997-09-30T00:00:00Z")
	}
	i.at = &t
	return nil
}

func (i *instant) Type() string { return "time" }

func (i *instant) millis() int64 {
	if i.at == nil {
		return 0
	}
	return i.at.UnixMilli()
}

// dayOrMoment is a flag that holds a day of the project's zone, or a moment.
type dayOrMoment struct {
	text string
	day  zone.Day
	at   instant
}

var _ pflag.Value = (*dayOrMoment)(nil)

func (d *dayOrMoment) String() string { return d.text }

func (d *dayOrMoment) Set(s string) error {
	day, err := zone.ParseDay(s)
	if err != nil {
		if d.at.Set(s) != nil {
			return errors.New("give a day, such as 1997-06-30, or a moment, such as 1997-06-30T12:00:00Z")
		}
	}
	d.text, d.day = s, day
	return nil
}

func (d *dayOrMoment) Type() string { return "day" }

// end returns the moment, or the last one of the day; 0 when the flag was not given.
func (d *dayOrMoment) end(ctx context.Context, b *base) (int64, error) {
	if d.text == "" || d.at.at != nil {
		return d.at.millis(), nil
	}
	live, err := b.app.Live(ctx)
	if err != nil {
		return 0, err
	}
	return live.Zone.Start(d.day+1) - 1, nil
}

// optional returns nil for the zero value: an absent parameter of the API.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// page holds the flags of a command that prints a page.
type page struct {
	limit int
	after string
}

func (p *page) flags(f *pflag.FlagSet) {
	f.IntVar(&p.limit, "limit", 50, "how many at most (1 to 1000)")
	f.StringVar(&p.after, "after", "", "the `next` of the page before")
}

// more tells people how to go on.
func (c *cli) more(next *string) {
	if next != nil && !c.json {
		c.note("There are more: add --after %s", *next)
	}
}
