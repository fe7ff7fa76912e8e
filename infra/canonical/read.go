package canonical

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
)

// Read implements app.Canon: a merge of the files of each bucket. A file is open only while the merge is within its range of
// hashes.
func (c *Canon) Read(ctx context.Context, f app.RowFilter) iter.Seq2[app.Row, error] {
	return func(yield func(app.Row, error) bool) {
		want := newWanted(f)
		for bucket := range c.buckets {
			if f.Bucket >= 0 && bucket != f.Bucket || want.none(bucket, c.buckets) {
				continue
			}
			if !c.readBucket(ctx, bucket, want, yield) {
				return
			}
		}
	}
}

// readBucket yields the rows of a bucket. When files were compacted before the first row came, it begins again with the new ones.
func (c *Canon) readBucket(ctx context.Context, bucket int, want *wanted, yield func(app.Row, error) bool) bool {
	for try := 0; ; try++ {
		var failure error
		m := merge{c: c, ctx: ctx, want: want, bucket: bucket, listed: map[string]bool{}}
		ok := m.run(bucket, func(r app.Row, err error) bool {
			if errors.Is(err, errReplaced) && !m.yielded && try < 3 {
				failure = err
				return false
			}
			m.yielded = m.yielded || err == nil
			return yield(r, err)
		})
		m.close()
		if failure == nil {
			return ok
		}
	}
}

// wanted is a filter in the form in which files are searched.
type wanted struct {
	filter app.RowFilter
	all    bool                // no filter on users
	hashes []uint64            // sorted
	keys   map[string]struct{} // raw keys
	to     int64
}

func newWanted(f app.RowFilter) *wanted {
	w := &wanted{filter: f, all: f.Keys == nil, keys: map[string]struct{}{}, to: f.To}
	for _, k := range f.Keys {
		w.keys[k] = struct{}{}
		w.hashes = append(w.hashes, event.UserHash(k))
	}
	slices.Sort(w.hashes)
	w.hashes = slices.Compact(w.hashes)
	return w
}

// none reports whether nobody who is wanted lies in a bucket.
func (w *wanted) none(bucket, buckets int) bool {
	return !w.all && !slices.ContainsFunc(w.hashes, func(h uint64) bool { return bucketOf(h, buckets) == bucket })
}

// within reports whether anybody who is wanted may lie between two hashes.
func (w *wanted) within(s span) bool {
	if w.all {
		return true
	}
	i, _ := slices.BinarySearch(w.hashes, s.min)
	return i < len(w.hashes) && w.hashes[i] <= s.max
}

func (w *wanted) hash(h uint64) bool {
	_, ok := slices.BinarySearch(w.hashes, h)
	return ok
}

// time reports whether a moment is wanted.
func (w *wanted) time(ms int64) bool {
	return (w.filter.From == 0 || ms >= w.filter.From) && (w.to == 0 || ms < w.to)
}

func (w *wanted) key(key string) bool {
	if w.all {
		return true
	}
	_, ok := w.keys[key]
	return ok
}

// source is one sorted run of rows of a merge, opened when the merge comes to it.
type source struct {
	located
	span span
}

// merge yields the rows of one bucket in order.
type merge struct {
	c       *Canon
	ctx     context.Context
	want    *wanted
	pending []source  // by the smallest hash; not open
	heap    []*cursor // open, the smallest row first
	runs    []string  // scratch files of merges done before this one
	bucket  int
	listed  map[string]bool // the files that were there; nil for a merge of a part
	yielded bool
}

// cancelEvery is the number of rows between two looks at the context.
const cancelEvery = 512

// maxFanIn bounds the memory of a merge: a file in it takes a page of each column, some hundred kilobytes.
const maxFanIn = 256

// run yields the rows of a bucket; false when the caller wants no more, or after an error.
func (m *merge) run(bucket int, yield func(app.Row, error) bool) bool {
	err := m.plan(bucket)
	if err == nil {
		err = m.narrow()
	}
	if err != nil {
		return fail(yield, err)
	}
	return m.walk(yield)
}

// walk merges what is pending.
func (m *merge) walk(yield func(app.Row, error) bool) bool {
	for n := 0; ; n++ {
		if n%cancelEvery == 0 && m.ctx.Err() != nil {
			return fail(yield, disk.Canceled(m.ctx.Err()))
		}
		if err := m.open(); err != nil {
			return fail(yield, err)
		}
		if len(m.heap) == 0 {
			return true
		}
		row, err := m.heap[0].row()
		if err != nil {
			return fail(yield, err)
		}
		if !yield(row, nil) {
			return false
		}
		if err := m.advance(); err != nil {
			return fail(yield, err)
		}
	}
}

