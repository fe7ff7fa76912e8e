package whatif

import (
	"reflect"
	"testing"

	"github.com/weir-engine/weir/shared/zone"
)

// TestCompareAgain adds the shards of a base one by one, with evaluations in between: reports and rows are those of a base that had
// them all from the beginning, whether they are verified and prepared or not.
func TestCompareAgain(t *testing.T) {
	whole := drawn(t, 3000, 700)
	want, err := whole.Compare(commerce(60, 120))
	if err != nil {
		t.Fatal(err)
	}
	shards := buffers(t, 3000, 700)
	base := NewBase(zone.UTC)
	var p *Preview
	rows := 0
	for i, b := range shards {
		if err := base.AddVerified(b); err != nil {
			t.Fatal(err)
		}
		if p != nil {
			if p.Report().Users != int64(rows) || base.Rows() != rows {
				t.Fatalf("a shard counts before the base is compared: %d users, %d rows", p.Report().Users, base.Rows())
			}
			if err := p.Try(commerce(20+i, 90)); err != nil {
				t.Fatal(err)
			}
		}
		if p, err = base.Compare(commerce(60, 120)); err != nil {
			t.Fatal(err)
		}
		rows = base.Rows()
		if i == 1 {
			for more := true; more; {
				if more, err = p.Prepare(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	compare := func(what string) {
		t.Helper()
		if got, want := p.Report(), want.Report(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the reports differ:\n%+v\n%+v", what, got, want)
		}
		for i := range rows {
			if got, want := p.Row(i), want.Row(i); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: row %d: %+v, want %+v", what, i, got, want)
			}
		}
	}
	compare("at the start")
	other := commerce(30, 200)
	other.Cuts.Recency = [4]int64{20, 80, 130, 300}
	for _, preview := range []*Preview{p, want} {
		if err := preview.Try(other); err != nil {
			t.Fatal(err)
		}
	}
	compare("tried")
	// Another strategy at the start is another preview.
	if p, err = base.Compare(other); err != nil {
		t.Fatal(err)
	}
	if want, err = whole.Compare(other); err != nil {
		t.Fatal(err)
	}
	compare("started anew")
}
