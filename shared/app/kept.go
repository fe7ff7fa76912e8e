package app

import (
	"context"
	"iter"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// kept yields canonical rows without those of users who were forgotten: these stand in the files until they are compacted.
func (a *App) kept(ctx context.Context, filter RowFilter) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		g, err := a.graves(ctx)
		if err != nil {
			yield(Row{}, err)
			return
		}
		for row, err := range a.ports.Canon.Read(ctx, filter) {
			if err != nil {
				yield(row, fault.Wrap(err, "read the kept events"))
				return
			}
			if !g.holds(row.Key) && !yield(row, nil) {
				return
			}
		}
	}
}

// older reads rows that were written before contact data was taken out.
type older struct {
	app   *App
	index *contact.Index
}

// takeOut replaces the contact data that an event of such a row still holds; nil when it holds none.
func (o *older) takeOut(ctx context.Context, row *Row, ev *event.Event) (*personal, error) {
	if row.Contact != "" || !contact.Has(ev) {
		return nil, nil //nolint:nilnil // nothing was taken out, which is no failure
	}
	if o.index == nil {
		var err error
		if o.index, err = o.app.index(ctx); err != nil {
			return nil, err
		}
	}
	p := new(personal)
	p.Taken, p.Original = o.index.TakeOut(ev)
	return p, nil
}

// row replaces the contact data in the texts of such a row.
func (o *older) row(ctx context.Context, row *Row) error {
	if row.Contact != "" {
		return nil
	}
	var ev event.Event
	rowEvent(row, &ev)
	p, err := o.takeOut(ctx, row, &ev)
	if p != nil {
		row.Properties, row.Traits, row.Context = ev.Properties.Raw, ev.Traits.Raw, ev.Context.Raw
	}
	return err
}
