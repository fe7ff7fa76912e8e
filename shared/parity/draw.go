package parity

import "strconv"

// draw is a generator of random numbers: SplitMix64 (Steele, Lea, Flood 2014). It depends on its seed alone.
type draw uint64

// drawOf starts the numbers of one profile: neighbouring profiles have nothing in common.
func drawOf(block, profile int) *draw {
	d := draw(uint64(block)<<32 | uint64(profile))
	d = draw(d.next())
	return &d
}

func (d *draw) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, n).
func (d *draw) below(n int) int { return int(d.next() % uint64(n)) }

// one reports true once in n.
func (d *draw) one(n int) bool { return d.below(n) == 0 }

// unit returns a number in [0, 1).
func (d *draw) unit() float64 { return float64(d.next()>>11) / (1 << 53) }

// tail returns a number in [0, limit) with a heavy tail: half of them are below limit/2, a quarter of those below limit/4 …
func (d *draw) tail(limit int) int {
	for range 6 {
		if d.one(3) {
			break
		}
		limit = max(limit/2, 1)
	}
	return d.below(limit)
}

func (d *draw) pick(of ...string) string { return of[d.below(len(of))] }

// amount is a price as events write it.
func (d *draw) amount() string {
	switch d.below(12) {
	case 0:
		return "0"
	case 1:
		return strconv.Itoa(d.below(90_000)) + "e-2"
	case 2:
		return `"` + strconv.Itoa(d.below(300)) + `.5"`
	}
	cents := strconv.Itoa(100 + d.below(100))
	return strconv.Itoa(d.tail(2_000)) + "." + cents[1:]
}
