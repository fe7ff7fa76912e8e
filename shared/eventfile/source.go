package eventfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-engine/weir/shared/fault"
)

const (
	blockBytes  = 128 << 10
	blockCount  = 4
	zstdWindow  = 128 << 20 // what the zstd program itself accepts by default
	ratioSlack  = 16 << 20  // output below which the ratio is not judged
	magicLength = 4
)

// source reads and inflates a file in a goroutine of its own, a bounded number of blocks ahead of who parses them.
type source struct {
	blocks   chan block
	free     chan []byte
	stop     chan struct{}
	ended    chan struct{}
	consumed atomic.Int64
}

type block struct {
	data []byte
	err  error // the last block's: io.EOF or what is wrong with the file
}

// counted counts the bytes read of the file.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func openSource(r io.ReaderAt, size int64, o *Options) (*source, error) {
	s := &source{blocks: make(chan block, blockCount), free: make(chan []byte, blockCount), stop: make(chan struct{}), ended: make(chan struct{})}
	magic := make([]byte, min(size, magicLength))
	if _, err := r.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(err)
	}
	var in io.Reader = counted{io.NewSectionReader(r, 0, size), &s.consumed}
	name := compression(magic)
	in, release, err := inflate(name, in)
	if err != nil {
		return nil, s.broken(name, size, err)
	}
	for range blockCount {
		s.free <- nil // memory is taken when it is needed
	}
	guard := guard{name: name, maxBytes: o.MaxBytes, maxRatio: int64(o.MaxRatio), consumed: &s.consumed}
	go s.pump(in, release, guard, size)
	return s, nil
}

// compression names what the first bytes of a file say: gzip, zstd or "".
func compression(magic []byte) string {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return "gzip"
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	case len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18}): // a skippable frame
		return "zstd"
	}
	return ""
}

func inflate(name string, in io.Reader) (out io.Reader, release func(), err error) {
	switch name {
	case "gzip":
		z, err := gzip.NewReader(bufio.NewReaderSize(in, blockBytes))
		return z, func() {}, err
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(false), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return in, func() {}, nil
}

// guard refuses a file that inflates to more than it should.
type guard struct {
	name     string
	maxBytes int64
	maxRatio int64
	total    int64
	consumed *atomic.Int64
}

func (g *guard) add(n int) error {
	g.total += int64(n)
	if g.total > g.maxBytes {
		return fault.New(fault.TooLarge, "the file holds more than %d bytes uncompressed", g.maxBytes).WithHint("split the file, or raise the limit")
	}
	if g.name == "" || g.total <= ratioSlack {
		return nil
	}
	if in := max(g.consumed.Load(), 1); g.total/in > g.maxRatio {
		return fault.New(fault.TooLarge, "byte %d of the %s data: it inflates to more than %d times its size", in, g.name, g.maxRatio).
			WithHint("this is how a zip bomb looks; if the file is good, upload it uncompressed")
	}
	return nil
}

// pump fills blocks until the input ends, breaks or nobody wants more.
func (s *source) pump(in io.Reader, release func(), g guard, size int64) {
	defer close(s.ended)
	defer release()
	defer close(s.blocks)
	for {
		var buf []byte
		select {
		case buf = <-s.free:
		case <-s.stop:
			return
		}
		if buf == nil {
			buf = make([]byte, blockBytes)
		}
		n, err := s.fill(in, buf[:blockBytes])
		if bad := g.add(n); bad != nil {
			n, err = 0, bad
		} else if err != nil && err != io.EOF {
			err = s.broken(g.name, size, err)
		}
		select {
		case s.blocks <- block{buf[:n], err}:
		case <-s.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// fill reads until buf is full or the input gives an error, which it returns as it is. A panic of a decoder is one.
func (s *source) fill(in io.Reader, buf []byte) (n int, err error) {
	defer fault.Catch(&err)
	for n < len(buf) && err == nil {
		var m int
		m, err = in.Read(buf[n:])
		n += m
	}
	return n, err
}

// broken says what is wrong with a file that cannot be read to its end.
func (s *source) broken(name string, size int64, err error) error {
	at := s.consumed.Load()
	switch {
	case fault.CodeOf(err) != fault.Internal || fault.IsPanic(err):
		return fault.Wrap(err, "reading the file at byte %d", at)
	case name == "":
		return fault.Wrap(unreadable(err), "at byte %d", at)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fault.New(fault.Invalid, "the %s data breaks off at the end of the file, byte %d: the file is truncated", name, size).
			WithHint("copy the file again as a whole; nothing of this one was applied").Because(err)
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fault.New(fault.TooLarge, "the zstd data needs a window of more than %d MiB", zstdWindow>>20).
			WithHint("compress again without --ultra or --long").Because(err)
	}
	return fault.New(fault.Invalid, "the %s data is damaged before byte %d of %d", name, at, size).
		WithHint("copy the file again; test it with %s -t", name).Because(err)
}

// next returns the next block; give it back when it is done with. After the last block it returns io.EOF for ever.
func (s *source) next() ([]byte, error) {
	b, ok := <-s.blocks
	if !ok {
		return nil, io.EOF
	}
	return b.data, b.err
}

func (s *source) giveBack(buf []byte) {
	select {
	case s.free <- buf[:blockBytes]:
	default:
	}
}

func (s *source) close() {
	close(s.stop)
	<-s.ended
}
