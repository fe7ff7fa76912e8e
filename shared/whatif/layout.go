// Package whatif evaluates a strategy over a whole base at once: who is in which stage, RFM cell, tier and segment under
// thresholds and conditions that are being tried, what those users spent, and who moves from where to where. The base is a
// list of shards of packed columns. Every output equals that of score.Engine for the same facts, state, cuts and moment.
//
// # Shard
//
// A shard is one buffer: what a writer makes, what travels, and what stands in memory while it is used. All numbers are
// little-endian.
//
//	offset  type  header
//	0       [8]   "weir.col"
//	8       u32   version of the layout: 1
//	12      u32   CRC-32C of everything from offset 16 on
//	16      u64   length of the buffer
//	24      u32   rows, at most 262,144
//	28      u32   columns, at most 4,096
//	32      i64   asOf, unix milliseconds
//	40      u64   rows of the base before this shard
//	48      u32   flags: 1 the keys of the rows ascend
//	52      u32   length of the words that follow
//	56      u64   offset of the directory, a multiple of 8
//	64            words: zone, currency, versions of strategy, cuts and models, fingerprint of the facts; each a u32 length
//	              and UTF-8 text
//
//	directory: 56 bytes a column
//	0       u64   offset of its data, a multiple of 64
//	8       u64   length of its data in bytes
//	16      i64   scale: how many of its numbers make one
//	24      i64   the number that stands for null
//	32      u32   offset of its name
//	36      u32   length of its name
//	40      u32   offset of its dictionary
//	44      u32   length of its dictionary in bytes
//	48      u32   values in its dictionary
//	52      u8    kind, as column.Kind
//	53      u8    bytes a row: 1, 2, 4, 8; 0 for truth values, one bit a row, in words of 64
//	54      u8    flags: 1 the null number stands for null
//	55      u8    0
//
// A dictionary is its values one after another: a byte for the kind (0 null, 1 truth value, 2 number, 3 text, 4 time, 5 list)
// and then one byte, a float64, a u32 length and UTF-8 text, an i64 in unix milliseconds, or a u32 length and values.
//
// Columns are named as conditions write what they read (segment.Ref.String). Names that begin with ~ are not read by
// conditions: see names.go.
package whatif

import (
	"hash/crc32"

	"github.com/weir-engine/weir/shared/segment/column"
)

// MaxShardRows is the largest number of rows of a shard.
const MaxShardRows = 1 << 18

const (
	magic         = "weir.col"
	layoutVersion = 1
	headerSize    = 64
	entrySize     = 56
	dataAlign     = 64
	maxColumns    = 4096
	maxWord       = 1 << 12
	maxDictValues = 1 << 16
	maxDictBytes  = 16 << 20
	maxListDepth  = 8

	flagAscending = 1
	flagNull      = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Head says what a shard is.
type Head struct {
	Rows        int
	AsOf        int64 // unix milliseconds
	First       int64 // rows of the base before this shard
	Ascending   bool  // the keys of the rows ascend, also from one shard to the next: ties can be broken by row
	Zone        string
	Currency    string
	Strategy    string // versions
	Cuts        string
	Models      string
	Fingerprint string // profile.Schema.Fingerprint of the facts
}

func (h *Head) words() []*string {
	return []*string{&h.Zone, &h.Currency, &h.Strategy, &h.Cuts, &h.Models, &h.Fingerprint}
}

// Field declares a column of a writer.
type Field struct {
	Ref   string
	Kind  column.Kind
	Scale int64 // Number: how many make one; 0 means 1
}

func align(n, to int) int { return (n + to - 1) / to * to }
