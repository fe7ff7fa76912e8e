package whatif

import "github.com/weir-engine/weir/shared/segment/column"

// output is what an evaluation gives for each row of a shard, and what the evaluation at the start gave.
type output struct {
	word, wordOld   []uint32 // scores and their names: see below
	stage, stageOld []uint8  // settled, interned
	cand, candOld   []uint8  // candidate, interned
	setsOld         map[string][]uint64
	// Engagement scores as engaging holds them; nil until a strategy gives points.
	points, pointsOld []uint8
}

// A word holds the scores of a row: R, F (bits 0 and 3), M (8), the name in the grid (12), the tier (16, interned), and the code
// of the Chinese eight (24; 0, or 8 and more). Bit 31 marks rows that a table cannot decide while they are computed.
const (
	wordF    = 3
	wordM    = 8
	wordName = 12
	wordTier = 16
	wordCN   = 24

	maskRF = 1<<6 - 1
)

func newOutput(rows int) output {
	n := padded(rows)
	return output{word: make([]uint32, n), stage: make([]uint8, n), cand: make([]uint8, n), setsOld: map[string][]uint64{}}
}

// roomForPoints makes room for engagement scores.
func (o *output) roomForPoints() {
	if o.points == nil {
		o.points = make([]uint8, len(o.stage))
	}
	if o.wordOld != nil && o.pointsOld == nil {
		o.pointsOld = make([]uint8, len(o.stage))
	}
}

// liveCodes reads the codes of a derived column from the outputs of a block.
func (o *output) liveCodes(ref string, block int, to *[column.BlockRows]uint8) {
	from := block * column.BlockRows
	words := (*[column.BlockRows]uint32)(o.word[from:])
	switch ref {
	case "stage":
		*to = [column.BlockRows]uint8(o.stage[from:])
	case "stage_candidate":
		*to = [column.BlockRows]uint8(o.cand[from:])
	case colEngagement:
		*to = [column.BlockRows]uint8{}
		if o.points == nil {
			return
		}
		for i, p := range o.points[from : from+column.BlockRows] {
			to[i] = max(p, 1) - 1
		}
	case "r":
		unpack(words, 0, 7, to)
	case "f":
		unpack(words, wordF, 7, to)
	case "m":
		unpack(words, wordM, 7, to)
	case "rfm":
		unpack(words, wordName, 15, to)
	case "tier":
		unpack(words, wordTier, 63, to)
	case "rfm_cn":
		unpack(words, wordCN, 15, to)
	}
}

func unpack(words *[column.BlockRows]uint32, shift, mask uint32, to *[column.BlockRows]uint8) {
	for i, w := range words {
		to[i] = uint8(w >> (shift & 31) & mask)
	}
}