func fail(yield func(app.Row, error) bool, err error) bool {
	yield(app.Row{}, err)
	return false
}

// plan finds the files that may hold what is wanted.
func (m *merge) plan(bucket int) error {
	files, err := m.c.list(m.ctx, bucket, m.want.filter)
	if err != nil {
		return err
	}
	for _, l := range files {
		m.listed[l.name] = true
	}
	for i, l := range files {
		if i%64 == 0 && m.ctx.Err() != nil {
			return disk.Canceled(m.ctx.Err())
		}
		s, err := m.c.span(m.ctx, l)
		if err == nil && s.rows == 0 {
			err = m.missed()
		}
		if err != nil {
			return err
		}
		if s.rows > 0 && m.want.within(s) {
			m.pending = append(m.pending, source{l, s})
		}
	}
	m.sort()
	return nil
}

// narrow merges groups of files into runs in scratch until what is left can be merged at once. Files of different chunks do
// not overlap: they count once.
func (m *merge) narrow() error {
	for overlap(m.pending) > m.c.fanIn {
		group := merge{c: m.c, ctx: m.ctx, want: m.want, pending: slices.Clone(m.pending[:m.c.fanIn])}
		run, err := m.c.writeRun(&group)
		group.close()
		if err != nil {
			return err
		}
		m.runs = append(m.runs, run.name)
		m.pending = append(m.pending[m.c.fanIn:], run)
		if run.span.rows == 0 {
			m.pending = m.pending[:len(m.pending)-1]
		}
		m.sort()
	}
	return nil
}

// overlap is the largest number of files that hold one hash; the files are sorted by their smallest.
func overlap(files []source) (most int) {
	var ends []uint64 // of the files that began and have not ended, sorted
	for _, f := range files {
		past, _ := slices.BinarySearch(ends, f.span.min)
		ends = ends[past:]
		at, _ := slices.BinarySearch(ends, f.span.max)
		ends = slices.Insert(ends, at, f.span.max)
		most = max(most, len(ends))
	}
	return most
}

func (m *merge) sort() {
	slices.SortFunc(m.pending, func(a, b source) int {
		return cmp.Or(cmp.Compare(a.span.min, b.span.min), strings.Compare(a.name, b.name))
	})
}

// open opens the files that may hold a row before the smallest open one.
func (m *merge) open() error {
	for len(m.pending) > 0 && (len(m.heap) == 0 || m.pending[0].span.min <= m.heap[0].hash) {
		k, err := m.c.openCursor(m.ctx, m.pending[0].located, m.want)
		m.pending = m.pending[1:]
		if errors.Is(err, errGone) {
			err = m.missed()
		}
		if err != nil {
			return err
		}
		if k == nil {
			continue
		}
		m.heap = append(m.heap, k)
		for i := len(m.heap) - 1; i > 0 && less(m.heap[i], m.heap[(i-1)/2]); i = (i - 1) / 2 {
			m.heap[i], m.heap[(i-1)/2] = m.heap[(i-1)/2], m.heap[i]
		}
	}
	return nil
}

// missed looks why a file is gone: because it was dropped, or because it was merged into another one, which is an error.
func (m *merge) missed() error {
	if m.listed == nil {
		return nil
	}
	replaced, err := m.replaced()
	if err == nil && replaced {
		err = errReplaced
	}
	return err
}

// advance moves the file of the smallest row on.
func (m *merge) advance() error {
	more, err := m.heap[0].next()
	if err != nil {
		return err
	}
	if !more {
		m.heap[0].close()
		last := len(m.heap) - 1
		m.heap[0], m.heap[last] = m.heap[last], nil
		m.heap = m.heap[:last]
	}
	for i := 0; ; {
		smallest := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if less(m.heap[child], m.heap[smallest]) {
				smallest = child
			}
		}
		if smallest == i {
			return nil
		}
		m.heap[i], m.heap[smallest] = m.heap[smallest], m.heap[i]
		i = smallest
	}
}

func (m *merge) close() {
	for _, k := range m.heap {
		k.close()
	}
	m.heap = nil
	for _, name := range m.runs {
		m.c.spans.Delete(name)
		_ = os.Remove(name) // what stays is removed at the next start
	}
	m.runs = nil
}

// less orders cursors by their rows, equal ones by their files.
func less(a, b *cursor) bool {
	if a.hash != b.hash {
		return a.hash < b.hash
	}
	if c := strings.Compare(a.key, b.key); c != 0 {
		return c < 0
	}
	if a.time != b.time {
		return a.time < b.time
	}
	if a.id != b.id {
		return string(a.id[:]) < string(b.id[:])
	}
	return a.name < b.name
}
