package event

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		kind     ValueKind
		raw      string
		decimals int
		want     int64
		ok       bool
	}{
		{Number, "12.34", 2, 1234, true}, {Number, "12.345", 2, 1235, true}, {Number, "-12.345", 2, -1235, true}, {Number, "12.344999999999999999", 2, 1234, true},
		{Number, "0.005", 2, 1, true}, {Number, "0.0049", 2, 0, true}, {Number, "-0", 2, 0, true}, {Number, "1e2", 2, 10000, true}, {Number, "1E-2", 2, 1, true},
		{Number, "12.50", 0, 13, true}, {Number, "9223372036854775807", 0, math.MaxInt64, true}, {Number, "9223372036854775808", 0, 0, false},
		{Number, "92233720368547758.07", 2, math.MaxInt64, true}, {Number, "1e400", 0, 0, false}, {Number, "1e-400", 0, 0, true}, {Number, "1e99999999999", 0, 0, false},
		{String, "12.34", 2, 1234, true}, {String, "12,34", 2, 0, false}, {String, "", 2, 0, false}, {String, "NaN", 2, 0, false}, {String, " 1", 2, 0, false},
		{String, "01", 2, 0, false}, {String, "1.", 2, 0, false}, {String, ".5", 2, 0, false}, {String, "-", 2, 0, false}, {String, "+1", 2, 0, false}, {String, "0x1", 0, 0, false},
		{Bool, "true", 2, 0, false}, {None, "", 2, 0, false}, {Null, "null", 2, 0, false},
	} {
		if n, ok := (Value{Kind: c.kind, Raw: c.raw}).Scaled(c.decimals); n != c.want || ok != c.ok {
			t.Errorf("%s with %d decimals is %d %v, want %d %v", c.raw, c.decimals, n, ok, c.want, c.ok)
		}
	}
}

func TestScaledIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringMatching(`-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?`).Draw(t, "number")
		decimals := rapid.IntRange(0, 6).Draw(t, "decimals")
		r, _ := new(big.Rat).SetString(raw)
		r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)))
		twice := new(big.Int).Mul(new(big.Int).Abs(r.Num()), big.NewInt(2))
		n := twice.Add(twice, r.Denom())
		n.Quo(n, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
		if r.Sign() < 0 {
			n.Neg(n)
		}
		got, ok := Value{Kind: Number, Raw: raw}.Scaled(decimals)
		if fits := n.IsInt64() && n.Int64() != math.MinInt64; ok != fits || ok && got != n.Int64() {
			t.Fatalf("%s with %d decimals is %d %v, want %s", raw, decimals, got, ok, n)
		}
	})
}

func TestValues(t *testing.T) {
	o, ok := ParseObject(`{"s":"a\nb","n":-1.50,"t":true,"z":null,"l":[1,"x",[2],{}],"o":{"p":{"q":7}},"a.b":1,"a":{"b":2,"c":3}}`)
	if !ok {
		t.Fatal("refused")
	}
	if s, ok := o.Get("s").Str(); s != "a\nb" || !ok {
		t.Fatal(s)
	}
	if f, ok := o.Get("n").Float(); f != -1.5 || !ok {
		t.Fatal(f)
	}
	if b, ok := o.Get("t").Bool(); !b || !ok {
		t.Fatal(b)
	}
	if _, ok := o.Get("s").Float(); ok || o.Get("none").Kind != None || o.Get("z").Kind != Null {
		t.Fatal("kinds")
	}
	if items := o.Get("l").Items(); len(items) != 4 || items[1].Raw != "x" || items[2].Items()[0].Raw != "2" {
		t.Fatal(items)
	}
	for path, want := range map[string]string{"o.p.q": "7", "a.b": "1", "a.c": "3", "o.x.q": "null", "s.x": "null", "l": `[1,"x",[2],{}]`} {
		if got := o.Path(path).JSON(); got != want {
			t.Fatal(path, got)
		}
	}
	for _, bad := range []string{"", "[]", "{", `{"a":1}x`, `{"a":NaN}`} {
		if _, ok := ParseObject(bad); ok {
			t.Fatal(bad)
		}
	}
	if v, ok := ParseValue(` "x" `); !ok || v.Raw != "x" {
		t.Fatal(v)
	}
	if _, ok := ParseValue(`1 2`); ok {
		t.Fatal("two values")
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T08:30:00.123+08:00": "2026-01-31T00:30:00.123Z", "2026-01-31T08:30:00Z": "2026-01-31T08:30:00Z", "2026-01-31t08:30:00z": "2026-01-31T08:30:00Z",
		"2026-01-31 08:30:00": "2026-01-31T08:30:00Z", "2026-01-31T08:30": "2026-01-31T08:30:00Z", "2026-01-31": "2026-01-31T00:00:00Z",
		"2026-01-31T08:30:00.123456789Z": "2026-01-31T08:30:00.123Z", "2026-01-31T08:30:00,5-0330": "2026-01-31T12:00:00.5Z", "2024-02-29T00:00:00+14": "2024-02-28T10:00:00Z",
	} {
		at, _ := time.Parse(time.RFC3339Nano, want)
		if ms, ok := ParseTime(text); !ok || ms != at.UnixMilli() {
			t.Errorf("%s: %d %v, want %d", text, ms, ok, at.UnixMilli())
		}
	}
	for _, text := range []string{"", "2026", "2026-1-31", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-31T24:00:00Z", "2026-01-31T08:60:00Z", "2026-01-31T08:30:60Z",
		"2026-01-31T08:30:00.Z", "2026-01-31T08:30:00 Z", "2026-01-31T08:30:00+8", "2026-01-31T08:30:00+24:00", "30000-01-01T00:00:00Z", "2026/01/31", "2026-01-31T", "٢٠٢٦-01-31"} {
		if ms, ok := ParseTime(text); ok {
			t.Errorf("%s is read as %d", text, ms)
		}
	}
	if !IsLocalTime("2026-01-31T08:30:00.5") || !IsLocalTime("2026-01-31") || IsLocalTime("2026-01-31T08:30:00Z") {
		t.Fatal("local times")
	}
}

func TestParseTimeAgreesWithPackageTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, endTime-1).Draw(t, "ms")
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "offset"))
		text := time.UnixMilli(ms).In(zone).Format("2006-01-02T15:04:05.000Z07:00")
		if got, ok := ParseTime(text); !ok || got != ms {
			t.Fatalf("%s is %d %v, want %d", text, got, ok, ms)
		}
		text = time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
		fast := func(text string) (int64, bool) {
			var c clock
			next, ok := c.read([]byte(` "`+text+`"`), 1)
			return c.ms, ok && next == len(text)+3
		}
		if got, ok := fast(text); !ok || got != ms {
			t.Fatalf("%s is %d %v, want %d", text, got, ok, ms)
		}
		if got, ok := fast(text[:19] + "Z"); !ok || got != ms-ms%1000 {
			t.Fatalf("%s is %d %v", text, got, ok)
		}
		other := []byte(text)
		other[rapid.IntRange(0, len(other)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		got, ok := fast(string(other))
		if slow, can := ParseTime(string(other)); ok && (!can || slow != got) {
			t.Fatalf("%s is %d, not %d", other, got, slow)
		}
	})
}

func TestNumericTimestamps(t *testing.T) {
	for raw, want := range map[string]int64{"0": 0, "1767225600": 1767225600000, "1767225600.5": 1767225600500, "1767225600123": 1767225600123, "32503679999": 32503679999000, "32503680000": 32503680000, "1.7e9": 1.7e12} {
		if ms, ok := TimeOf(Value{Kind: Number, Raw: raw}); !ok || ms != want {
			t.Errorf("%s is %d %v, want %d", raw, ms, ok, want)
		}
	}
}

func TestContentIgnoresSpelling(t *testing.T) {
	content := func(line string) [16]byte {
		ev, r := parse(t, line)
		if r != nil {
			t.Fatal(line, r)
		}
		return ev.Content
	}
	first := content(`{"type":"track","userId":"u","event":"É","timestamp":"2026-01-01T00:00:00Z","properties":{"a":1,"b":[1.0,{"y":2,"x":"\u00e9"}],"c":100}}`)
	for _, same := range []string{
		`{ "timestamp":1767225600, "sentAt":"x", "properties":{"c":1e2,"b":[1,{"x":"é","y":2.00}],"a":5,"a":1.0},"event":"\u00c9","userId":"u","type":"track"}`,
		`{"type":"track","userId":"u","event":"É","timestamp":"2026-01-01T08:00:00+08:00","properties":{"a":1,"b":[1,{"x":"é","y":2}],"c":100},"messageId":null}`,
	} {
		if content(same) != first {
			t.Error("differs:", same)
		}
	}
	for _, other := range []string{
		`{"type":"track","userId":"u","event":"É","timestamp":"2026-01-01T00:00:00Z","properties":{"a":"1","b":[1,{"x":"é","y":2}],"c":100}}`,
		`{"type":"track","userId":"u","event":"É","timestamp":"2026-01-01T00:00:00Z","properties":{"a":1,"b":[{"x":"é","y":2},1],"c":100}}`,
		`{"type":"track","userId":"u","event":"É","timestamp":"2026-01-01T00:00:00.001Z","properties":{"a":1,"b":[1,{"x":"é","y":2}],"c":100}}`,
		`{"type":"track","anonymousId":"u","event":"É","timestamp":"2026-01-01T00:00:00Z","properties":{"a":1,"b":[1,{"x":"é","y":2}],"c":100}}`,
		`{"type":"track","userId":"u","event":"É","timestamp":"2026-01-01T00:00:00Z","context":{"a":1,"b":[1,{"x":"é","y":2}],"c":100}}`,
	} {
		if content(other) == first {
			t.Error("equal:", other)
		}
	}
}

