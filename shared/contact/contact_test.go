package contact

import (
	"bytes"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		kind, in, want string
		ok             bool
	}{
		{Email, " Ann.Lee@Example.COM\n", "Ann.Lee@example.com", true},
		{Email, "用户@例子.公司", "用户@例子.公司", true},
		{Email, "a+b@x.org", "a+b@x.org", true},
		{Email, "ann", "ann", false},
		{Email, "@x.org", "@x.org", false},
		{Email, "a@", "a@", false},
		{Email, "a b@x.org", "a b@x.org", false},
		{Email, "a@b@x.org", "a@b@x.org", false},
		{Email, "Ann <a@x.org>", "Ann <a@x.org>", false},
		{Email, "a@x..org", "a@x..org", false},
		{Email, strings.Repeat("a", 65) + "@x.org", strings.Repeat("a", 65) + "@x.org", false},
		{Email, "a@x.org\r\nBcc: b@x.org", "a@x.org\r\nBcc: b@x.org", false},
		{Phone, "+49 (30) 123-456", "+4930123456", true},
		{Phone, "0049 30 123456", "+4930123456", true},
		{Phone, "＋８６ 138 0013 8000", "+8613800138000", true},
		{Phone, "030/123456", "030123456", true},
		{Phone, "13800138000", "13800138000", true},
		{Phone, "123", "123", false},
		{Phone, "1234567890123456", "1234567890123456", false},
		{Phone, "call me", "call me", false},
		{"fax", "1", "1", false},
	} {
		got, ok := Normalize(c.kind, c.in)
		if got != c.want || ok != c.ok {
			t.Errorf("Normalize(%s, %q) = %q, %v; want %q, %v", c.kind, c.in, got, ok, c.want, c.ok)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"Ann@Example.com", "+49 30 1", "０１２３４５", "a@\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []string{Email, Phone} {
			once, ok := Normalize(kind, s)
			twice, again := Normalize(kind, once)
			if ok && (twice != once || !again) {
				t.Fatalf("%q becomes %q and then %q", s, once, twice)
			}
			if ok && strings.ContainsAny(once, "\r\n\x00 ") {
				t.Fatalf("%q could break a header", once)
			}
		}
	})
}

var testKey = bytes.Repeat([]byte{7}, KeyBytes)

