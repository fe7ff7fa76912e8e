package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Scratch implements app.Scratch in a folder.
type Scratch struct{ Dir string }

// The buffers of all partitions of a spill together take about spillMemory bytes.
const (
	spillMemory   = 32 << 20
	spillMinBlock = 4 << 10
	spillMaxBlock = 256 << 10
)

// Open implements app.Scratch. All partitions share one file, which the system removes when the process ends.
func (s *Scratch) Open(ctx context.Context, n int) (app.Spill, error) {
	if err := ctx.Err(); err != nil {
		return nil, Canceled(err)
	}
	if n < 1 {
		return nil, fault.New(fault.Invalid, "%d is not a number of partitions", n)
	}
	f, err := os.CreateTemp(s.Dir, "spill-*")
	if err != nil {
		return nil, Fault(err, "make a scratch file in %s", s.Dir)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, Fault(err, "make a scratch file in %s", s.Dir)
	}
	block := min(max(spillMemory/n, spillMinBlock), spillMaxBlock)
	return &spill{file: f, name: filepath.Base(f.Name()), block: block, parts: make([]partition, n)}, nil
}

// spill implements app.Spill. Each partition fills a block in memory; a full block goes to the end of the file. A record is
// its length as a varint and its bytes, and never crosses blocks.
type spill struct {
	file   *os.File
	name   string
	block  int
	parts  []partition
	end    atomic.Int64 // of the file
	closed atomic.Bool
}

type partition struct {
	mu      sync.Mutex
	buffer  []byte
	blocks  []block
	written int64
}

type block struct{ at, size int64 }

// Append implements app.Spill.
func (s *spill) Append(part int, record []byte) error {
	p, err := s.part(part)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	need := binary.MaxVarintLen64 + len(record)
	if len(p.buffer) > 0 && len(p.buffer)+need > s.block {
		if err := s.flush(p); err != nil {
			return err
		}
	}
	if p.buffer == nil {
		p.buffer = make([]byte, 0, s.block)
	}
	p.buffer = binary.AppendUvarint(p.buffer, uint64(len(record)))
	p.buffer = append(p.buffer, record...)
	return nil
}

func (s *spill) part(i int) (*partition, error) {
	if i < 0 || i >= len(s.parts) {
		return nil, fault.New(fault.Invalid, "the scratch file has no partition %d", i)
	}
	if s.closed.Load() {
		return nil, fault.New(fault.Conflict, "the scratch file is closed")
	}
	return &s.parts[i], nil
}

// flush writes a partition's block; its lock is held.
func (s *spill) flush(p *partition) error {
	size := int64(len(p.buffer))
	if size == 0 {
		return nil
	}
	at := s.end.Add(size) - size
	if _, err := s.file.WriteAt(p.buffer, at); err != nil {
		return Fault(err, "write the scratch file %s", s.name)
	}
	p.blocks = append(p.blocks, block{at, size})
	p.written += size
	p.buffer = p.buffer[:0]
	if cap(p.buffer) > s.block { // a giant record was here
		p.buffer = nil
	}
	return nil
}

// Flush implements app.Spill.
func (s *spill) Flush() error {
	for i := range s.parts {
		p, err := s.part(i)
		if err != nil {
			return err
		}
		p.mu.Lock()
		err = s.flush(p)
		p.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// Read implements app.Spill. It yields what was flushed before it began.
func (s *spill) Read(part int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		p, err := s.part(part)
		if err != nil {
			yield(nil, err)
			return
		}
		p.mu.Lock()
		blocks := p.blocks
		p.mu.Unlock()
		var buffer []byte
		for _, b := range blocks {
			if int64(cap(buffer)) < b.size {
				buffer = make([]byte, b.size)
			}
			buffer = buffer[:b.size]
			if _, err := s.file.ReadAt(buffer, b.at); err != nil {
				yield(nil, Fault(err, "read the scratch file %s", s.name))
				return
			}
			if !records(buffer, yield) {
				return
			}
		}
	}
}

// records yields the records of a block; false when the caller wants no more.
func records(b []byte, yield func([]byte, error) bool) bool {
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || uint64(len(b)-used) < n {
			yield(nil, fault.New(fault.Internal, "the scratch file is damaged").WithHint("repeat the import: it goes on where it was"))
			return false
		}
		end := used + int(n)
		if !yield(b[used:end:end], nil) {
			return false
		}
		b = b[end:]
	}
	return true
}

// Bytes implements app.Spill: the records and their lengths, flushed or not.
func (s *spill) Bytes(part int) int64 {
	p, err := s.part(part)
	if err != nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written + int64(len(p.buffer))
}

// Close implements app.Spill. It may be called again.
func (s *spill) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if err := s.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return Fault(err, "close the scratch file %s", s.name)
	}
	for i := range s.parts {
		p := &s.parts[i]
		p.mu.Lock()
		p.buffer, p.blocks = nil, nil
		p.mu.Unlock()
	}
	return nil
}
