package whatif

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/weir-engine/weir/shared/segment/column"
)

// MaxEngagement is the best engagement score; the least is 0.
const MaxEngagement = 100

// colEngagement is the score as shards of earlier versions hold it; now it follows from its conditions.
const colEngagement = "engagement"

// maxEntries bounds the entries of engagement, so that sums of points fit into 16 bits.
const maxEntries = 64

// engaging computes engagement scores. A score is held as 1 + itself, 0 where the strategy gives no points.
type engaging struct {
	when   []*column.Runner
	points []int16
	fixed  func(row int) float64 // of a shard that holds scores alone; else nil
}

func (k *engaging) block(b int, out *[column.BlockRows]uint8) {
	if k.fixed != nil {
		for i := range out {
			v := k.fixed(b*column.BlockRows + i)
			if out[i] = 0; !math.IsNaN(v) {
				out[i] = uint8(1 + min(max(int(v), 0), MaxEngagement))
			}
		}
		return
	}
	if len(k.when) == 0 {
		clear(out[:])
		return
	}
	var sum [column.BlockRows]int16
	for i, when := range k.when {
		var holds column.Block
		when.Block(b, &holds)
		for w, set := range holds {
			for ; set != 0; set &= set - 1 {
				sum[w*64+bits.TrailingZeros64(set)] += k.points[i]
			}
		}
	}
	for i, s := range sum {
		out[i] = uint8(1 + min(max(s, 0), MaxEngagement))
	}
}

// The report tells engagement apart by bands of five points; the last holds the best score too.
const (
	bandWidth = 5
	bands     = MaxEngagement / bandWidth
)

// bandOf is the band of a held score: 0 for nobody's, else from 1.
func bandOf(score uint8) uint8 {
	if score == 0 {
		return 0
	}
	return 1 + min((score-1)/bandWidth, bands-1)
}

// bandName writes a band as its least and greatest score.
func bandName(band int) string {
	if band == 0 {
		return ""
	}
	from, to := (band-1)*bandWidth, band*bandWidth-1
	if band == bands {
		to = MaxEngagement
	}
	return strconv.Itoa(from) + "-" + strconv.Itoa(to)
}

func bandNames() []string {
	names := make([]string, bands)
	for i := range names {
		names[i] = bandName(i + 1)
	}
	return names
}

func samePoints(a, b []Points) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Points != b[i].Points || text(a[i].When) != text(b[i].When) {
			return false
		}
	}
	return true
}

// engagement compiles the entries for a shard.
func (k *shardPlan) engagement(spec *Spec) (*engaging, error) {
	e := &engaging{}
	if s := k.s; s.cols[colEngagement] != nil {
		if k.p.start != nil && !samePoints(k.p.start.Engagement, spec.Engagement) {
			return nil, notPreviewable("engagement", "the snapshot holds the scores and not what they follow from; make a new one")
		}
		e.fixed = func(row int) float64 {
			if row >= s.Rows {
				return math.NaN()
			}
			return k.p.number(s, colEngagement, row)
		}
		return e, nil
	}
	for _, p := range spec.Engagement {
		run, err := k.condition(spec, pointsPlace(p.Name), p.When)
		if err != nil {
			return nil, err
		}
		e.when, e.points = append(e.when, run), append(e.points, int16(p.Points))
	}
	return e, nil
}

func pointsPlace(name string) string { return "engagement." + name + ".when" }

// scoreOf is the engagement score of a row; -1 where the strategy gives no points.
func (o *output) scoreOf(row int) int {
	if o.points == nil {
		return -1
	}
	return int(o.points[row]) - 1
}

// countPoints counts who moves between bands.
func (k *shardPlan) countPoints(b int, now, old *[column.BlockRows]uint8) {
	var x, y [column.BlockRows]uint8
	for i := range now {
		x[i], y[i] = bandOf(now[i]), bandOf(old[i])
	}
	k.countCodes(b, &x, &y, k.p.groups[groupPoints])
}
