package analytics

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// TestKeptAccumulatorsGoOn interrupts every accumulator anywhere, keeps it as JSON and goes on with what was read back: the reports are those
// of one that was not interrupted.
func TestKeptAccumulatorsGoOn(t *testing.T) {
	type accumulator interface{ Add(f *profile.Facts) }
	rapid.Check(t, func(t *rapid.T) {
		users, asOf := drawUsers(t), zone.Day(rapid.IntRange(9_990, 10_400).Draw(t, "as of"))
		of := Of(rapid.IntRange(0, 1).Draw(t, "of"))
		cut := rapid.IntRange(0, len(users)).Draw(t, "cut")
		for _, c := range []struct {
			whole, first, second accumulator
			report               func(accumulator) any
		}{
			{NewLifecycleOf(of, Week, asOf), NewLifecycleOf(of, Week, asOf), new(Lifecycle), func(a accumulator) any { return a.(*Lifecycle).Rows() }},
			{NewCohorts(Month, asOf), NewCohorts(Month, asOf), new(Cohorts), func(a accumulator) any { return a.(*Cohorts).Rows() }},
			{NewConcentration(), NewConcentration(), new(Concentration), func(a accumulator) any {
				c := a.(*Concentration)
				gini, _ := c.Gini()
				if c.Users() == 0 {
					return gini
				}
				return []any{gini, c.Users(), c.Spend(), c.Curve()}
			}},
			{NewActivity(asOf), NewActivity(asOf), new(Activity), func(a accumulator) any { return []any{a.(*Activity).Days(), a.(*Activity).L28()} }},
			{NewReturnRateOf(of, asOf), NewReturnRateOf(of, asOf), new(ReturnRate), func(a accumulator) any { return a.(*ReturnRate).Curve(7, 364) }},
		} {
			for i, u := range users {
				c.whole.Add(u.facts())
				if i < cut {
					c.first.Add(u.facts())
				}
			}
			kept, err := json.Marshal(c.first)
			if err == nil {
				err = json.Unmarshal(kept, c.second)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users[cut:] {
				c.second.Add(u.facts())
			}
			if got, want := c.report(c.second), c.report(c.whole); !reflect.DeepEqual(got, want) {
				t.Fatalf("%T gives %+v, want %+v", c.whole, got, want)
			}
		}
	})
}

func TestKeptAccumulatorsRefuseDamage(t *testing.T) {
	for _, c := range []struct {
		into any
		text string
	}{
		{new(Lifecycle), `{"period": 9}`}, {new(Cohorts), `{"period": 9}`}, {new(Cohorts), `{"rows": [{"users": [1]}]}`},
		{new(Concentration), `"gA=="`}, {new(Concentration), `"Av///////////wE="`}, {new(Activity), `{"days": -1}`},
		{new(Activity), `{"days": 90, "dau": [1]}`}, {new(ReturnRate), `[]`},
	} {
		if err := json.Unmarshal([]byte(c.text), c.into); err == nil {
			t.Errorf("%T reads %s", c.into, c.text)
		}
	}
}