func TestSealIsRepeatableAndBound(t *testing.T) {
	one, err := Seal(testKey, []byte("u"), []byte("ann@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Seal(testKey, []byte("u"), []byte("ann@example.com"))
	if err != nil || !bytes.Equal(one, two) {
		t.Fatalf("the same text was sealed to other bytes: %v", err)
	}
	text, err := Open(testKey, []byte("u"), one)
	if err != nil || string(text) != "ann@example.com" {
		t.Fatalf("opened %q, %v", text, err)
	}
	other := bytes.Repeat([]byte{8}, KeyBytes)
	for name, open := range map[string]func() ([]byte, error){
		"another key":  func() ([]byte, error) { return Open(other, []byte("u"), one) },
		"another user": func() ([]byte, error) { return Open(testKey, []byte("v"), one) },
		"cut":          func() ([]byte, error) { return Open(testKey, []byte("u"), one[:len(one)-1]) },
		"short":        func() ([]byte, error) { return Open(testKey, []byte("u"), one[:3]) },
		"empty":        func() ([]byte, error) { return Open(testKey, []byte("u"), nil) },
		"changed": func() ([]byte, error) {
			b := bytes.Clone(one)
			b[len(b)-1] ^= 1
			return Open(testKey, []byte("u"), b)
		},
	} {
		if _, err := open(); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Seal(nil, nil, nil); err == nil {
		t.Error("sealed without a key")
	}
}

func TestRefs(t *testing.T) {
	x := NewIndex(testKey)
	a := x.Ref(Email, "ann@example.com")
	if !IsRef(a) || a != NewIndex(testKey).Ref(Email, "ann@example.com") {
		t.Errorf("%q is no stable reference", a)
	}
	for _, other := range []string{x.Ref(Phone, "ann@example.com"), x.Ref(Email, "ann@example.co"), NewIndex(testKey[1:]).Ref(Email, "ann@example.com")} {
		if other == a {
			t.Errorf("%q stands for two things", a)
		}
	}
	if again := NewIndex(testKey); x.Tombstone("u1") != again.Tombstone("u1") || x.Tombstone("u1") == x.Tombstone("u2") || len(x.Tombstone("u1")) != 32 {
		t.Error("tombstones are no hashes")
	}
}

// takeOut parses one event and takes its contact data out.
func takeOut(t testing.TB, line string) (event.Event, []Taken, string) {
	t.Helper()
	ev := parse(t, line)
	taken, original := NewIndex(testKey).TakeOut(&ev)
	return ev, taken, original
}

func parse(t testing.TB, line string) event.Event {
	t.Helper()
	var ev event.Event
	if reject := event.NewParser(event.DefaultLimits).Parse([]byte(line), &ev); reject != nil {
		t.Fatal(reject)
	}
	return ev
}

func TestTakeOut(t *testing.T) {
	x := NewIndex(testKey)
	ann, phone := x.Ref(Email, "ann@example.com"), x.Ref(Phone, "+4930123456")
	ev, taken, original := takeOut(t, `{"type":"identify","userId":"u","messageId":"m","timestamp":"2026-01-01T00:00:00Z",`+
		`"traits":{"name":"Ann","email":" ann@EXAMPLE.com","Phone":"+49 30 123456","age":7,"deep":{"email":"kept@example.com"}}}`)
	if want := `{"name":"Ann","email":"` + ann + `","Phone":"` + phone + `","age":7,"deep":{"email":"kept@example.com"}}`; ev.Traits.Raw != want {
		t.Errorf("the traits are %s, want %s", ev.Traits.Raw, want)
	}
	if want := `{"traits":{"email":" ann@EXAMPLE.com","Phone":"+49 30 123456"}}`; original != want {
		t.Errorf("taken out: %s", original)
	}
	if len(taken) != 2 || taken[0] != (Taken{Kind: Email, Ref: ann, Address: "ann@example.com", Valid: true, Trait: true}) {
		t.Errorf("taken: %+v", taken)
	}
	again, ok := event.ParseObject(ev.Traits.Raw)
	if !ok || len(again.Fields) != len(ev.Traits.Fields) {
		t.Errorf("the traits cannot be read again: %s", ev.Traits.Raw)
	}
	ev, taken, original = takeOut(t, `{"type":"track","event":"Signed Up","userId":"u","timestamp":"2026-01-01T00:00:00Z",`+
		`"properties":{"email":"\u0061nn@example.com","phone":4930123456},"context":{"ip":"::1","traits":{"email":"x"}}}`)
	if taken[0].Ref != ann || taken[0].Trait || taken[1].Address != "4930123456" || taken[2].Valid {
		t.Errorf("taken: %+v", taken)
	}
	if strings.Contains(ev.Properties.Raw+ev.Context.Raw, "example") || !strings.Contains(ev.Context.Raw, `"ip":"::1"`) {
		t.Errorf("left: %s %s", ev.Properties.Raw, ev.Context.Raw)
	}
	if want := `{"properties":{"email":"ann@example.com","phone":4930123456},"context":{"traits":{"email":"x"}}}`; original != want {
		t.Errorf("taken out: %s", original)
	}
	for _, line := range []string{
		`{"type":"identify","userId":"u","timestamp":"2026-01-01T00:00:00Z","traits":{"email":null,"phone":"","city":"Köln"}}`,
		`{"type":"track","event":"e","userId":"u","timestamp":"2026-01-01T00:00:00Z","properties":{"email":true,"phone":["1"]}}`,
	} {
		content := parse(t, line).Content
		if ev, taken, original := takeOut(t, line); taken != nil || original != "" || ev.Content != content {
			t.Errorf("%s: %v %s", line, taken, original)
		}
	}
}

func BenchmarkTakeOut(b *testing.B) {
	x := NewIndex(testKey)
	for name, line := range map[string]string{
		"with an address": `{"type":"identify","userId":"u","messageId":"m","timestamp":"2026-01-01T00:00:00Z","traits":{"name":"Ann","email":"ann@example.com","age":7}}`,
		"without":         `{"type":"track","event":"e","userId":"u","messageId":"m","timestamp":"2026-01-01T00:00:00Z","properties":{"revenue":7,"currency":"EUR"}}`,
	} {
		ev := parse(b, line)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				one := ev
				x.TakeOut(&one)
			}
		})
	}
}
