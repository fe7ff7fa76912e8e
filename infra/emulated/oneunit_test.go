package emulated

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/cost"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
)

// meter sums the capacity that requests consume, as DynamoDB says, by what was done to which kind of item: "put p" is a profile's write.
type meter struct {
	weiraws.Table
	mu    sync.Mutex
	units map[string]float64
	sizes map[int]int // writes of profiles by the size of the item
	soon  float64     // writes of profiles that the index lists, because they are due within two days
}

// kindOf is what stands between the workspace and the user in a partition key.
func kindOf(pk types.AttributeValue) string {
	v, _ := pk.(*types.AttributeValueMemberS)
	if v == nil {
		return ""
	}
	parts := strings.Split(v.Value, "#")
	return parts[min(1, len(parts)-1)]
}

func (m *meter) add(what string, used ...types.ConsumedCapacity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.units == nil {
		m.units = map[string]float64{}
	}
	for _, u := range used {
		if u.CapacityUnits != nil {
			m.units[what] += *u.CapacityUnits
		}
	}
}

func (m *meter) one(what string, pk types.AttributeValue, used *types.ConsumedCapacity) {
	if used != nil {
		m.add(what+" "+kindOf(pk), *used)
	}
}

// size counts the size of a profile that was written.
func (m *meter) size(it map[string]types.AttributeValue) {
	if kindOf(it["pk"]) != "p" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sizes == nil {
		m.sizes = map[int]int{}
	}
	m.sizes[sizeOf(it)]++
	if it["lpk"] != nil {
		m.soon++
	}
}

type options = func(*dynamodb.Options)

