package analytics

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// user is a base's user as the oracles see it: active days, ascending, and what was spent on each.
type user struct {
	days  []zone.Day
	spend []int64
}

// drawUsers draws users with days in a range short enough for the bitmap of active days.
func drawUsers(t *rapid.T) []user {
	users := make([]user, rapid.IntRange(0, 30).Draw(t, "users"))
	for i := range users {
		set := rapid.SliceOfNDistinct(rapid.IntRange(10_000, 10_390), 0, 12, rapid.ID[int]).Draw(t, "days")
		slices.Sort(set)
		for _, d := range set {
			users[i].days = append(users[i].days, zone.Day(d))
			users[i].spend = append(users[i].spend, rapid.Int64Range(-500, 100_000).Draw(t, "spend"))
		}
	}
	return users
}

// facts gives the days both as purchases and as active days.
func (u user) facts() *profile.Facts {
	f := new(profile.Facts)
	for i, d := range u.days {
		f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: d, Orders: 1, Net: u.spend[i]})
	}
	if n := len(u.days); n > 0 {
		f.Active.Newest = u.days[n-1]
		f.Active.Bits = make([]uint64, int(f.Active.Newest-u.days[0])/64+1)
		for _, d := range u.days {
			i := int(f.Active.Newest - d)
			f.Active.Bits[i/64] |= 1 << (i % 64)
		}
	}
	return f
}

// until returns the days up to asOf.
func (u user) until(asOf zone.Day) []zone.Day {
	n, _ := slices.BinarySearch(u.days, asOf+1)
	return u.days[:n]
}

func TestLifecycleAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users, asOf := drawUsers(t), zone.Day(rapid.IntRange(9_990, 10_400).Draw(t, "as of"))
		period := rapid.SampledFrom([]Period{Month, Week, Daily}).Draw(t, "period")
		bought, seen := NewLifecycle(period, asOf), NewLifecycleOf(AnyEvent, period, asOf)
		active := map[int]map[int]bool{} // period, user
		for i, u := range users {
			bought.Add(u.facts())
			seen.Add(u.facts())
			for _, d := range u.until(asOf) {
				p := period.index(d)
				if active[p] == nil {
					active[p] = map[int]bool{}
				}
				active[p][i] = true
			}
		}
		rows := bought.Rows()
		if !slices.EqualFunc(rows, seen.Rows(), func(a, b GrowthRow) bool { return a.Active == b.Active && a.New == b.New && a.Dormant == b.Dormant }) {
			t.Fatal("activity of any event differs from that of purchases on the same days")
		}
		before, last := int64(0), period.index(asOf)
		for i, r := range rows {
			p := last - (len(rows) - 1 - i)
			if period.index(r.Start) != p {
				t.Fatalf("row %d starts on %s", i, r.Start)
			}
			var want GrowthRow
			for u := range users {
				now, then := active[p][u], active[p-1][u]
				earlier := false
				for q := range active {
					earlier = earlier || q < p && active[q][u]
				}
				want.Active += count(now)
				want.New += count(now && !earlier)
				want.Returning += count(now && then)
				want.Resurrecting += count(now && earlier && !then)
				want.Dormant += count(then && !now)
			}
			if r.Active != want.Active || r.New != want.New || r.Returning != want.Returning || r.Resurrecting != want.Resurrecting || r.Dormant != want.Dormant {
				t.Fatalf("%s: %+v, want %+v", r.Period, r, want)
			}
			if r.Active != before+r.New+r.Resurrecting-r.Dormant {
				t.Fatalf("%s: the accounts do not balance", r.Period)
			}
			before = r.Active
		}
	})
}

