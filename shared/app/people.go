package app

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

// The people of a stored snapshot: who the rows of its shards are, and how they were scored. They lie beside the shards as files of their
// own, since they hold users' keys, and no route serves them (docs/decisions/020). A file is a part: the rows of one shard in
// their order, unless the shards are a sample.
//
// A part, before its compression by zstd, is a shard of package whatif with the columns below, and behind it the keys: each its
// length as a uvarint and its bytes. A key of length 0 was forgotten: nobody sees its row.

// partName is the file of a part by its number from 0.
func partName(n int) string { return fmt.Sprintf("people-%04d.zst", n+1) }

// Columns of a part.
var peopleFields = []whatif.Field{
	{Ref: "first_seen", Kind: column.Time}, {Ref: "last_seen", Kind: column.Time}, {Ref: "orders"}, {Ref: "purchase_days"}, {Ref: "x"}, {Ref: "tx_days"},
	{Ref: "t_days"}, {Ref: "mx", Kind: column.Float}, {Ref: "spend"}, {Ref: "recency_days"}, {Ref: "silence_days"}, {Ref: "r"}, {Ref: "f"}, {Ref: "m"},
	{Ref: "rfm", Kind: column.Dict}, {Ref: "rfm_cn", Kind: column.Dict}, {Ref: "tier", Kind: column.Dict}, {Ref: "p_alive", Kind: column.Float},
	{Ref: "expected", Kind: column.Float}, {Ref: "churn_p", Kind: column.Float}, {Ref: "churn_warning", Kind: column.Bits}, {Ref: "engagement"},
	{Ref: "candidate", Kind: column.Dict}, {Ref: "stage", Kind: column.Dict}, {Ref: "since"}, {Ref: "tags", Kind: column.Dict}, {Ref: "segments", Kind: column.Dict},
}

// Places of the columns.
const (
	pFirstSeen = iota
	pLastSeen
	pOrders
	pPurchaseDays
	pX
	pTXDays
	pTDays
	pMX
	pSpend
	pRecency
	pSilence
	pR
	pF
	pM
	pRFM
	pRFMCN
	pTier
	pPAlive
	pExpected
	pChurnP
	pChurnWarning
	pEngagement
	pCandidate
	pStage
	pSince
	pTags
	pSegments
)

// partWriter packs people into parts.
type partWriter struct {
	w    *whatif.Writer
	keys []byte
}

func newPartWriter(asOf int64) *partWriter {
	return &partWriter{w: whatif.NewWriter(whatif.Head{AsOf: asOf}, peopleFields)}
}

// add appends one user. full says that the part is due.
func (p *partWriter) add(r *score.Result) (full bool) {
	w := p.w
	for _, v := range [...]struct {
		at int
		v  int64
	}{
		{pFirstSeen, r.FirstSeen}, {pLastSeen, r.LastSeen}, {pOrders, int64(r.Orders)}, {pPurchaseDays, int64(r.PurchaseDays)}, {pX, int64(r.X)},
		{pTXDays, int64(r.TXDays)}, {pTDays, int64(r.TDays)}, {pSpend, r.Spend}, {pRecency, int64(r.RecencyDays)}, {pSilence, int64(r.SilenceDays)},
		{pR, int64(r.R)}, {pF, int64(r.F)}, {pM, int64(r.M)}, {pEngagement, int64(r.Engagement)}, {pSince, int64(r.Since)},
	} {
		w.Int(v.at, v.v)
	}
	w.Float(pMX, r.MX)
	w.Float(pPAlive, r.PAlive)
	w.Float(pExpected, r.Expected)
	w.Float(pChurnP, r.ChurnP)
	if r.ChurnWarning {
		w.Bit(pChurnWarning)
	}
	w.Value(pRFM, segment.String(r.RFM))
	w.Value(pRFMCN, segment.String(r.RFMCN))
	w.Value(pTier, segment.String(r.Tier))
	w.Value(pCandidate, segment.String(r.Candidate))
	w.Value(pStage, segment.String(r.Stage))
	w.Value(pTags, texts(r.Tags))
	w.Value(pSegments, texts(r.Segments))
	p.keys = append(binary.AppendUvarint(p.keys, uint64(len(r.Key))), r.Key...)
	return w.Next()
}

func texts(from []string) segment.Value {
	list := make([]segment.Value, len(from))
	for i, s := range from {
		list[i] = segment.String(s)
	}
	return segment.List(list)
}

// rows is the number of users since the last part.
func (p *partWriter) rows() int { return p.w.Rows() }

// part returns the users so far as a file and begins the next one.
func (p *partWriter) part() ([]byte, error) {
	b, err := p.w.Shard()
	if err != nil {
		return nil, err
	}
	if left := p.w.Refused(); len(left) > 0 {
		return nil, fault.New(fault.TooLarge, "users have too many different %s", left[0]).WithHint("use fewer tags and segments")
	}
	file := packPart(append(b, p.keys...))
	p.keys = p.keys[:0]
	return file, nil
}

// The coders of parts: one of each for the process.
var (
	partEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil { // the options are constants
			panic(err)
		}
		return e
	})
	partDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxUnpacked))
		if err != nil {
			panic(err)
		}
		return d
	})
)

