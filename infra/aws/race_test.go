package aws_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

// between lets a rival work once, before the first write under a condition on items of a kind: what the writer read is old then.
type between struct {
	unguarded
	kind  string
	armed *atomic.Bool
	rival func()
}

func (b between) meet(in any) {
	all, _ := guards(in, nil)
	if slices.ContainsFunc(all, func(g guarded) bool { return g.Kind == b.kind }) && b.armed.CompareAndSwap(true, false) {
		b.rival()
	}
}

func (b between) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	b.meet(in)
	return b.unguarded.PutItem(ctx, in, o...)
}

func (b between) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	b.meet(in)
	return b.unguarded.UpdateItem(ctx, in, o...)
}

func (b between) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	b.meet(in)
	return b.unguarded.DeleteItem(ctx, in, o...)
}

func (b between) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	b.meet(in)
	return b.unguarded.TransactWriteItems(ctx, in, o...)
}

// race is what two processes do to one base: the rival all of its work in the middle of the first's.
type race struct {
	name   string
	kind   string // of the item that both write
	before func(t *testing.T, p app.Ports)
	first  func(t *testing.T, p app.Ports)
	rival  func(t *testing.T, p app.Ports)
	after  func(t *testing.T, p app.Ports) // of a process that starts later
}

func nothing(*testing.T, app.Ports) {}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// point makes a pointer; to itself it removes it.
func point(id, to string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		ok(t, p.Links.Apply(context.Background(), nil, map[string]string{id: to}))
	}
}

// pointsTo fails the test unless an id points there; "" for nowhere.
func pointsTo(id, to string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		if got := item(t, p, id).To; got != to {
			t.Errorf("%s points to %q", id, got)
		}
	}
}

func item(t *testing.T, p app.Ports, key string) app.Item {
	t.Helper()
	items, err := p.Profiles.Get(context.Background(), []string{key})
	ok(t, err)
	if len(items) != 1 {
		t.Fatalf("%d items of one key", len(items))
	}
	return items[0]
}

func redrive(by string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		ok(t, p.Rejects.Redriven(context.Background(), "f", by))
	}
}

func rotate(t *testing.T, p app.Ports) {
	t.Helper()
	for range 3 {
		_, err := p.Contacts.Rotate(context.Background())
		if !fault.Is(err, fault.Conflict) {
			ok(t, err)
			return
		}
	}
	t.Error("the keys cannot be changed")
}