func count(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func TestActivityAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users, asOf := drawUsers(t), zone.Day(rapid.IntRange(10_000, 10_420).Draw(t, "as of"))
		n := rapid.IntRange(1, 60).Draw(t, "days")
		a := NewActivityOver(n, asOf)
		for _, u := range users {
			a.Add(u.facts())
		}
		within := func(u user, from, to zone.Day) (k int64) {
			for _, d := range u.days {
				k += count(d >= from && d <= to)
			}
			return k
		}
		days := a.Days()
		if len(days) != n || days[n-1].Day != asOf {
			t.Fatalf("%d days, the last %v", len(days), days[len(days)-1])
		}
		for _, d := range days {
			var dau, wau, mau, sum int64
			for _, u := range users {
				dau += count(within(u, d.Day, d.Day) > 0)
				wau += count(within(u, d.Day-6, d.Day) > 0)
				mau += count(within(u, d.Day-27, d.Day) > 0)
				sum += within(u, d.Day-27, d.Day)
			}
			if d.DAU != dau || d.WAU != wau || d.MAU != mau {
				t.Fatalf("%+v, want %d, %d, %d", d, dau, wau, mau)
			}
			if (d.Stickiness == nil) != (mau == 0) || mau > 0 && math.Abs(*d.Stickiness-float64(sum)/28/float64(mau)) > 1e-12 {
				t.Fatalf("%s: stickiness %v, want %d/28/%d", d.Date, d.Stickiness, sum, mau)
			}
		}
		for k, users28 := range a.L28() {
			var want int64
			for _, u := range users {
				want += count(within(u, asOf-27, asOf) == int64(k+1))
			}
			if users28 != want {
				t.Fatalf("%d users were active on %d days, want %d", users28, k+1, want)
			}
		}
	})
}

func TestCohortsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users, asOf := drawUsers(t), zone.Day(rapid.IntRange(9_990, 10_400).Draw(t, "as of"))
		period := rapid.SampledFrom([]Period{Month, Week}).Draw(t, "period")
		c := NewCohorts(period, asOf)
		buyers, revenue := map[[2]int]map[int]bool{}, map[[2]int]int64{}
		for i, u := range users {
			c.Add(u.facts())
			days := u.until(asOf)
			for j, d := range days {
				k := [2]int{period.index(days[0]), period.index(d) - period.index(days[0])}
				if buyers[k] == nil {
					buyers[k] = map[int]bool{}
				}
				buyers[k][i] = true
				revenue[k] += u.spend[j]
			}
		}
		cells := 0
		for _, r := range c.Rows() {
			first := -1
			for k := range buyers {
				if period.label(k[0]) == r.Cohort {
					first = k[0]
				}
			}
			for k, n := range r.Users {
				at := [2]int{first, k}
				if n != int64(len(buyers[at])) || r.Revenue[k] != revenue[at] {
					t.Fatalf("%s + %d: %d buyers, %d; want %d, %d", r.Cohort, k, n, r.Revenue[k], len(buyers[at]), revenue[at])
				}
				cells += int(count(n > 0))
			}
		}
		if cells != len(buyers) {
			t.Fatalf("%d cells, want %d", cells, len(buyers))
		}
	})
}

func TestConcentrationAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewConcentration()
		var values []float64
		sum := 0.0
		for _, u := range drawUsers(t) {
			c.Add(u.facts())
			total := 0.0
			for _, s := range u.spend {
				total += float64(s)
			}
			if len(u.days) > 0 {
				values = append(values, total)
				sum += total
			}
		}
		gini, ok := c.Gini()
		if ok != (sum > 0) {
			t.Fatalf("ok is %v for a sum of %v", ok, sum)
		}
		if !ok {
			return
		}
		var pairs float64 // the mean absolute difference, by definition
		for _, a := range values {
			for _, b := range values {
				pairs += math.Abs(a - b)
			}
		}
		if want := pairs / (2 * float64(len(values)) * sum); math.Abs(gini-want) > 1e-9 {
			t.Fatalf("gini %v, want %v", gini, want)
		}
		curve := c.Curve()
		if last := curve[len(curve)-1]; last.Users != c.Users() || *last.Share != 1 {
			t.Fatalf("the curve ends at %+v", last)
		}
	})
}

// TestReportsDoNotDependOnOrder adds the same users in two orders and compares every CSV.
func TestReportsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users, asOf := drawUsers(t), zone.Day(rapid.IntRange(9_990, 10_400).Draw(t, "as of"))
		all := func() []report {
			return []report{
				NewLifecycle(Week, asOf), NewCohorts(Month, asOf), NewConcentration(), NewActivity(asOf), NewReturnRate(asOf),
				NewRetention([]int{1, 7, 30}, Purchases, asOf),
			}
		}
		a, b := all(), all()
		for i := range users {
			for j := range a {
				a[j].Add(users[i].facts())
				b[j].Add(users[len(users)-1-i].facts())
			}
		}
		for j := range a {
			var x, y bytes.Buffer
			if a[j].CSV(&x) != nil || b[j].CSV(&y) != nil || x.String() != y.String() {
				t.Fatalf("report %d depends on the order:\n%s\n%s", j, x.String(), y.String())
			}
		}
	})
}