func (m *meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...options) (*dynamodb.GetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.GetItem(ctx, in, o...)
	if err == nil {
		m.one("get", in.Key["pk"], out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...options) (*dynamodb.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.BatchGetItem(ctx, in, o...)
	if err == nil {
		for _, asked := range in.RequestItems { // one table, and one kind in a request
			m.add("get "+kindOf(asked.Keys[0]["pk"]), out.ConsumedCapacity...)
		}
	}
	return out, err
}

func (m *meter) Query(ctx context.Context, in *dynamodb.QueryInput, o ...options) (*dynamodb.QueryOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.Query(ctx, in, o...)
	if err == nil {
		m.one("query", in.ExpressionAttributeValues[":pk"], out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...options) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.PutItem(ctx, in, o...)
	if err == nil {
		m.one("put", in.Item["pk"], out.ConsumedCapacity)
		m.size(in.Item)
	}
	return out, err
}

func (m *meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...options) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.UpdateItem(ctx, in, o...)
	if err == nil {
		m.one("update", in.Key["pk"], out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...options) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.DeleteItem(ctx, in, o...)
	if err == nil {
		m.one("delete", in.Key["pk"], out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...options) (*dynamodb.TransactWriteItemsOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.TransactWriteItems(ctx, in, o...)
	if err == nil {
		kind := "" // of what is put first
		if put := in.TransactItems[0].Put; put != nil {
			kind = kindOf(put.Item["pk"])
		}
		m.add("transact "+kind, out.ConsumedCapacity...)
		if kind == "p" {
			m.size(in.TransactItems[0].Put.Item)
		}
	}
	return out, err
}

// consumed is what was consumed in all and by kind.
type consumed struct {
	reads, writes float64
	units         map[string]float64
}

// since returns what was consumed since the last call.
func (m *meter) since() (c consumed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.units, m.units = m.units, nil
	for what, n := range c.units {
		if isRead(what) {
			c.reads += n
		} else {
			c.writes += n
		}
	}
	return c
}

func isRead(what string) bool {
	return strings.HasPrefix(what, "get ") || strings.HasPrefix(what, "query ")
}

// String lists the kinds.
func (c consumed) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(c.units)) {
		fmt.Fprintf(&b, "%s %.0f, ", what, c.units[what])
	}
	return strings.TrimSuffix(b.String(), ", ")
}

// metered opens a base over DynamoDB Local, or with fast over Dynoxide, with a meter in between.
func metered(t *testing.T, fast bool, clock func() int64) (*app.App, *cloud, *meter) {
	t.Helper()
	ctx := context.Background()
	s, err := Start(ctx, t.TempDir(), fast)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	must(t, err)
	t.Cleanup(s.Close)
	m := &meter{Table: s.DynamoDB}
	store, err := weiraws.Open(ctx, m, s.S3, s.KMS, weiraws.Config{Key: KeyARN, Table: Name, Bucket: Name, Scratch: t.TempDir()})
	must(t, err)
	outbox := weiraws.NewOutbox(s.S3, Name, "")
	ports := store.Ports(clock, map[string]app.Channel{strategy.ChannelOutbox: outbox})
	a, err := app.New(ctx, ports, app.Options{Holder: "test"})
	must(t, err)
	return a, &cloud{Stack: &Stack{Services: s}, ports: ports, app: a}, m
}

func now() int64 { return time.Now().UnixMilli() }

// G4: a user of a file costs at most one write unit and one read unit when nothing is sent, whatever the size of the file, and also
// when a decision about the user is recorded.
func TestOneUnitPerUserAndFile(t *testing.T) {
	ctx := context.Background()
	a, c, m := metered(t, false, now)
	quiet, _, _ := strings.Cut(twinStrategy, "templates:")
	must(t, a.PinClock(ctx, time.Date(1997, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()))
	_, err := a.Publish(ctx, app.PublishRequest{Text: []byte(quiet)})
	must(t, err)
	run := func(name string, at int64, content []byte) {
		t.Helper()
		must(t, a.PinClock(ctx, at))
		c.put(t, "events/main/"+name, content)
		before := decisions(t, c.ports)
		m.since()
		r, err := a.ImportKey(ctx, name, "")
		must(t, err)
		used := m.since()
		users, decided := float64(r.Counts.Users), decisions(t, c.ports)-before
		t.Logf("%s: %.0f users, %d decisions: %s", name, users, decided, used)
		if decided == 0 {
			t.Errorf("%s decides nothing", name)
		}
		if n := used.units["put p"]; n < users || n > users+2*m.soon { // an entry of the index costs a unit to come and one to go
			t.Errorf("%s: %.0f users are written for %.0f units", name, users, n)
		}
		if n := used.units["get p"]; n > users {
			t.Errorf("%s: %.0f users are read for %.0f units", name, users, n)
		}
		for what, n := range used.units {
			if what != "put p" && (strings.HasSuffix(what, " p") || strings.HasSuffix(what, " d")) && !strings.HasPrefix(what, "get") && !strings.HasPrefix(what, "query") {
				t.Errorf("%s: %s takes %.0f units", name, what, n)
			}
		}
		ownUnits(t, name, used, users, 0)
	}
	for i, p := range sampleParts(t, tenth) {
		lines := strings.SplitAfter(string(p.content), "\n")
		if i == 1 { // one event, then ten, then the rest
			run("one.ndjson", p.at, []byte(lines[0]))
			run("ten.ndjson", p.at, []byte(strings.Join(lines[1:11], "")))
			p.content = []byte(strings.Join(lines[11:], ""))
		}
		run(p.name, p.at, p.content)
	}
	m.since()
	r, err := a.Sweep(ctx, nil)
	must(t, err)
	used := m.since()
	t.Logf("a sweep of %d users that changes %d: %s", r.Users, r.Changed, used)
	if n := used.units["put p"]; n < float64(r.Changed) || n > float64(r.Changed)+2*m.soon || used.units["transact p"] > 0 {
		t.Errorf("%d changes take %s", r.Changed, used)
	}
}

// ownUnits holds what a file of one chunk takes beside its users and links: the lease, the ledger, documents. Cuts are made of the whole base.
func ownUnits(t *testing.T, name string, used consumed, users, links float64) {
	t.Helper()
	writes := used.units["put docs"] + used.units["put f"] + used.units["update meta"]
	reads := used.units["get docs"] + used.units["get f"] + used.units["get meta"] + used.units["query files"]
	if writes > cost.FileWrites || reads > cost.FileReads {
		t.Errorf("%s: a file takes %.0f write and %.0f read units beside its users: %s", name, writes, reads, used)
	}
	if n := used.writes - writes - max(used.units["put p"], users); n > links*cost.LinkWrites {
		t.Errorf("%s: %.0f new links take %.0f write units: %s", name, links, n, used)
	}
	// A repeated link is looked for at half a unit.
	if n := used.units["query k"] + used.units["get k"]; n > links*cost.LinkReads+users {
		t.Errorf("%s: %.0f new links take %.0f read units: %s", name, links, n, used)
	}
}

// G4 where people come under two ids: a link is written once, each id of a file is read once, and the profile of a linked id once more.
func TestUnitsOfLinkedUsers(t *testing.T) {
	ctx := context.Background()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli()
	a, c, m := metered(t, true, func() int64 { return at })
	_, err := a.Publish(ctx, app.PublishRequest{Text: []byte(richStrategy)})
	must(t, err)
	const people = 50
	event := func(b *strings.Builder, kind, name string, n int, ids string) {
		fmt.Fprintf(b, `{"type":%q,"event":%q,"messageId":"%s-%s-%d-%d",%s,"timestamp":%q}`+"\n", kind, "E", kind, name, n, at,
			strings.ReplaceAll(ids, "N", fmt.Sprint(n)), time.UnixMilli(at-60_000).UTC().Format(time.RFC3339))
	}
	const anonymous, known, both = `"anonymousId":"aN"`, `"userId":"uN"`, `"userId":"uN","anonymousId":"aN"`
	for _, file := range []struct {
		name                 string
		events               map[string][]string // of each person: kinds, by ids
		reads, writes, links float64             // of profiles a person; new links a person
	}{
		{"anonymous", map[string][]string{anonymous: {"track"}}, 1, 1, 0},
		{"profiles-taken-in", map[string][]string{both: {"identify"}, anonymous: {"page"}}, 2, 0, 1},
		{"the-same-links-again", map[string][]string{both: {"identify"}, known: {"track"}}, 1, 1, 0},
		{"both-ids", map[string][]string{anonymous: {"track"}, known: {"track"}}, 2, 1, 0},
		{"linked-ids", map[string][]string{anonymous: {"track"}}, 2, 1, 0},
		{"canonical-ids", map[string][]string{known: {"track"}}, 1, 1, 0},
		{"new-people", map[string][]string{`"userId":"vN","anonymousId":"bN"`: {"identify"}, `"anonymousId":"bN"`: {"page"}}, 2, 1, 1},
	} {
		at += 3_600_000
		var text strings.Builder
		for n := range people {
			for _, ids := range slices.Sorted(maps.Keys(file.events)) {
				for _, kind := range file.events[ids] {
					event(&text, kind, file.name, n, ids)
				}
			}
		}
		c.put(t, "events/main/"+file.name+".ndjson", []byte(text.String()))
		m.since()
		soon := m.soon
		r, err := a.ImportKey(ctx, file.name+".ndjson", "")
		must(t, err)
		used := m.since()
		t.Logf("%s: %.0f users: %s", file.name, float64(r.Counts.Users), used)
		if r.Counts.Users != people || r.Counts.Rejected+r.Counts.Duplicates > 0 {
			t.Errorf("%s: %+v", file.name, r.Counts)
		}
		if n := used.units["get p"]; n > file.reads*people {
			t.Errorf("%s: %d people are read for %.0f units", file.name, people, n)
		}
		if n := used.units["put p"]; n > file.writes*people+2*(m.soon-soon+people*file.links) {
			t.Errorf("%s: %d people are written for %.0f units", file.name, people, n)
		}
		ownUnits(t, file.name, used, people, file.links*people)
	}
}

// decisions counts the decision records of a base.
func decisions(t *testing.T, ports app.Ports) (n int) {
	t.Helper()
	for after := ""; ; {
		page, err := ports.Profiles.Scan(context.Background(), after, 500)
		must(t, err)
		if len(page) == 0 {
			return n
		}
		for _, item := range page {
			all, err := ports.Profiles.Decisions(context.Background(), item.Key, 1000)
			must(t, err)
			n += len(all)
		}
		after = page[len(page)-1].Key
	}
}

// sizeOf is the size of an item as DynamoDB counts it.
func sizeOf(it map[string]types.AttributeValue) (n int) {
	for name, v := range it {
		n += len(name)
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			n += len(v.Value)
		case *types.AttributeValueMemberB:
			n += len(v.Value)
		case *types.AttributeValueMemberN: // two digits a byte, and one for the exponent
			n += (len(v.Value)+1)/2 + 1
		case *types.AttributeValueMemberBOOL:
			n++
		}
	}
	return n
}

// What package profile says of an item's size holds for the items that are stored.
func TestItemSize(t *testing.T) {
	ctx := context.Background()
	a, c, _ := metered(t, false, now)
	begin(t, a)
	for _, p := range sampleParts(t, hundredth) {
		must(t, a.PinClock(ctx, p.at))
		c.put(t, "events/main/"+p.name, p.content)
		_, err := a.ImportKey(ctx, p.name, "")
		must(t, err)
	}
	items, err := c.ports.Profiles.Scan(ctx, "", 100)
	must(t, err)
	stored, err := c.DynamoDB.Scan(ctx, &dynamodb.ScanInput{TableName: ref(Name)})
	must(t, err)
	for _, item := range items {
		want := profile.ItemSize(item.Key, item.Facts, item.State, item.Recent, len(item.Marks))
		for _, it := range stored.Items {
			if sk, _ := it["sk"].(*types.AttributeValueMemberS); sk == nil || sk.Value != item.Key || kindOf(it["pk"]) != "p" {
				continue
			}
			due := 0 // when the user is due stands beside what is said
			for _, name := range []string{"n", "lpk", "lsk"} {
				if v, ok := it[name]; ok {
					due += sizeOf(map[string]types.AttributeValue{name: v})
				}
			}
			if got := sizeOf(it) - due; got > want || got < want-12 { // numbers and pointers are shorter than they may be
				t.Errorf("the item of %s has %d bytes, and %d are said", item.Key, got, want)
			}
		}
	}
	if len(items) == 0 || len(stored.Items) < len(items) {
		t.Errorf("%d profiles and %d items", len(items), len(stored.Items))
	}
}

func ref[T any](v T) *T { return &v }
