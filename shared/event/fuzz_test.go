package event

import (
	"encoding/json"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// strictly is the shape of RFC 3339, which time.Parse reads generously: it takes hours of one digit, and commas.
var strictly = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// FuzzParseTime compares with the time package wherever the text is RFC 3339.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-01-31T08:30:00.123+08:00", "1970-01-01", "2024-02-29 23:59:60", "2999-12-31t23:59:59.999999999z", "0000-01-01T00:00Z", "2026-13-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ms, ok := ParseTime(s)
		if want, err := time.Parse(time.RFC3339Nano, s); err == nil && strictly.MatchString(s) {
			floor := want.UnixMilli()
			if want.Nanosecond()%1_000_000 != 0 && want.Unix() < 0 {
				return // cut off here, rounded down there
			}
			if !ok || ms != floor {
				t.Fatalf("%q is %d (%v), want %d", s, ms, ok, floor)
			}
		}
		if !ok {
			return
		}
		if shifted, ok := ParseTime(time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")); ok && shifted != ms {
			t.Fatalf("%q is %d; written and read again it is %d", s, ms, shifted)
		}
		if of, ok := TimeOf(Value{Kind: String, Raw: s}); ok && of != ms {
			t.Fatalf("%q is %d and %d", s, ms, of)
		}
	})
}

// FuzzJSONValue reads any text as a value; what is one to the standard library is one here, within the depth that is allowed, and
// its canonical text means the same.
func FuzzJSONValue(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.50,"x\u00e9\n",null,true],"a":2}`, `-0.5e-7`, `"\ud83d\ude00"`, `[[[]]]`, "{\"k\":\"\xff\"}", `1e400`, `123456789012345678901234567890`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := ParseValue(text)
		o, isObject := ParseObject(text)
		if ok && !json.Valid([]byte(text)) {
			t.Fatalf("%q is taken for JSON", text)
		}
		if isObject && !ok {
			t.Fatalf("%q is an object and no value", text)
		}
		if !ok {
			return
		}
		canonical := v.JSON()
		again, ok := ParseValue(canonical)
		if !ok || again.JSON() != canonical {
			t.Fatalf("%q is canonically %q, and that is %q", text, canonical, again.JSON())
		}
		for _, field := range o.Fields {
			o.Path(field.Key)
		}
		if n, ok := v.Scaled(2); ok && v.Kind == Number {
			if x, err := strconv.ParseFloat(v.Raw, 64); err == nil && (x-float64(n)/100 > 0.006+x*1e-9 || float64(n)/100-x > 0.006+max(x, -x)*1e-9) && x > 0 {
				t.Fatalf("%q scaled by 100 is %d", text, n)
			}
		}
	})
}