var races = []race{
	{"one removes a pointer of an id that a profile comes for", "p", point("a", "x"), point("a", "a"), func(t *testing.T, p app.Ports) {
		written(t, p, app.UserWrite{Item: app.Item{Key: "a", To: "x"}}, nil)
	}, func(t *testing.T, p app.Ports) {
		pointsTo("a", "")(t, p)
		written(t, p, app.UserWrite{Item: app.Item{Key: "a", Version: 1}}, nil)
	}},
	{"one writes a profile while another makes its id a pointer", "p", func(t *testing.T, p app.Ports) {
		for _, key := range []string{"a", "b", "c"} {
			written(t, p, app.UserWrite{Item: app.Item{Key: key}}, nil)
		}
		written(t, p, app.UserWrite{Item: app.Item{Key: "d"}, Decision: &app.Decision{Key: "d", Seq: 1, AsOf: 1, Record: []byte(`{}`)}}, nil)
	}, nothing, nothing, func(t *testing.T, p app.Ports) {
		point("a", "x")(t, p)
		point("d", "x")(t, p)
		point("e", "x")(t, p)
		log := item(t, p, "d").Log
		for _, w := range []app.UserWrite{
			{Item: app.Item{Key: "a", Version: 1}}, {Item: app.Item{Key: "a", Version: 1, To: "y"}}, {Item: app.Item{Key: "b", Version: 1, To: "x"}},
			{Item: app.Item{Key: "d", Version: 1, Log: log}}, {Item: app.Item{Key: "d", Version: 1, Log: log, To: "y"}}, {Item: app.Item{Key: "d", Version: 1, To: "x"}},
			{Item: app.Item{Key: "d", Version: 2, Log: log, To: "x"}}, {Item: app.Item{Key: "e"}}, {Item: app.Item{Key: "e", To: "y"}}, {Item: app.Item{Key: "f", To: "x"}},
		} {
			written(t, p, w, conflict)
			w.Intents = []app.Intent{{ID: "i", Key: w.Item.Key, Status: app.IntentPending}}
			written(t, p, w, conflict)
			if w.Item.Version > 0 {
				written(t, p, app.UserWrite{Item: app.Item{Key: "c", Version: 1}, Absorb: []app.Absorbed{{Key: w.Item.Key, Version: w.Item.Version, Log: w.Item.Log, To: w.Item.To}}}, conflict)
			}
		}
		pointsTo("a", "x")(t, p)
		pointsTo("d", "x")(t, p)
	}},
	{"two drive rejects again", "r", func(t *testing.T, p app.Ports) {
		ok(t, p.Rejects.Put(context.Background(), []app.Reject{{File: "f", Line: 1, Reason: "bad_json", Text: "x", At: 1}}))
	}, redrive("late"), redrive("first"), func(t *testing.T, p app.Ports) {
		all, err := p.Rejects.List(context.Background(), "f", "", 0, 10)
		if err != nil || len(all) != 1 || all[0].Redrive != "first" {
			t.Errorf("the rejects are %+v, %v", all, err)
		}
	}},
	{"two make the keys of a base", "meta", nothing, keepAddress("u1", "one@example.com"), keepAddress("u2", "two@example.com"), func(t *testing.T, p app.Ports) {
		addressIs(t, p, "u1", "one@example.com")
		addressIs(t, p, "u2", "two@example.com")
	}},
	{"two change the keys of a base", "meta", keepAddress("u1", "one@example.com"), rotate, func(t *testing.T, p app.Ports) {
		rotate(t, p)
		keepAddress("u2", "two@example.com")(t, p)
	}, func(t *testing.T, p app.Ports) {
		addressIs(t, p, "u1", "one@example.com")
		addressIs(t, p, "u2", "two@example.com")
	}},
	{"two claim one message", "i", asked("a", "a1"), func(t *testing.T, p app.Ports) {
		if taken, err := p.Intents.Claim(context.Background(), app.Claim{ID: "a1", At: 1, Ceiling: 9}); taken || err != nil {
			t.Errorf("the message was claimed twice: %v, %v", taken, err)
		}
	}, claimed("a1"), func(t *testing.T, p app.Ports) {
		if n, err := p.Intents.Claimed(context.Background(), 0); n != 1 || err != nil {
			t.Errorf("%d messages count for the day, %v", n, err)
		}
	}},
	{"a user who had messages gets one while the profile is taken in", "u", both(both(asked("a"), asked("b", "b1", "b2")), claimed("b1")), takeIn("a", "b"), claimed("b2"), messages("a", 2)},
	{"a user gets a message while another's are taken in", "u", both(both(asked("a", "a1", "a2"), asked("b", "b1")), both(claimed("b1"), claimed("a1"))), takeIn("a", "b"), claimed("a2"), messages("a", 3)},
	{"a user gets the first message while the profile is taken in", "p", both(asked("a"), asked("b", "b1")), takeIn("a", "b"), claimed("b1"), messages("a", 1)},
	{"a message of a user is put off while another is claimed", "u", both(asked("a", "a1", "a2"), claimed("a1")), func(t *testing.T, p app.Ports) {
		ok(t, p.Intents.Release(context.Background(), "a1", 0, 5, "busy"))
	}, claimed("a2"), messages("a", 1)},
	{"a write that was not given the decision records back", "p", func(t *testing.T, p app.Ports) {
		written(t, p, app.UserWrite{Item: app.Item{Key: "u"}, Decision: &app.Decision{Key: "u", Seq: 1, AsOf: 1, Record: []byte(`{}`)}}, nil)
		written(t, p, app.UserWrite{Item: app.Item{Key: "v"}}, nil)
	}, nothing, nothing, func(t *testing.T, p app.Ports) {
		written(t, p, app.UserWrite{Item: app.Item{Key: "u", Version: 1}}, conflict)
		written(t, p, app.UserWrite{Item: app.Item{Key: "v", Version: 1, Log: []byte("another's")}}, conflict)
		written(t, p, app.UserWrite{Item: app.Item{Key: "v", Version: 1}, Absorb: []app.Absorbed{{Key: "u", Version: 1}}}, conflict)
		written(t, p, app.UserWrite{Item: app.Item{Key: "v", Version: 1}, Absorb: []app.Absorbed{{Key: "u", Version: 1, Log: []byte("another's")}}}, conflict)
		v, err := p.Profiles.Decisions(context.Background(), "u", 10)
		if err != nil || len(v) != 1 {
			t.Errorf("the records are %+v, %v", v, err)
		}
	}},
}

