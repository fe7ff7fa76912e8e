package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/fault"
)

// guarded is a condition expression of the adapters: that of an operation on items of a kind.
type guarded struct {
	Operation string
	Kind      string // of item: the part of its key after the workspace
	Text      string
}

func (g guarded) String() string { return g.Operation + " " + g.Kind + ": " + g.Text }

func itemKind(key types.AttributeValue) string {
	s, _ := key.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	_, rest, _ := strings.Cut(s.Value, "#")
	kind, _, _ := strings.Cut(rest, "#")
	return kind
}

// plainNames puts names into an expression for their placeholders.
func plainNames(text *string, names map[string]string) string {
	out := awssdk.ToString(text)
	for _, placeholder := range slices.Backward(slices.Sorted(maps.Keys(names))) {
		out = strings.ReplaceAll(out, placeholder, names[placeholder])
	}
	return out
}

// guards returns the condition expressions of a request. With drop it takes away the one that equals it, on a copy.
func guards(in any, drop *guarded) (all []guarded, out any) {
	take := func(operation string, key types.AttributeValue, text *string, names map[string]string) bool {
		if text == nil {
			return false
		}
		g := guarded{operation, itemKind(key), plainNames(text, names)}
		all = append(all, g)
		return drop != nil && g == *drop
	}
	switch in := in.(type) {
	case *dynamodb.PutItemInput:
		if take("Put", in.Item["pk"], in.ConditionExpression, in.ExpressionAttributeNames) {
			free := *in
			free.ConditionExpression, free.ExpressionAttributeNames, free.ExpressionAttributeValues = nil, nil, nil
			return all, &free
		}
	case *dynamodb.UpdateItemInput:
		if take("Update", in.Key["pk"], in.ConditionExpression, in.ExpressionAttributeNames) {
			free := *in
			free.ConditionExpression = nil
			free.ExpressionAttributeNames, free.ExpressionAttributeValues = used(*in.UpdateExpression, in.ExpressionAttributeNames), used(*in.UpdateExpression, in.ExpressionAttributeValues)
			return all, &free
		}
	case *dynamodb.DeleteItemInput:
		if take("Delete", in.Key["pk"], in.ConditionExpression, in.ExpressionAttributeNames) {
			free := *in
			free.ConditionExpression, free.ExpressionAttributeNames, free.ExpressionAttributeValues = nil, nil, nil
			return all, &free
		}
	case *dynamodb.TransactWriteItemsInput:
		free := *in
		free.TransactItems = slices.Clone(in.TransactItems)
		for i, w := range in.TransactItems {
			if p := w.Put; p != nil && take("Put", p.Item["pk"], p.ConditionExpression, p.ExpressionAttributeNames) {
				c := *p
				c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues = nil, nil, nil
				free.TransactItems[i].Put = &c
			}
			if d := w.Delete; d != nil && take("Delete", d.Key["pk"], d.ConditionExpression, d.ExpressionAttributeNames) {
				c := *d
				c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues = nil, nil, nil
				free.TransactItems[i].Delete = &c
			}
			if u := w.Update; u != nil && take("Update", u.Key["pk"], u.ConditionExpression, u.ExpressionAttributeNames) {
				c := *u
				c.ConditionExpression = nil
				c.ExpressionAttributeNames, c.ExpressionAttributeValues = used(*u.UpdateExpression, u.ExpressionAttributeNames), used(*u.UpdateExpression, u.ExpressionAttributeValues)
				free.TransactItems[i].Update = &c
			}
		}
		return all, &free
	}
	return all, in
}

