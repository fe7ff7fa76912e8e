package segment

import (
	"strconv"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

var listEnv = fakeEnv{
	"traits.langs": List([]Value{String("zh"), String("en")}), "traits.sizes": List([]Value{Number(36), Number(38.5)}), "traits.flags": List([]Value{Bool(true)}),
	"traits.none": List(nil), "traits.city": String("en"), "traits.mixed": List([]Value{Number(3), String("x")}), "traits.address.city": String("上海"),
	"traits.more": List([]Value{String("en"), String("fr")}), `lists.has("vip")`: Bool(true), `bucket("test", 100)`: Number(7),
	`message("winback").opened`: Number(2), `message("winback").last_opened`: at(2026, 3, 10, 9), `message("*").clicked`: Number(0), `message("winback").triggered`: Number(3),
}

// Each row holds for listEnv; its negation must not.
var listTable = []string{
	`has_any(traits.langs, ["fr", "en"])`, `!has_any(traits.langs, ["fr", "de"])`, `!has_any(traits.langs, [])`,
	`has_all(traits.langs, ["en", "zh"])`, `!has_all(traits.langs, ["en", "fr"])`, `has_all(traits.langs, [])`, `has_all(traits.langs, ["en", lower("ZH")])`,
	`has_any(traits.langs, traits.more)`, `!has_all(traits.langs, traits.more)`, `has_all(traits.langs, traits.none)`, `!has_any(traits.langs, traits.city)`,
	`has_any(traits.sizes, [38.5])`, `!has_any(traits.sizes, ["36"])`, `has_all(traits.flags, [true])`,
	`!has_any(traits.city, ["en"])`, `!has_all(traits.city, [])`, `!has_any(traits.gone, [null])`,
	`max(traits.sizes) == 38.5`, `min(traits.sizes) == 36`, `max(traits.sizes, 40) == 40`, `min(-1, traits.sizes) == -1`,
	`max(traits.none) == null`, `max(traits.mixed) == null`, `max(traits.city) == null`, `min(traits.gone) == null`, `length(traits.sizes) == 2`,
	`traits.address.city == "上海"`, `traits["address"].city == "上海"`,
	`lists.has("vip")`, `!lists.has("nobody")`, `bucket("test", 100) < 10`, `bucket('test', 100) in [7, 8]`,
	`message("winback").opened == 2`, `message("winback").days_since_opened == 5`, `days_since(message("winback").last_opened) < 7`, `message("*").clicked == 0`,
	`message("winback").last_clicked == null`, `message("winback").days_since_clicked == null`, `message('winback').triggered > 2`,
}

func TestListsHold(t *testing.T) {
	for _, src := range listTable {
		for _, row := range []struct {
			src  string
			want bool
		}{{src, true}, {"!(" + src + ")", false}} {
			p, err := Compile(row.src, testSchema())
			if err != nil {
				t.Errorf("%s\n%s", row.src, err.(*Error).Caret(row.src))
				continue
			}
			if got := p.Bool(listEnv); got != row.want {
				t.Errorf("%s = %v\n%+v", row.src, got, p.Explain(listEnv))
			}
			again, err := Compile(p.String(), testSchema())
			if err != nil || !sameTree(p.root, again.root) {
				t.Errorf("%s: the canonical text %s is another tree (%v)", row.src, p, err)
			}
			back, err := FromJSON(string(p.Tree().AppendJSON(nil)), testSchema())
			if err != nil || !sameTree(p.root, back.root) {
				t.Errorf("%s: the JSON tree gives another condition (%v)", row.src, err)
			}
		}
	}
}

func TestCanonicalReferences(t *testing.T) {
	for src, want := range map[string]string{
		`bucket('a', 1e2)<10`:                               `bucket("a", 100) < 10`,
		`days_since(message('winback').last_opened)<3`:      `message("winback").days_since_opened < 3`,
		`message("winback").days_since_delivered <3`:        `message("winback").days_since_delivered < 3`,
		`traits['address']['street name'] == 'x'`:           `traits.address["street name"] == "x"`,
		`traits['a..b'] == 1`:                               `traits["a..b"] == 1`,
		`lists.has('老客') and has_any(traits.a.b, [ 1,2, ])`: `lists.has("老客") && has_any(traits.a.b, [1, 2])`,
	} {
		p, err := Compile(src, testSchema())
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if p.String() != want {
			t.Errorf("%s is written %s, want %s", src, p, want)
		}
	}
	p, err := Compile(`bucket("a", 100) < 10 && message("winback").last_opened == null`, testSchema())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"ref":"bucket(\"a\", 100)","kind":"bucket","name":"a","buckets":100`,
		`"ref":"message(\"winback\").last_opened","kind":"message","name":"winback","stat":"last_opened"`,
	} {
		if got := string(p.Tree().AppendJSON(nil)); !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestReferenceErrors(t *testing.T) {
	for src, want := range map[string]string{
		`bucket("a") < 1`:                      `1:1: bucket takes a salt in quotes and the number of buckets, both written out; expected bucket("salt", 100)`,
		`bucket("", 10) < 1`:                   `1:1: bucket takes a salt in quotes and the number of buckets, both written out; expected bucket("salt", 100)`,
		`bucket("a", orders) < 1`:              `1:1: bucket takes a salt in quotes and the number of buckets, both written out; expected bucket("salt", 100)`,
		`bucket("a", 1) < 1`:                   `1:13: 1 is no number of buckets; expected a whole number from 2 to 1000000`,
		`bucket("a", 2.5) < 1`:                 `1:13: 2.5 is no number of buckets; expected a whole number from 2 to 1000000`,
		`bucket < 1`:                           `1:8: found < after bucket; expected bucket("salt", 100)`,
		`bucket("a", 10)`:                      `1:1: the condition as a whole is a number; expected a condition (true or false), such as a comparison; did you mean bucket("a", 10) > 0?`,
		`lists.has("two words")`:               `1:1: "two words" is no name of a list; expected a name of at most 64 characters without spaces, quotes and the signs , ; |`,
		`lists.vip`:                            `1:7: found vip after lists.; expected lists.has("name"); did you mean lists.has("vip")?`,
		`message("winbak").opened > 1`:         `1:1: there is no rule or template "winbak"; expected a rule or template of the strategy, or "*" for every message; a campaign of another tool is counted by a metric on its events; did you mean "winback"?`,
		`message("winback").opend > 1`:         `1:20: a message has no opend; expected message("rule").opened, .last_opened or .days_since_opened; likewise triggered, delivered, clicked, bounced; did you mean opened?`,
		`message("winback") > 1`:               `1:20: found > after the message; expected message("rule").opened, .last_opened or .days_since_opened; likewise triggered, delivered, clicked, bounced`,
		`message("winback").last_opened > 3`:   `1:32: a time is compared with a number; expected the same type on both sides of >; did you mean days_since(message("winback").last_opened)?`,
		`has_any(stage, ["a"])`:                `1:9: has_any is given a text; expected has_any(list, [value, …])`,
		`has_any(["a"], traits.x)`:             `1:9: a list stands where a single value belongs; expected a list only after in, has_any and has_all, as in tier in ["gold", "silver"]`,
		`has_all(traits.x, "a")`:               `1:19: has_all is given a text; expected has_all(list, [value, …])`,
		`anniversary(true) == 1`:               `1:13: anniversary is given a condition (true or false); expected anniversary(date)`,
		`in_user_zone() == 1`:                  `1:1: in_user_zone takes one argument, not 0; expected in_user_zone(expression)`,
		`in_user_zone(today())`:                `1:1: the condition as a whole is a time; expected a condition (true or false), such as a comparison`,
		`in_user_zone(orders) == "3"`:          `1:22: a number is compared with a text; expected the same type on both sides of ==; did you mean 3 without quotes?`,
		`traits.address.city.first[3] == null`: `1:27: found the number 3 after traits; expected a name in quotes`,
	} {
		_, err := Compile(src, testSchema())
		if err == nil || !fault.Is(err, fault.Invalid) || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", src, err, want)
		}
	}
	if _, err := Compile("anniversary(properties.birthday) == 0", PropertySchema()); err == nil || !strings.Contains(err.Error(), "about one event") {
		t.Errorf("the user's zone in a condition on an event: %v", err)
	}
}

func TestBucketTreeErrors(t *testing.T) {
	for tree, want := range map[string]string{
		`{"op":"ref","kind":"bucket","name":"a"}`:                                      "a bucket its buckets",
		`{"op":"ref","kind":"bucket","name":"a","buckets":2.5}`:                        "buckets is no number of buckets",
		`{"op":"ref","kind":"message","name":"a"}`:                                     "lacks its name",
		`{"op":"ref","kind":"bucket","name":"a","buckets":1}`:                          "is no number of buckets",
		`{"op":"ref","ref":"bucket(\"a\", 9)","kind":"bucket","name":"a","buckets":8}`: "are not the same reference",
	} {
		if _, err := FromJSON(tree, testSchema()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", tree, err, want)
		}
	}
}

// The buckets of users are spread evenly, and those of two salts have nothing to do with one another: chi-square tests at a
// level that chance passes once in ten thousand, over fixed users.
func TestBucketIsUniform(t *testing.T) {
	const users, n = 100_000, 20
	var one [n]int
	var two [n][n]int
	for i := range users {
		key := "user-" + strconv.Itoa(i)
		a, b := Bucket("spring", key, n), Bucket("autumn", key, n)
		one[a]++
		two[a][b]++
	}
	chi := 0.0
	for _, seen := range one {
		d := float64(seen) - users/n
		chi += float64(d*d) / (users / n)
	}
	if chi > 52.4 { // 19 degrees of freedom
		t.Errorf("chi-square %.1f: %v", chi, one)
	}
	chi = 0
	for _, row := range two {
		for _, seen := range row {
			d := float64(seen) - users/(n*n)
			chi += float64(d*d) / (users / (n * n))
		}
	}
	if chi > 512 { // 399 degrees of freedom
		t.Errorf("the buckets of two salts: chi-square %.1f", chi)
	}
}

// The numbers are part of the documentation: they never change.
func TestBucketValues(t *testing.T) {
	for _, c := range []struct {
		salt, user string
		n, want    int
	}{{"spring", "u1", 100, 94}, {"spring", "u2", 100, 60}, {"", "", 2, 1}, {"中", "anon:x", 1_000_000, 187823}, {"a", strings.Repeat("x", 300), 7, 4}} {
		if got := Bucket(c.salt, c.user, c.n); got != c.want {
			t.Errorf("Bucket(%q, %q, %d) = %d, want %d", c.salt, c.user, c.n, got, c.want)
		}
	}
}
