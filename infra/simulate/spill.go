package simulate

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

const (
	slotBytes   = 48 << 20 // about what one slot of time should hold
	eventBytes  = 200      // about what one event takes
	eventsFirst = 8        // about how many events one person sends on coming
	eventsADay  = 0.05     // and on every day of the simulation
	spillBuffer = 16 << 10
)

// slotsADay are the numbers of slots that a day may be split into.
var slotsADay = []int{1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 288}

// spill keeps the events of everybody, made person by person, until they can be read in the order of time: in slots of time, each
// small enough to sort in memory.
type spill struct {
	dir    string
	start  int64
	length int64 // of a slot
	slots  [][]byte
	sizes  []int64
}

func newSpill(dir string, o Options) (*spill, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, cannotWrite(dir, err)
	}
	start, end := o.span()
	perDay, bytes := 0, float64(o.Users)*eventBytes*(eventsFirst/float64(o.Days)+eventsADay)
	for _, perDay = range slotsADay {
		if bytes/float64(perDay) <= slotBytes {
			break
		}
	}
	s := &spill{dir: dir, start: start, length: dayMs / int64(perDay)}
	n := (end - start) / s.length
	s.slots, s.sizes = make([][]byte, n), make([]int64, n)
	return s, nil
}

// add keeps an event under the slot in which it arrives.
func (s *spill) add(person, k int, e *sent) error {
	i := (e.arrived - s.start) / s.length
	b := s.slots[i]
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(e.arrived))
	b = binary.BigEndian.AppendUint32(b, uint32(person))
	b = binary.BigEndian.AppendUint32(b, uint32(k))
	b = event.AppendRecord(b, &e.ev)
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	s.slots[i] = b
	if len(b) >= spillBuffer {
		return s.save(int(i))
	}
	return nil
}

func (s *spill) name(i int) string { return filepath.Join(s.dir, strconv.Itoa(i)) }

// save appends what a slot holds in memory to its file.
func (s *spill) save(i int) error {
	if len(s.slots[i]) == 0 {
		return nil
	}
	f, err := os.OpenFile(s.name(i), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return cannotWrite(s.name(i), err)
	}
	_, err = f.Write(s.slots[i])
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return cannotWrite(s.name(i), err)
	}
	s.sizes[i] += int64(len(s.slots[i]))
	s.slots[i] = s.slots[i][:0]
	return nil
}

func (s *spill) flush() error {
	for i := range s.slots {
		if err := s.save(i); err != nil {
			return err
		}
		s.slots[i] = nil
	}
	return nil
}

// slot returns the records of a slot in the order in which they arrive, and forgets them.
func (s *spill) slot(i int) ([][]byte, error) {
	if s.sizes[i] == 0 {
		return nil, nil
	}
	f, err := os.Open(s.name(i))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s cannot be read", s.name(i)).WithHint("start again").Because(err)
	}
	defer f.Close()
	all := make([]byte, s.sizes[i])
	if _, err := io.ReadFull(bufio.NewReaderSize(f, 1<<20), all); err != nil {
		return nil, fault.New(fault.Unavailable, "%s cannot be read", s.name(i)).WithHint("start again").Because(err)
	}
	var records [][]byte
	for len(all) > 0 {
		n := binary.BigEndian.Uint32(all)
		records, all = append(records, all[4:4+n]), all[4+n:]
	}
	sort.Slice(records, func(a, b int) bool { return string(records[a][:recordHead]) < string(records[b][:recordHead]) })
	return records, os.Remove(s.name(i))
}

// recordHead is what a record is sorted by: the moment of arrival, the person, and the place among the person's events.
const recordHead = 8 + 4 + 4

func (s *spill) remove() { _ = os.RemoveAll(s.dir) }
