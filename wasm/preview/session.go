//go:build wasip1

package main

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

// abiVersion is the version of the border.
const abiVersion = 3

// session is one base and what is tried on it. A result stands until the next call but weir_alloc and weir_free.
type session struct {
	out     []byte
	buffers map[uint32][]byte // that were handed out, by address

	first   *wire.Plan // of the strategy that others are compared with
	plan    *wire.Plan // that was tried last
	base    *whatif.Base
	preview *whatif.Preview
	scores  *whatif.ScoreCube
	stages  *whatif.StageCube
	answer  whatif.ScoreAnswer
	moved   *whatif.StageAnswer
	specs   map[string]*whatif.Spec // of the cube of stages, by plan
	ranking *whatif.Ranking         // that cuts are computed from
	thin    uint32                  // share of 2^32 of the rows that shards keep; 0 keeps all
}

// The numbers that calls return.
const (
	ok = iota
	codeInvalid
	codeNotFound
	codeTooLarge
	codeUnavailable
	codeInternal
	codeNot // a cube cannot answer exactly: try the plan; or nothing is left to prepare
)

// errScan is not a failure: the threshold stands between two stops.
var errScan = errors.New("a threshold stands between two stops")

// errDone is not a failure either.
var errDone = errors.New("nothing is left to prepare")

// guard makes a number of what a call returns: 0, or a code with the error's texts as result. A panic becomes code 5.
func (s *session) guard(do func() error) (code uint32) {
	s.out = s.out[:0]
	defer func() {
		if p := recover(); p != nil {
			text := "a value of another kind"
			switch v := p.(type) {
			case error:
				text = v.Error()
			case string:
				text = v
			}
			code = s.fail(fault.New(fault.Internal, "the preview failed: %s", text).WithHint("load the page again"))
		}
	}()
	err := do()
	if err == nil {
		return ok
	}
	if errors.Is(err, errScan) || errors.Is(err, errDone) {
		return codeNot
	}
	return s.fail(err)
}

// fail writes the code, the message and the hint as texts, and the place in a condition as line and column; 0 without one.
func (s *session) fail(err error) uint32 {
	s.out = s.out[:0]
	code := fault.CodeOf(err)
	for _, text := range []string{string(code), err.Error(), fault.HintOf(err)} {
		s.out = append(binary.LittleEndian.AppendUint32(s.out, uint32(len(text))), text...)
	}
	line, col := 0, 0
	var at *segment.Error
	if errors.As(err, &at) {
		line, col = at.Line, at.Col
	}
	s.out = binary.LittleEndian.AppendUint32(s.out, uint32(line))
	s.out = binary.LittleEndian.AppendUint32(s.out, uint32(col))
	switch code {
	case fault.Invalid, fault.Conflict, fault.Forbidden:
		return codeInvalid
	case fault.NotFound:
		return codeNotFound
	case fault.TooLarge:
		return codeTooLarge
	case fault.Unavailable:
		return codeUnavailable
	}
	return codeInternal
}

// maxBuffer is the largest buffer that is handed out.
const maxBuffer = 1 << 30

// alloc hands a buffer out, which stays until free; nil when it is too large.
func (s *session) alloc(n uint32) []byte {
	if n == 0 || n > maxBuffer {
		return nil
	}
	b := make([]byte, n)
	if s.buffers == nil {
		s.buffers = map[uint32][]byte{}
	}
	s.buffers[address(b)] = b
	return b
}

