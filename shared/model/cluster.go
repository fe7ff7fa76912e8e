package model

import (
	"math"

	"github.com/weir-engine/weir/shared/fault"
)

// Clusters is a partition of points: the cluster of each, the centres in descending order of size, and the inertia, which is
// the sum of squared distances to the centres.
type Clusters struct {
	Of      []int       `json:"of"`
	Centers [][]float64 `json:"centers"`
	Sizes   []int       `json:"sizes"`
	Inertia float64     `json:"inertia"`
}

// positiveZeros turns -0 into 0, which is the same point.
func positiveZeros(p []float64) []float64 {
	out := make([]float64, len(p))
	for i, v := range p {
		out[i] = v + 0
	}
	return out
}

// restarts is how often KMeans begins anew; the best end counts.
const restarts = 20

// KMeans partitions points into k clusters (Lloyd 1982) from starts of k-means++ (Arthur, Vassilvitskii 2007). The same points,
// k and seed give the same clusters. Scale the columns first: distances are plain. It refuses more clusters than different
// points.
func KMeans(points [][]float64, k int, seed uint64) (*Clusters, error) {
	different := map[string]bool{}
	for i, p := range points {
		if len(p) != len(points[0]) || len(p) == 0 {
			return nil, fault.New(fault.Invalid, "point %d has %d columns", i+1, len(p)).WithHint("give every point the same columns")
		}
		for _, v := range p {
			if !(v > -1e100 && v < 1e100) {
				return nil, fault.New(fault.Invalid, "point %d holds %v", i+1, v).WithHint("fill or drop what is missing, and scale what is huge")
			}
		}
		if len(different) <= k {
			different[fingerprint(positiveZeros(p)...)] = true
		}
	}
	if k < 1 || len(different) < k {
		return nil, fault.New(fault.Invalid, "%d clusters of %d different points", k, len(different)).
			WithHint("ask for at least one cluster, and no more than there are different points")
	}
	var best *Clusters
	r := &random{seed}
	for range restarts {
		if c := lloyd(points, spread(points, k, r)); best == nil || c.Inertia < best.Inertia {
			best = c
		}
	}
	best.order()
	return best, nil
}

// random is SplitMix64 (Steele, Lea, Flood 2014).
type random struct{ state uint64 }

// float returns a number in [0, 1).
func (r *random) float() float64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

// spread chooses k different points, each with a probability in proportion to its squared distance from those before.
func spread(points [][]float64, k int, r *random) [][]float64 {
	centers := [][]float64{points[int(r.float()*float64(len(points)))]}
	distance := make([]float64, len(points))
	for i := range distance {
		distance[i] = math.Inf(1)
	}
	for len(centers) < k {
		sum, last := 0.0, centers[len(centers)-1]
		for i, p := range points {
			distance[i] = min(distance[i], squared(p, last))
			sum += distance[i]
		}
		next, at := -1, r.float()*sum
		for i, d := range distance {
			if at -= d; d > 0 {
				if next = i; at < 0 {
					break
				}
			}
		}
		centers = append(centers, points[next])
	}
	return centers
}

func squared(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}

// lloyd moves each centre to the mean of its points until no point changes its cluster.
func lloyd(points, start [][]float64) *Clusters {
	k := len(start)
	c := &Clusters{Of: make([]int, len(points)), Centers: make([][]float64, k), Sizes: make([]int, k)}
	for i := range c.Centers {
		c.Centers[i] = append([]float64(nil), start[i]...)
	}
	for step := range 300 {
		changed := step == 0
		c.Inertia = 0
		for i, p := range points {
			nearest, least := 0, math.Inf(1)
			for j, center := range c.Centers {
				if d := squared(p, center); d < least {
					nearest, least = j, d
				}
			}
			changed = changed || c.Of[i] != nearest
			c.Of[i] = nearest
			c.Inertia += least
		}
		if !changed {
			break
		}
		c.center(points)
	}
	return c
}

// center sets sizes and means; a cluster without points keeps its centre.
func (c *Clusters) center(points [][]float64) {
	sums := make([][]float64, len(c.Centers))
	for j := range sums {
		sums[j], c.Sizes[j] = make([]float64, len(points[0])), 0
	}
	for i, p := range points {
		c.Sizes[c.Of[i]]++
		for d, v := range p {
			sums[c.Of[i]][d] += v
		}
	}
	for j, n := range c.Sizes {
		for d := range sums[j] {
			if n > 0 {
				c.Centers[j][d] = sums[j][d] / float64(n)
			}
		}
	}
}

// order numbers the clusters by size, the largest first, and equal ones by centre.
func (c *Clusters) order() {
	k := len(c.Centers)
	rank := make([]int, k)
	for i := range k {
		for j := range k {
			if before(c, j, i) {
				rank[i]++
			}
		}
	}
	centers, sizes := make([][]float64, k), make([]int, k)
	for i, to := range rank {
		centers[to], sizes[to] = c.Centers[i], c.Sizes[i]
	}
	for i, j := range c.Of {
		c.Of[i] = rank[j]
	}
	c.Centers, c.Sizes = centers, sizes
}

func before(c *Clusters, i, j int) bool {
	if c.Sizes[i] != c.Sizes[j] {
		return c.Sizes[i] > c.Sizes[j]
	}
	for d, v := range c.Centers[i] {
		if v != c.Centers[j][d] {
			return v < c.Centers[j][d]
		}
	}
	return i < j
}
