package strategy

import "strings"

// DiffLine is one line of a comparison of two texts.
type DiffLine struct {
	Op      byte   // ' ' in both, '-' only in the old, '+' only in the new
	OldLine int    // from 1; 0 for '+'
	NewLine int    // from 1; 0 for '-'
	Text    string // without the line's end
}

// DiffLines compares two texts line by line. The result holds every line of both.
func DiffLines(a, b []byte) []DiffLine {
	d := differ{a: lines(a), b: lines(b)}
	d.compare(0, len(d.a), 0, len(d.b))
	return d.out
}

func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	all := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := range all {
		all[i] = strings.TrimSuffix(all[i], "\r")
	}
	return all
}

type differ struct {
	a, b []string
	out  []DiffLine
}

func (d *differ) keep(i, j int) {
	d.out = append(d.out, DiffLine{Op: ' ', OldLine: i + 1, NewLine: j + 1, Text: d.a[i]})
}

// compare appends the comparison of a[i:n] with b[j:m].
func (d *differ) compare(i, n, j, m int) {
	for i < n && j < m && d.a[i] == d.b[j] {
		d.keep(i, j)
		i, j = i+1, j+1
	}
	tail := 0
	for n-tail > i && m-tail > j && d.a[n-tail-1] == d.b[m-tail-1] {
		tail++
	}
	d.middle(i, n-tail, j, m-tail)
	for t := tail; t > 0; t-- {
		d.keep(n-t, m-t)
	}
}

// middle compares stretches that differ at both ends: by the anchors of lines that stand once in each, else by the longest
// common subsequence when the stretches are short, else as a replacement.
func (d *differ) middle(i, n, j, m int) {
	const most = 1 << 20
	if i == n || j == m {
		d.replace(i, n, j, m)
		return
	}
	if anchors := d.anchors(i, n, j, m); len(anchors) > 0 {
		for _, at := range anchors {
			d.compare(i, at[0], j, at[1])
			d.keep(at[0], at[1])
			i, j = at[0]+1, at[1]+1
		}
		d.compare(i, n, j, m)
		return
	}
	if (n-i)*(m-j) > most {
		d.replace(i, n, j, m)
		return
	}
	d.longest(i, n, j, m)
}

func (d *differ) replace(i, n, j, m int) {
	for ; i < n; i++ {
		d.out = append(d.out, DiffLine{Op: '-', OldLine: i + 1, Text: d.a[i]})
	}
	for ; j < m; j++ {
		d.out = append(d.out, DiffLine{Op: '+', NewLine: j + 1, Text: d.b[j]})
	}
}

// anchors returns the longest ascending run of lines that stand exactly once in both stretches (patience diff).
func (d *differ) anchors(i, n, j, m int) [][2]int {
	type once struct{ a, b, countA, countB int }
	table := make(map[string]*once, n-i)
	for k := i; k < n; k++ {
		if table[d.a[k]] == nil {
			table[d.a[k]] = &once{}
		}
		table[d.a[k]].a = k
		table[d.a[k]].countA++
	}
	for k := j; k < m; k++ {
		if o := table[d.b[k]]; o != nil {
			o.b = k
			o.countB++
		}
	}
	var pairs [][2]int
	for k := i; k < n; k++ {
		if o := table[d.a[k]]; o.countA == 1 && o.countB == 1 {
			pairs = append(pairs, [2]int{k, o.b})
		}
	}
	return ascending(pairs)
}

// ascending returns the longest subsequence whose second numbers ascend.
func ascending(pairs [][2]int) [][2]int {
	var piles []int // piles[k]: index of the pair with the smallest end of an ascending run of k+1
	before := make([]int, len(pairs))
	for i, p := range pairs {
		lo, hi := 0, len(piles)
		for lo < hi {
			if mid := (lo + hi) / 2; pairs[piles[mid]][1] < p[1] {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		before[i] = -1
		if lo > 0 {
			before[i] = piles[lo-1]
		}
		if lo == len(piles) {
			piles = append(piles, i)
		} else {
			piles[lo] = i
		}
	}
	if len(piles) == 0 {
		return nil
	}
	run := make([][2]int, len(piles))
	for k, at := len(piles)-1, piles[len(piles)-1]; k >= 0; k, at = k-1, before[at] {
		run[k] = pairs[at]
	}
	return run
}

// longest compares by the longest common subsequence.
func (d *differ) longest(i, n, j, m int) {
	width := m - j + 1
	table := make([]int32, (n-i+1)*width)
	for x := n - i - 1; x >= 0; x-- {
		for y := m - j - 1; y >= 0; y-- {
			if d.a[i+x] == d.b[j+y] {
				table[x*width+y] = table[(x+1)*width+y+1] + 1
			} else {
				table[x*width+y] = max(table[(x+1)*width+y], table[x*width+y+1])
			}
		}
	}
	x, y := 0, 0
	for x < n-i && y < m-j {
		switch {
		case d.a[i+x] == d.b[j+y]:
			d.keep(i+x, j+y)
			x, y = x+1, y+1
		case table[(x+1)*width+y] >= table[x*width+y+1]:
			d.replace(i+x, i+x+1, 0, 0)
			x++
		default:
			d.replace(0, 0, j+y, j+y+1)
			y++
		}
	}
	d.replace(i+x, n, j+y, m)
}