// address is where bytes begin in linear memory; 0 for none. Go does not move them.
func address(b []byte) uint32 {
	if cap(b) == 0 {
		return 0
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

func (s *session) buffer(at uint32) ([]byte, error) {
	b := s.buffers[at]
	if b == nil {
		return nil, fault.New(fault.Invalid, "there is no buffer at %d", int(at)).WithHint("get one from weir_alloc")
	}
	return b, nil
}

func outOfOrder(call, before string) error {
	return fault.New(fault.Invalid, "%s comes before %s", call, before).WithHint("docs/wasm-abi.md has the order of the calls")
}

// open starts anew, with the plan of the strategy that others are compared with.
func (s *session) open(at uint32) error {
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	plan, err := wire.ParsePlan(b)
	if err != nil {
		return err
	}
	*s = session{buffers: s.buffers, out: s.out, first: plan, plan: plan, base: whatif.NewBase(plan.Zone), moved: &whatif.StageAnswer{}}
	return nil
}

// add takes a buffer over as a shard: it must not be written or freed afterwards, unless the shard is refused. Of one whose bytes the
// caller has verified the checksum is not computed.
func (s *session) add(at uint32, verified bool) error {
	if s.base == nil {
		return outOfOrder("weir_add", "weir_open")
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	shard := b
	if s.thin > 0 {
		if shard, err = whatif.Thin(b, s.thin); err != nil {
			return err
		}
		verified = true // what is thinned was looked at
	}
	put := s.base.Add
	if verified {
		put = s.base.AddVerified
	}
	if err := put(shard); err != nil {
		return err
	}
	delete(s.buffers, at) // the base holds it, or a sample of it
	return nil
}

// start evaluates the first plan over the shards that are there; under the same cuts only over those that it was not evaluated for.
func (s *session) start() error {
	if s.base == nil {
		return outOfOrder("weir_start", "weir_open")
	}
	s.base.Join()
	spec, err := s.first.Spec(s.base)
	if err != nil {
		return err
	}
	s.scores, s.stages, s.plan = nil, nil, s.first
	s.preview, err = s.base.Compare(spec)
	return err
}

// prepare lays out what other plans read, a shard at a time.
func (s *session) prepare() error {
	if err := s.ready("weir_prepare"); err != nil {
		return err
	}
	more, err := s.preview.Prepare()
	if err == nil && !more {
		return errDone
	}
	return err
}

func (s *session) ready(call string) error {
	if s.preview == nil {
		return outOfOrder(call, "weir_start")
	}
	return nil
}

// read compiles a plan from a buffer.
func (s *session) read(at uint32) (*wire.Plan, *whatif.Spec, error) {
	b, err := s.buffer(at)
	if err != nil {
		return nil, nil, err
	}
	plan, err := wire.ParsePlan(b)
	if err != nil {
		return nil, nil, err
	}
	spec, err := plan.Spec(s.base)
	return plan, spec, err
}

func (s *session) try(at uint32) error {
	if err := s.ready("weir_try"); err != nil {
		return err
	}
	plan, spec, err := s.read(at)
	if err != nil {
		return err
	}
	if err := s.preview.Try(spec); err != nil {
		return err
	}
	s.plan = plan
	return nil
}

func (s *session) report() error {
	if err := s.ready("weir_report"); err != nil {
		return err
	}
	s.out = wire.AppendReport(s.out, s.preview.Report())
	return nil
}

// count counts a condition under the plan that was tried last.
func (s *session) count(at uint32) error {
	if err := s.ready("weir_count"); err != nil {
		return err
	}
	b, err := s.buffer(at)
	if err != nil {
		return err
	}
	p, err := segment.Compile(string(b), s.plan.SegmentSchema())
	if err != nil {
		return err
	}
	sum, err := s.preview.Count("the condition", p)
	if err != nil {
		return err
	}
	s.out = wire.AppendSum(s.out, sum)
	return nil
}

// rows writes what the users of some rows are.
func (s *session) rows(from, n int) error {
	if err := s.ready("weir_rows"); err != nil {
		return err
	}
	if from < 0 || n < 0 || from > s.base.Rows() || n > s.base.Rows()-from {
		return fault.New(fault.Invalid, "there are %d rows", s.base.Rows()).WithHint("ask for rows from 0 on")
	}
	for i := from; i < from+n; i++ {
		row := s.preview.Row(i)
		s.out = wire.AppendRow(s.out, &row)
	}
	return nil
}
