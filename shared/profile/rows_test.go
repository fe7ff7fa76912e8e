package profile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const rowsStrategy = `weir: 1
name: rows
events: [Seen]
metrics:
  - {name: seen, event: Seen, agg: count, windows: [7, 30]}
  - {name: all, event: "*", agg: count, windows: [90]}
  - {name: spent, event: Paid, agg: sum, value: properties.revenue, unit: money, windows: [30]}
`

// usersOf is what a fold yields, by user.
func usersOf(yield func(func(string, *Facts) bool)) map[string][]byte {
	users := map[string][]byte{}
	yield(func(key string, f *Facts) bool {
		users[strings.Clone(key)] = EncodeFacts(nil, f)
		return true
	})
	return users
}

// TestRowsFoldAsTheTable adds the same events to Rows, by columns where it can be, and to a Table.
func TestRowsFoldAsTheTable(t *testing.T) {
	st, err := strategy.Parse([]byte(rowsStrategy))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSchema(st, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		rows, table := NewRows(s), NewTable(s)
		names := map[string]*RowName{}
		for _, name := range []string{"Order Completed", "Order Refunded", "Seen", "Paid", "Other"} {
			names[name] = rows.Name(name)
		}
		for range rapid.IntRange(0, 200).Draw(t, "events") {
			ev := drawnEvent(t)
			refused := table.Add(&ev) != nil
			if rapid.Bool().Draw(t, "whole") {
				if (rows.AddEvent(&ev) != nil) != refused {
					t.Fatalf("AddEvent and Add differ about %v", ev)
				}
				continue
			}
			if addRow(rows, names[ev.Name], &ev) == refused {
				t.Fatalf("Rows and Table differ about %v", ev)
			}
		}
		want, got := usersOf(table.Users()), usersOf(rows.Users())
		if len(got) != len(want) || rows.Duplicates() != table.Duplicates() {
			t.Fatalf("%d users and %d duplicates, want %d and %d", len(got), rows.Duplicates(), len(want), table.Duplicates())
		}
		for key, facts := range want {
			if !bytes.Equal(got[key], facts) {
				t.Fatalf("user %s\n got %x\nwant %x", key, got[key], facts)
			}
		}
	})
}

func drawnEvent(t *rapid.T) event.Event {
	ev := event.Event{
		Kind: event.Track, UserID: fmt.Sprint("u", rapid.IntRange(0, 20).Draw(t, "user")), Time: rapid.Int64Range(0, 5e12).Draw(t, "time"),
		Name: rapid.SampledFrom([]string{"Order Completed", "Order Refunded", "Seen", "Paid", "Other"}).Draw(t, "name"),
	}
	if rapid.Bool().Draw(t, "named") {
		ev.MessageID = fmt.Sprint("m", rapid.IntRange(0, 100).Draw(t, "message"))
	} else {
		ev.Content[0] = byte(rapid.IntRange(0, 3).Draw(t, "content"))
	}
	if rapid.IntRange(0, 5).Draw(t, "paid") > 0 {
		raw := fmt.Sprint(rapid.Int64Range(-1, 1000).Draw(t, "amount"))
		ev.Properties.Fields = []event.Field{{Key: "revenue", Value: event.Value{Kind: event.Number, Raw: raw}}}
		if rapid.Bool().Draw(t, "order") {
			ev.Properties.Fields = append(ev.Properties.Fields, event.Field{Key: "order_id", Value: event.Value{Kind: event.String, Raw: "o" + raw}})
		}
		if c := rapid.SampledFrom([]string{"-", "", "USD", "usd", "EUR"}).Draw(t, "currency"); c != "-" {
			ev.Properties.Fields = append(ev.Properties.Fields, event.Field{Key: "currency", Value: event.Value{Kind: event.String, Raw: c}})
		}
	}
	return ev
}

// addRow adds an event as a reader of columns does.
func addRow(rows *Rows, n *RowName, ev *event.Event) bool {
	amounts, digits, order, currency := rows.Reads()
	amount, ok := ev.Properties.Get(amounts[0]).Scaled(digits)
	if ev.MessageID == "" || n.Whole || n.Purchase && !ok {
		return rows.AddEvent(ev) == nil
	}
	hash := event.UserHash(ev.UserID)
	u, id := rows.User(ev.UserID, hash), ev.StableIDOf(hash, 0)
	if n.Purchase {
		o, c := ev.Properties.Get(order), ev.Properties.Get(currency)
		return rows.AddPurchase(u, n, id, ev.Time, amount, &o, &c)
	}
	rows.Add(u, n, id, ev.Time)
	return true
}