func packPart(b []byte) []byte { return partEncoder().EncodeAll(b, nil) }

func unpackPart(file []byte) ([]byte, error) {
	b, err := partDecoder().DecodeAll(file, nil)
	if err != nil {
		return nil, damagedPart().Because(err)
	}
	return b, nil
}

func damagedPart() *fault.Error {
	return fault.New(fault.Internal, "a file of people of the snapshot is damaged").WithHint("make a new snapshot")
}

// people is an opened part.
type people struct {
	rows int
	cols []column.Column
	keys []byte
	ends []uint32 // of each key
	from []uint32 // its beginning
}

// openPart reads what packPart made a file of; nothing in b makes it panic.
func openPart(b []byte) (*people, error) {
	n := uint64(0)
	if len(b) >= 24 {
		n = binary.LittleEndian.Uint64(b[16:]) // the length of a shard stands in its header
	}
	if n == 0 || n > uint64(len(b)) {
		return nil, damagedPart()
	}
	h, cols, err := whatif.Open(b[:n:n])
	if err != nil {
		return nil, damagedPart().Because(err)
	}
	if len(cols) != len(peopleFields) {
		return nil, damagedPart()
	}
	p := &people{rows: h.Rows, cols: cols, keys: b[n:], ends: make([]uint32, h.Rows), from: make([]uint32, h.Rows)}
	for i := range cols {
		if cols[i].Ref != peopleFields[i].Ref || cols[i].Kind != peopleFields[i].Kind {
			return nil, damagedPart()
		}
	}
	at := 0
	for i := range p.ends {
		size, used := binary.Uvarint(p.keys[at:])
		if used <= 0 || size > uint64(len(p.keys)-at-used) {
			return nil, damagedPart()
		}
		at += used
		p.from[i] = uint32(at)
		at += int(size)
		p.ends[i] = uint32(at)
	}
	if at != len(p.keys) {
		return nil, damagedPart()
	}
	return p, nil
}

// key is valid as long as the part; empty when the user was forgotten.
func (p *people) key(row int) []byte { return p.keys[p.from[row]:p.ends[row]] }

// number reads a column that is no text.
func (p *people) number(at, row int) int64 {
	c := &p.cols[at]
	switch {
	case c.U8 != nil:
		return int64(c.U8[row])
	case c.U16 != nil:
		return int64(c.U16[row])
	case c.U32 != nil:
		return int64(c.U32[row])
	case c.Bits != nil:
		return int64(c.Bits[row/64] >> (row % 64) & 1)
	}
	return c.I64[row]
}

func (p *people) float(at, row int) float64 { return column.FloatOf(p.number(at, row)) }

// value reads a column of texts.
func (p *people) value(at, row int) segment.Value {
	values, code := p.cols[at].Values, p.number(at, row)
	if code >= int64(len(values)) {
		return segment.Null
	}
	return values[code]
}

// has returns which values of a column of texts a test holds for, by code.
func (p *people) has(at int, test func(v segment.Value) bool) []bool {
	out := make([]bool, len(p.cols[at].Values))
	for i, v := range p.cols[at].Values {
		out[i] = test(v)
	}
	return out
}

// result reads a row.
func (p *people) result(row int) score.Result {
	n := func(at int) int { return int(p.number(at, row)) }
	list := func(at int) (out []string) {
		for _, v := range p.value(at, row).List {
			out = append(out, v.Str)
		}
		return out
	}
	r := score.Result{
		Key: string(p.key(row)), FirstSeen: p.number(pFirstSeen, row), LastSeen: p.number(pLastSeen, row), Orders: n(pOrders), PurchaseDays: n(pPurchaseDays),
		X: n(pX), TXDays: n(pTXDays), TDays: n(pTDays), MX: p.float(pMX, row), Spend: p.number(pSpend, row), RecencyDays: n(pRecency), SilenceDays: n(pSilence),
		R: n(pR), F: n(pF), M: n(pM), RFM: p.value(pRFM, row).Str, RFMCN: p.value(pRFMCN, row).Str, Tier: p.value(pTier, row).Str,
		PAlive: p.float(pPAlive, row), Expected: p.float(pExpected, row), ChurnP: p.float(pChurnP, row), ChurnWarning: p.number(pChurnWarning, row) != 0,
		Engagement: n(pEngagement), Candidate: p.value(pCandidate, row).Str, Stage: p.value(pStage, row).Str, Since: zone.Day(p.number(pSince, row)),
		Tags: list(pTags), Segments: list(pSegments),
	}
	r.TX, r.T = float64(r.TXDays)/7, float64(r.TDays)/7
	return r
}

// erase returns the part without some keys, and how many rows it took them from.
func (p *people) erase(b []byte, gone func(key []byte) bool) (out []byte, rows int) {
	out = append(out, b[:len(b)-len(p.keys)]...)
	for row := range p.rows {
		key := p.key(row)
		if len(key) > 0 && gone(key) {
			key = nil
			rows++
		}
		out = append(binary.AppendUvarint(out, uint64(len(key))), key...)
	}
	return out, rows
}