// used returns what an expression names.
func used[V any](expression string, all map[string]V) map[string]V {
	out := map[string]V{}
	for name, v := range all {
		if strings.Contains(expression, name) {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// The environment makes the contract's tests run over a table that lacks one condition, or that notes every condition in a file.
const (
	withoutEnv = "WEIR_TEST_WITHOUT"
	noteEnv    = "WEIR_TEST_CONDITIONS"
)

// unguarded is a table that lacks one condition; note is told of each that is asked for.
type unguarded struct {
	aws.Table
	drop *guarded
	note func(guarded)
}

func (u unguarded) pass(in any) any {
	all, out := guards(in, u.drop)
	for _, g := range all {
		u.note(g)
	}
	return out
}

func (u unguarded) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return u.Table.PutItem(ctx, u.pass(in).(*dynamodb.PutItemInput), o...)
}

func (u unguarded) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return u.Table.UpdateItem(ctx, u.pass(in).(*dynamodb.UpdateItemInput), o...)
}

func (u unguarded) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return u.Table.DeleteItem(ctx, u.pass(in).(*dynamodb.DeleteItemInput), o...)
}

func (u unguarded) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return u.Table.TransactWriteItems(ctx, u.pass(in).(*dynamodb.TransactWriteItemsInput), o...)
}

// under returns the table that the environment asks for.
func under(t *testing.T, db aws.Table) aws.Table {
	u := unguarded{Table: db, note: func(guarded) {}}
	if text := os.Getenv(withoutEnv); text != "" {
		if err := json.Unmarshal([]byte(text), &u.drop); err != nil {
			t.Fatal(err)
		}
		return u
	}
	if path := os.Getenv(noteEnv); path != "" {
		u.note = func(g guarded) { note(t, path, g) }
		return u
	}
	return db
}

var noting sync.Mutex

func note(t *testing.T, path string, g guarded) {
	noting.Lock()
	defer noting.Unlock()
	text, err := json.Marshal(g)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
			_, err = f.Write(append(text, '\n'))
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// suites are the parts of the contract that write under conditions.
var suites = []string{"Ledger", "Profiles", "UserWrite", "Links", "Rejects", "Intents", "Caps", "Docs", "Contacts"}

// harmless are conditions that save a write and keep nothing whole.
var harmless = []guarded{
	{"Put", "a", "attribute_not_exists(pk)"}, // a reference in contact data has no content: written again it is the same
}

// contract runs a part of the contract, or the races, in a process of its own and reports whether it passed.
func contract(t *testing.T, suite, environment string) (bool, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", pattern(suite), "-test.failfast", "-test.timeout", "100s")
	cmd.Env = append(os.Environ(), environment)
	out, err := cmd.CombinedOutput()
	if err == nil && strings.Contains(string(out), "no tests to run") {
		t.Fatalf("the contract has no part %s", suite)
	}
	return err == nil, string(out)
}

func pattern(suite string) string {
	if suite == "races" {
		return "^TestRaces$"
	}
	return "^TestContract$/^dynoxide$/^" + suite + "$"
}

// TestWithoutOneConditionTheSuiteIsRed takes away each condition expression that the adapters send, one at a time, and expects that the
// contract suite or the races fail. With -short it takes every third.
func TestWithoutOneConditionTheSuiteIsRed(t *testing.T) {
	if os.Getenv(withoutEnv)+os.Getenv(noteEnv) != "" {
		t.Skip("this is the process that the test started")
	}
	s, err := emulated.Start(context.Background(), t.TempDir(), true)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	where := map[guarded][]string{}
	for _, suite := range append(suites, "races") {
		path := filepath.Join(t.TempDir(), "conditions")
		if ok, out := contract(t, suite, noteEnv+"="+path); !ok {
			t.Fatalf("%s fails with every condition in place: %s", suite, out)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var g guarded
			if err := json.Unmarshal([]byte(line), &g); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(where[g], suite) {
				where[g] = append(where[g], suite)
			}
		}
	}
	if len(where) < 20 {
		t.Errorf("the contract meets %d conditions only", len(where))
	}
	for n, g := range slices.SortedFunc(maps.Keys(where), func(a, b guarded) int { return strings.Compare(a.String(), b.String()) }) {
		if testing.Short() && n%3 > 0 || slices.Contains(harmless, g) {
			continue
		}
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		red := slices.IndexFunc(where[g], func(suite string) bool {
			ok, _ := contract(t, suite, withoutEnv+"="+string(text))
			return !ok
		})
		if red < 0 {
			t.Errorf("without %s nothing fails in %v", g, where[g])
		}
	}
	t.Logf("%d conditions", len(where))
}