// asked stores a profile with pending intents.
func asked(key string, ids ...string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		w := app.UserWrite{Item: app.Item{Key: key}}
		for _, id := range ids {
			w.Intents = append(w.Intents, app.Intent{ID: id, Key: key, Rule: "r", Template: "t", Channel: "outbox", AsOf: 1, Status: app.IntentPending})
		}
		written(t, p, w, nil)
	}
}

func claimed(id string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		if taken, err := p.Intents.Claim(context.Background(), app.Claim{ID: id, At: 1, Ceiling: 9}); !taken || err != nil {
			t.Errorf("the claim of %s gave %v, %v", id, taken, err)
		}
	}
}

// takeIn makes one user of two, as often as somebody is in between.
func takeIn(into, from string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		for range 3 {
			items, err := p.Profiles.Get(context.Background(), []string{into, from})
			ok(t, err)
			each, err := p.Profiles.Write(context.Background(), []app.UserWrite{{Item: items[0], Absorb: []app.Absorbed{{Key: from, Version: items[1].Version, Log: items[1].Log}}}})
			ok(t, err)
			if each[0] == nil {
				return
			}
		}
		t.Errorf("%s cannot be taken into %s", from, into)
	}
}

func messages(user string, want int) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		if log, err := p.Intents.Log(context.Background(), user); len(log) != want || err != nil {
			t.Errorf("the log of %s is %v, %v", user, log, err)
		}
	}
}

// both does two things.
func both(f, g func(t *testing.T, p app.Ports)) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		f(t, p)
		g(t, p)
	}
}

var conflict = fault.New(fault.Conflict, "a conflict")

func written(t *testing.T, p app.Ports, w app.UserWrite, want error) {
	t.Helper()
	each, err := p.Profiles.Write(context.Background(), []app.UserWrite{w})
	if err != nil || fault.Is(each[0], fault.Conflict) != (want != nil) {
		t.Errorf("the write of %s: %v, %v", w.Item.Key, each, err)
	}
}

// TestRaces lets two processes change the same items, one in the middle of the other's change.
func TestRaces(t *testing.T) {
	s, err := emulated.Start(context.Background(), t.TempDir(), true)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, r := range races {
		t.Run(r.name, func(t *testing.T) {
			c := newBase(t)
			r.before(t, open(t, s, c))
			rival := open(t, s, c)
			u, _ := under(t, s.DynamoDB).(unguarded)
			if u.Table == nil {
				u = unguarded{Table: s.DynamoDB, note: func(guarded) {}}
			}
			b := between{unguarded: u, kind: r.kind, armed: &atomic.Bool{}, rival: func() { r.rival(t, rival) }}
			store, err := aws.Open(context.Background(), b, s.S3, s.KMS, c)
			if err != nil {
				t.Fatal(err)
			}
			b.armed.Store(true)
			r.first(t, store.Ports(func() int64 { return 1 }, nil))
			r.after(t, open(t, s, c))
		})
	}
}

func keepAddress(user, address string) func(t *testing.T, p app.Ports) {
	return func(t *testing.T, p app.Ports) {
		t.Helper()
		rooms, err := p.Contacts.Rooms(context.Background(), []string{user})
		if err != nil {
			t.Error(err)
			return
		}
		_, err = rooms[0].Add("ref:"+address, contact.Email, address, 1)
		ok(t, err)
		each, err := p.Contacts.Put(context.Background(), rooms)
		ok(t, err)
		ok(t, errors.Join(each...))
	}
}

func addressIs(t *testing.T, p app.Ports, user, want string) {
	t.Helper()
	if got, err := p.Contacts.Address(context.Background(), user, contact.Email); got != want || err != nil {
		t.Errorf("the address of %s is %q, %v", user, got, err)
	}
}