func TestCanonicalNumbers(t *testing.T) {
	for raw, want := range map[string]string{"0": "0", "-0.0": "0", "1.0": "1", "1e0": "1", "100": "100", "1E+2": "100", "0.10": "0.1", "1e-7": "0.0000001", "1e-8": "1e-8", "0.000001": "0.000001", "12345678901234567890123": "1.2345678901234567890123e22",
		"1e21": "1e21", "1e20": "100000000000000000000", "-1.50e1": "-15", "0e999999999999": "0e999999999999"} {
		if got := (Value{Kind: Number, Raw: raw}).JSON(); got != want {
			t.Errorf("%s is %s, want %s", raw, got, want)
		}
	}
}

func TestStableID(t *testing.T) {
	a := Event{UserID: "u", MessageID: "m"}
	b := Event{AnonymousID: "u", MessageID: "m"}
	c := Event{UserID: "u", Content: [16]byte{1}}
	ids := map[ID]bool{a.StableID(0): true, b.StableID(0): true, c.StableID(0): true, c.StableID(1): true}
	if len(ids) != 4 || a.StableID(0) != a.StableID(9) {
		t.Fatal(len(ids))
	}
	// Stored events are known by these bytes for ever.
	for want, got := range map[string]ID{"e7234332e39c37cf85f95609dd30213a": a.StableID(0), "3c4af9fc168b9b3ea4e944fd649be883": c.StableID(1)} {
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("got %x, want %s", got, want)
		}
	}
	ev, _ := parse(t, `{"type":"track","userId":"u","event":"E","timestamp":0,"properties":{"b":[1.0,null],"a":"é"}}`)
	if got := hex.EncodeToString(ev.Content[:]); got != "5e81b79af385415696d6782f78cd754f" {
		t.Errorf("content %s", got)
	}
	if UserHash("u") != 0x610001cba66e07f0 {
		t.Errorf("%#x", UserHash("u"))
	}
}

// TestHash128 looks for texts that differ in one bit, one byte more or the seed and hash alike in either half.
func TestHash128(t *testing.T) {
	low, high := map[uint64]string{}, map[uint64]string{}
	add := func(what string, b []byte, seed uint64) {
		x, y := hash128(b, seed)
		if low[x] != "" || high[y] != "" {
			t.Fatalf("%s and %s%s", what, low[x], high[y])
		}
		low[x], high[y] = what, what
	}
	text := []byte("0123456789abcdefghijklmnopqrstuvwxyz")
	for n := range len(text) + 1 {
		add(fmt.Sprint("length ", n), text[:n], 0)
		add(fmt.Sprint("zeros ", n), make([]byte, n), 3)
		for seed := range uint64(64) {
			add(fmt.Sprint("seed ", seed, " length ", n), text[:n], 1<<seed)
		}
		for bit := range 8 * n {
			text[bit/8] ^= 1 << (bit % 8)
			add(fmt.Sprint("length ", n, " bit ", bit), text[:n], 0)
			text[bit/8] ^= 1 << (bit % 8)
		}
	}
	for i := range 200_000 {
		add(fmt.Sprint("number ", i), fmt.Appendf(nil, "m%06d", i), 7)
	}
}

func TestClone(t *testing.T) {
	line := []byte(`{"type":"track","userId":"user","event":"Name","timestamp":0,"messageId":"mmm","properties":{"key":"value","n":12}}`)
	var ev Event
	if r := NewParser(DefaultLimits).Parse(line, &ev); r != nil {
		t.Fatal(r)
	}
	kept := ev.Clone()
	for i := range line {
		line[i] = '#'
	}
	if kept.UserID != "user" || kept.Name != "Name" || kept.MessageID != "mmm" || kept.Properties.Get("key").Raw != "value" || kept.Properties.Raw != `{"key":"value","n":12}` {
		t.Fatalf("%+v", kept)
	}
}

func TestMinorDigits(t *testing.T) {
	for code, want := range map[string]int{"USD": 2, "CNY": 2, "JPY": 0, "KRW": 0, "KWD": 3, "CLF": 4, "": 2} {
		if MinorDigits(code) != want {
			t.Error(code, MinorDigits(code))
		}
	}
}

func TestAppendString(t *testing.T) {
	for s, want := range map[string]string{"": `""`, "a\"b\\c": `"a\"b\\c"`, "\n\r\t\x01": `"\n\r\t\u0001"`, "中\xff!": `"中�!"`, "/<>&": `"/<>&"`} {
		if got := string(AppendString(nil, s)); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, line := range []string{
		`{"type":"track","userId":"u","event":"E","timestamp":1,"messageId":"m","properties":{"a":"\n","b":[1]},"context":{}}`,
		`{"type":"identify","anonymousId":"a","userId":"u","timestamp":1,"traits":{"a":null}}`,
	} {
		ev, r := parse(f, line)
		if r != nil {
			f.Fatal(r)
		}
		f.Add(AppendRecord(nil, &ev))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var ev, again Event
		if DecodeRecord(b, &ev) != nil {
			return
		}
		second := AppendRecord(nil, &ev)
		if err := DecodeRecord(second, &again); err != nil {
			t.Fatal(err)
		}
		if third := AppendRecord(nil, &again); string(third) != string(second) {
			t.Fatal("a record changes when it is written again")
		}
		_ = ev.Properties.JSON()
		_ = strings.Clone(ev.Key())
	})
}
