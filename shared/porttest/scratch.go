package porttest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

var scratchTests = []test{
	{"records come back in order", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 3)
		want := fillSpill(t, s, 3)
		must(t, s.Flush())
		for part := range 3 {
			same(t, "the records", readSpill(t, s, part), want[part])
			same(t, "the records, read again", readSpill(t, s, part), want[part])
		}
	}},
	{"new partitions are empty", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 300)
		must(t, s.Flush())
		same(t, "the records", readSpill(t, s, 299), [][]byte(nil))
		same(t, "the size", s.Bytes(299), int64(0))
	}},
	{"append goes on after a flush", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 2)
		must(t, s.Append(1, []byte("one")))
		must(t, s.Flush())
		must(t, s.Append(1, []byte("two")))
		must(t, s.Flush())
		must(t, s.Flush())
		same(t, "the records", readSpill(t, s, 1), [][]byte{[]byte("one"), []byte("two")})
		same(t, "its neighbour", readSpill(t, s, 0), [][]byte(nil))
	}},
	{"bytes covers the records", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 1)
		for n := range int64(100) {
			must(t, s.Append(0, make([]byte, 100)))
			if got := s.Bytes(0); got < (n+1)*100 || got > (n+1)*120 {
				t.Fatalf("%d records of 100 bytes take %d", n+1, got)
			}
		}
	}},
	{"the record is copied", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 1)
		b := []byte("first")
		must(t, s.Append(0, b))
		copy(b, "other")
		must(t, s.Flush())
		same(t, "the records", readSpill(t, s, 0), [][]byte{[]byte("first")})
	}},
	{"a reader may stop", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 1)
		want := fillSpill(t, s, 1)
		must(t, s.Flush())
		for b, err := range s.Read(0) {
			must(t, err)
			same(t, "the first record", b, want[0][0])
			break
		}
	}},
	{"partitions are written and read at the same time", func(t *testing.T, p app.Ports) {
		s := openSpill(t, p, 4)
		var group sync.WaitGroup
		for part := range 4 {
			group.Go(func() {
				for i := range 5000 {
					if err := s.Append(part, fmt.Appendf(nil, "%d-%d", part, i)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		must(t, s.Flush())
		for part := range 4 {
			group.Go(func() {
				i := 0
				for b, err := range s.Read(part) {
					if err != nil || string(b) != fmt.Sprintf("%d-%d", part, i) {
						t.Errorf("record %d of partition %d is %q, %v", i, part, b, err)
						return
					}
					i++
				}
				if i != 5000 {
					t.Errorf("partition %d has %d records", part, i)
				}
			})
		}
		group.Wait()
	}},
	{"spills do not see each other", func(t *testing.T, p app.Ports) {
		a, b := openSpill(t, p, 1), openSpill(t, p, 1)
		must(t, a.Append(0, []byte("a")))
		must(t, b.Append(0, []byte("b")))
		must(t, a.Flush())
		must(t, b.Flush())
		must(t, a.Close())
		same(t, "the records", readSpill(t, b, 0), [][]byte{[]byte("b")})
	}},
}

func openSpill(t *testing.T, p app.Ports, n int) app.Spill {
	t.Helper()
	s := get[app.Spill](t)(p.Scratch.Open(ctx, n))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fillSpill appends records of many sizes, empty and giant ones among them, to n partitions.
func fillSpill(t *testing.T, s app.Spill, n int) [][][]byte {
	t.Helper()
	want := make([][][]byte, n)
	for i, size := range []int{0, 1, 100, 127, 128, 5000, 70_000, 0, 1 << 20, 3, 300_000, 16_384, 2} {
		for part := range n {
			b := bytes.Repeat([]byte{byte(i*n + part)}, size)
			must(t, s.Append(part, b))
			want[part] = append(want[part], b)
		}
	}
	return want
}

func readSpill(t *testing.T, s app.Spill, part int) (all [][]byte) {
	t.Helper()
	for b, err := range s.Read(part) {
		must(t, err)
		all = append(all, bytes.Clone(b))
	}
	return all
}
