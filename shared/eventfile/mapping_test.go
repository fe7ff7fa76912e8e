package eventfile

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/weir-engine/weir/shared/fault"
)

func mapping(t testing.TB, text string) *Mapping {
	t.Helper()
	m, err := ParseMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const day = 86_400_000
const base = "version: 1\nuser_id: u\nevent: E\ntimestamp: {column: t, layout: unix_ms}\n"

func TestTables(t *testing.T) {
	for _, c := range []struct {
		name, mapping, file string
		want                []string
	}{
		{"a string, a number, a bool, JSON",
			base + "properties:\n  s: a\n  n: {column: b, as: number}\n  b: {column: c, as: bool}\n  j: {column: d, as: json}\n",
			"u,t,a,b,c,d\nx,5,\"he said \"\"hi\"\", twice\",1.50,yes,\"{\"\"k\"\":[1]}\"\ny,6,,,,\nz,7,a,NaN,,\nz,8,a,,maybe,\nz,9,,,,{\n",
			[]string{`2 track x E 5 {"b":true,"j":{"k":[1]},"n":1.5,"s":"he said \"hi\", twice"}`, `3 track y E 6 {}`, "4 bad_value", "5 bad_value", "6 bad_value"}},
		{"a cell of two lines, CRLF, BOM, a quote nobody closes",
			base + "properties: {s: a}\n",
			"\xef\xbb\xbfu,t,a\r\nx,1,\"two\r\nlines\"\r\ny,2,b\r\nz,3,\"open\r\ny,4,c\r\n",
			[]string{`2 track x E 1 {"s":"two\nlines"}`, `4 track y E 2 {"s":"b"}`, "5 bad_value", `6 track y E 4 {"s":"c"}`}},
		{"rows too short and too long, misplaced quotes",
			base, "u,t\nx\nx,1,2\nx,1\na\"b,1\n\"a\"b,1\n",
			[]string{"2 no_column", "3 no_column", "4 track x E 1 ", "5 bad_value", "6 bad_value"}},
		{"no user, no time",
			base, "u,t\n,1\nx,\nx,abc\n x ,1\n",
			[]string{"2 no_user", "3 bad_time", "4 bad_time", "5 track x E 1 "}},
		{"routing by conditions", base + `
otherwise: reject
events:
  - {when: {column: kind, in: [test, debug]}, skip: true}
  - {when: {column: kind, eq: refund, not: {column: n, gt: 100}}, event: Order Refunded}
  - {when: {any: [{column: kind, eq: order}, {column: n, ge: 1000, lt: 2000.5}]}, event: Order Completed, properties: {n: {column: n, as: number}}}
  - {when: [{column: kind, empty: true}, {column: n, ne: 7}], type: page, event: Home}
`, "u,t,kind,n\na,1,test,1\nb,1,refund,100\nc,1,refund,101\nd,1,order,x\ne,1,other,2000.4\nf,1,,8\ng,1,,7\nh,1,order,1\n",
			[]string{"3 track b Order Refunded 1 ", "4 bad_value", "5 bad_value", `6 track e Order Completed 1 {"n":2000.4}`, "7 page f Home 1 ", "8 bad_value", `9 track h Order Completed 1 {"n":1}`}},
		{"event names from a column by a table", "version: 1\nuser_id: u\nevent: {column: k, table: {buy: Order Completed, see: Product Viewed}}\ntimestamp: {column: t, layout: unix_ms}\n",
			"u,t,k\na,1,buy\na,2,see\na,3,fly\na,4,\n", []string{"2 track a Order Completed 1 ", "3 track a Product Viewed 2 ", "4 bad_value", "5 no_name"}},
		{"arithmetic", base + "properties:\n  total: {expr: \"price * qty - (discount + 1) * -`set off`\", as: money, currency: USD}\n",
			"u,t,price,qty,discount,set off\na,1,19.99,3,0.5,2\na,2,1,,1,1\na,3,x,1,1,1\na,4,999999999999.99,9999999999,1,1\n",
			[]string{`2 track a E 1 {"currency":"USD","total":62.97}`, `3 track a E 2 {"currency":"USD"}`, "4 bad_value", "5 bad_value"}},
		{"money in minor units and a currency column", base + "properties: {revenue: {column: m, as: money, unit: minor, currency_column: c}}\n",
			"u,t,m,c\na,1,1250,USD\na,2,1250,JPY\na,3,1250,KWD\na,4,-5,USD\n",
			[]string{`2 track a E 1 {"currency":"USD","revenue":12.5}`, `3 track a E 2 {"currency":"JPY","revenue":1250}`, `4 track a E 3 {"currency":"KWD","revenue":1.25}`, `5 track a E 4 {"currency":"USD","revenue":-0.05}`}},
		{"decimal comma", "delimiter: \";\"\ndecimal: \",\"\nthousands: \".\"\n" + base + "properties: {n: {column: n, as: number}}\n",
			"u;t;n\na;1;1.234.567,89\n", []string{`2 track a E 1 {"n":1234567.89}`}},
		{"white space without header", "version: 1\ndelimiter: whitespace\nheader: none\nuser_id: $2\nevent: E\ntimestamp: {column: $1, layout: unix}\n",
			"  1   x\n2\ty  \n\n3\n", []string{"1 track x E 1000 ", "2 track y E 2000 ", "4 no_column"}},
		{"dates with a zone", "version: 1\nzone: Asia/Shanghai\nuser_id: u\nevent: E\ntimestamp: {columns: [d, h], layout: \"YYYY-MM-DD HH:mm\"}\nproperties: {due: {column: x, as: time}}\n",
			"u,d,h,x\na,1970-01-02,08:00,1970-01-01 08:00:01\na,1970-01-02,8,\na,1970-13-02,08:00,\n",
			[]string{fmt.Sprintf(`2 track a E %d {"due":"1970-01-01T00:00:01.000Z"}`, day), "3 bad_time", "4 bad_time"}},
		{"identify with traits", "version: 1\ntype: identify\nuser_id: u\ntimestamp: t\ntraits: {email: e, age: {column: a, as: number}}\n",
			"u,t,e,a\nx,1970-01-02,a@b.c,42\n", []string{fmt.Sprintf("2 identify x  %d ", day)}},
		{"rows of one order", base + `
group: {by: [o]}
properties:
  revenue: {column: p, as: money, agg: sum, currency: USD}
  items: {object: {sku: s, price: {column: p, as: number}}, agg: list}
  skus: {column: s, agg: list}
  lines: {column: s, agg: count}
  least: {column: p, as: number, agg: min}
  most: {column: p, as: number, agg: max}
  last: {column: s, agg: last}
  order_id: o
`, "u,t,o,s,p\na,1,1,x,1.10\na,1,1,y,2.20\nb,2,2,z,5\na,1,1,w,9\nc,3,3,v,x\nc,3,3,u,1\nd,4,4,t,4\n",
			[]string{`2 track a E 1 {"currency":"USD","items":[{"price":1.1,"sku":"x"},{"price":2.2,"sku":"y"}],"last":"y","least":1.1,"lines":2,"most":2.2,"order_id":"1","revenue":3.3,"skus":["x","y"]}`,
				`4 track b E 2 {"currency":"USD","items":[{"price":5,"sku":"z"}],"last":"z","least":5,"lines":1,"most":5,"order_id":"2","revenue":5,"skus":["z"]}`,
				"5 split_group", "6 bad_value",
				`8 track d E 4 {"currency":"USD","items":[{"price":4,"sku":"t"}],"last":"t","least":4,"lines":1,"most":4,"order_id":"4","revenue":4,"skus":["t"]}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := result(t, []byte(c.file), Options{Mapping: mapping(t, c.mapping), Zones: time.LoadLocation})
			want(t, got, err, c.want...)
		})
	}
}

func TestIDColumnsFormTheMessageID(t *testing.T) {
	m := mapping(t, base+"id: [a, b]\n")
	file := []byte("u,t,a,b\nx,1,1|2,3\nx,1,1,2|3\nx,1,,3\n")
	r, err := Open(strings.NewReader(string(file)), int64(len(file)), Options{Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var ids []string
	for range 2 {
		ev, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, strings.Clone(ev.MessageID))
	}
	if ids[0] != `track E|1\|2|3` || ids[1] != `track E|1|2\|3` {
		t.Fatal(ids)
	}
	if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "part of the event's id") {
		t.Fatal(err)
	}
}

func TestWrongMappingForTheFile(t *testing.T) {
	_, err := result(t, []byte("user,t\nx,1\n"), Options{Mapping: mapping(t, base)})
	wantFault(t, err, fault.Invalid, `mapping 2:10: the file has no column "u"; it has: "user", "t"`)
	_, err = result(t, []byte("u,u,t\nx,y,1\n"), Options{Mapping: mapping(t, base)})
	wantFault(t, err, fault.Invalid, "two columns")
	_, err = result(t, []byte("u,t\nx,1\n"), Options{Mapping: mapping(t, base+"zone: Mars/North\n"), Zones: time.LoadLocation})
	if err == nil || !strings.Contains(err.Error(), "Mars/North") {
		t.Fatal(err)
	}
}

func TestMappingErrorsPointAtThePlace(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"version: 1\nuser_id: u\nevent: E\n", "mapping 1:1: timestamp is missing"},
		{"version: 1\nuser: u\n", `mapping 2:1: unknown key "user"`},
		{base + "properties:\n  a: {column: x, as: text}\n", `mapping 6:22: unknown value "text"`},
		{base + "properties:\n  a: {expr: \"x + \"}\n", "mapping 6:13: in the expression at character 5: expected a column"},
		{base + "currency: dollars\n", "mapping 5:11: a currency is three capital letters"},
		{base + "group: {}\n", "group.by is missing"},
		{base + "events:\n  - when: {eq: 1}\n", "mapping 6:12: eq needs a column"},
		{base + "events: 5\n", "mapping 5:9: expected a list"},
		{"version: 2\n" + base[11:], `mapping 1:10: unknown value "2"`},
		{base + "delimiter: ab\n", "mapping 5:12: the delimiter"},
		{"version: 1\nheader: none\nuser_id: u\nevent: E\ntimestamp: t\n", "mapping 3:10: the table has no header"},
		{"version: 1\nheader: none\ncolumns: [a]\nuser_id: u\nevent: E\ntimestamp: a\n", `mapping 4:10: no column "u"`},
		{"version: 1\nuser_id: u\nevent: E\ntimestamp: {column: t, layout: \"%Y-%m-%Q\"}\n", `mapping 4:32: unknown directive "%Q"`},
		{"version: 1\nuser_id: u\nevent: E\ntimestamp: {column: t, layout: \"HH:mm\"}\n", "mapping 4:32: layout"},
		{"a: [1", "mapping 1:"},
		{"", "mapping 1:1"},
		{"- 1\n", "mapping 1:1: expected a map"},
		{base + base, "mapping"},
	} {
		_, err := ParseMapping([]byte(c.text))
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
	_, err := ParseMapping([]byte("version: 1\nuser: u\ncurrency: x\n"))
	if n := strings.Count(err.Error(), "mapping "); n < 4 {
		t.Fatalf("one look should find all mistakes: %v", err)
	}
}

// TestManyQuotesAreReadInLinearTime holds the time for a cell that goes on for ever and is full of quotes.
func TestManyQuotesAreReadInLinearTime(t *testing.T) {
	file := "u,t\n\"" + strings.Repeat("\n\"\"", 400_000)
	start := time.Now()
	got, err := result(t, []byte(file), Options{Mapping: mapping(t, base)})
	if err != nil || len(got) != 400_001 || time.Since(start) > 20*time.Second {
		t.Fatal(len(got), err, time.Since(start))
	}
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte(base + "group: {by: [o]}\nproperties: {a: {expr: \"a*(b+1)\", agg: sum}}\n"))
	f.Add([]byte("version: 1\nevents: [{when: {any: [{column: a, in: [1,2]}]}, skip: true}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMapping(text)
		if err != nil {
			return
		}
		_, _ = result(t, []byte("u,t,a,b,o\nx,1,2,3,4\ny,\"1\n2\",3\"\n"), Options{Mapping: m, Format: formatCSV})
	})
}

func FuzzTable(f *testing.F) {
	m := mapping(f, base+"group: {by: [o]}\nproperties: {s: a, n: {column: b, as: number, agg: sum}, l: {column: a, agg: list}}\n")
	f.Add([]byte("u,t,a,b,o\nx,1,\"a\nb\",2,1\nx,1,\"\"\"\",2,1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := result(t, file, Options{Mapping: m, Format: formatCSV}); err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatal(err)
		}
	})
}
