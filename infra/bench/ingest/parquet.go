package main

import (
	"errors"
	"io"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/profile"
)

// columnar folds a Parquet file by columns. Its memory serves the next file again.
type columnar struct {
	rows               *profile.Rows
	batch              eventfile.Batch
	names              []*profile.RowName // of the batch's names
	known              map[string]*profile.RowName
	users              []profile.RowUser // of the batch's keys
	turn               int
	amounts            []int64
	are                []bool // which of amounts are
	orders, currencies []event.Value
}

func newColumnar(s *profile.Schema) *columnar {
	return &columnar{rows: profile.NewRows(s), known: map[string]*profile.RowName{}}
}

// read reads every row and adds what passes.
func (c *columnar) read(r *eventfile.Reader, out *outcome) error {
	c.names, c.turn = c.names[:0], -1
	paths, digits, order, currency := c.rows.Reads()
	b := &c.batch
	for {
		if err := r.NextBatch(b); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		c.lookUp()
		c.amounts, c.are = b.Scaled(paths, digits, c.amounts, c.are)
		c.orders, c.currencies = b.Values(order, c.orders), b.Values(currency, c.currencies)
		for i, ready := range b.Ready {
			if ready && c.add(i) {
				continue
			}
			if err := c.whole(i, out); err != nil {
				return err
			}
		}
	}
}

// lookUp brings names and users up to the batch.
func (c *columnar) lookUp() {
	for _, name := range c.batch.Names[len(c.names):] {
		if c.known[name] == nil {
			c.known[name] = c.rows.Name(name)
		}
		c.names = append(c.names, c.known[name])
	}
	if c.turn != c.batch.Turn {
		c.turn = c.batch.Turn
		c.users = append(c.users[:0], make([]profile.RowUser, len(c.batch.Keys))...)
		for i, key := range c.batch.Keys {
			if key != "" {
				c.users[i] = c.rows.User(key, c.batch.Hashes[i])
			}
		}
	}
}

// add adds a row that is ready, unless its event must be looked at.
func (c *columnar) add(i int) bool {
	b := &c.batch
	n, user := c.names[b.Name[i]], c.users[b.Key[i]]
	switch {
	case n.Whole || n.Purchase && !c.are[i]:
		return false
	case n.Purchase:
		return c.rows.AddPurchase(user, n, b.ID[i], b.Time[i], c.amounts[i], at(c.orders, i), at(c.currencies, i))
	}
	c.rows.Add(user, n, b.ID[i], b.Time[i])
	return true
}

// at is the value of a row in a column, nil when the file has none.
func at(values []event.Value, i int) *event.Value {
	if len(values) == 0 {
		return nil
	}
	return &values[i]
}

// whole adds a row by way of its event.
func (c *columnar) whole(i int, out *outcome) error {
	ev, err := c.batch.Event(i)
	var line *eventfile.LineError
	switch {
	case errors.As(err, &line):
		out.Rejected++
		return nil
	case err != nil:
		return err
	}
	if c.rows.AddEvent(ev) != nil {
		out.Rejected++
	}
	return nil
}
