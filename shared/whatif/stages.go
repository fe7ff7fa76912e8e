package whatif

import (
	"encoding/binary"
	"math"

	"github.com/weir-engine/weir/shared/segment/column"
)

// staging finds the candidate of every row: the first stage whose condition holds.
type staging struct {
	when  []*column.Runner // of all stages but the last
	codes []uint8          // of all stages, interned
	bits  int              // that the codes take
}

// spread holds the bits of a byte as the lowest bits of eight bytes.
var spread = func() (t [256]uint64) {
	for i := range t {
		for j := range 8 {
			t[i] |= uint64(i>>j&1) << (8 * j)
		}
	}
	return t
}()

func (k *staging) block(b int, out *[column.BlockRows]uint8) {
	var planes [6]column.Block
	var rest, holds column.Block
	for i := range rest {
		rest[i] = ^uint64(0)
	}
	for i, code := range k.codes {
		if i < len(k.when) {
			k.when[i].Block(b, &holds)
		} else {
			holds = rest
		}
		left := uint64(0)
		for w := range rest {
			holds[w] &= rest[w]
			rest[w] &^= holds[w]
			left |= rest[w]
		}
		for p := range k.bits {
			if code>>p&1 != 0 {
				plane := &planes[p]
				for w := range plane {
					plane[w] |= holds[w]
				}
			}
		}
		if left == 0 {
			break
		}
	}
	for p := 0; p < k.bits; p += 3 {
		for w := range rest {
			x, y, z := planes[p][w], planes[p+1][w], planes[p+2][w]
			to := (*[64]uint8)(out[w*64:])
			for j := 0; j < 64; j += 8 {
				v := (spread[uint8(x)] | spread[uint8(y)]<<1 | spread[uint8(z)]<<2) << p
				if p > 0 {
					v |= binary.LittleEndian.Uint64(to[j:])
				}
				binary.LittleEndian.PutUint64(to[j:], v)
				x, y, z = x>>8, y>>8, z>>8
			}
		}
	}
}

// settling applies dwell and allowed transitions to the stage in STATE.
type settling struct {
	s     *shard
	all   bool            // the candidate is always entered
	to    *[64 * 64]uint8 // by the stage in STATE and the candidate, once the former has been kept long enough
	limit [64]uint16      // by the stage in STATE: kept while 1 + its days are below
	known [64]bool        // stages of the strategy
}

func (k *settling) block(b int, cand, out *[column.BlockRows]uint8, room *[column.BlockRows]uint16) {
	if k.all {
		*out = *cand
		return
	}
	from := b * column.BlockRows
	stage, age := (*[column.BlockRows]uint8)(k.s.stage[from:]), (*[column.BlockRows]uint16)(k.s.age[from:])
	*out = *cand
	for _, i := range others(stage, cand, room) {
		i &= column.BlockRows - 1
		o := stage[i] & 63
		t := k.to[int(o)<<6|int(cand[i]&63)]
		kept := uint8(int32(uint32(age[i])-uint32(k.limit[o])) >> 31) // all bits while the age is below the limit
		out[i] = t ^ (t^o)&kept
	}
}

// days computes how long the settled stages have lasted; 65,535 when that is not known.
func (k *settling) days(b int, settled *[column.BlockRows]uint8, out *[column.BlockRows]uint16) {
	from := b * column.BlockRows
	stage, age := (*[column.BlockRows]uint8)(k.s.stage[from:]), (*[column.BlockRows]uint16)(k.s.age[from:])
	for i := range out {
		switch o := stage[i] & 63; {
		case o == 0:
			out[i] = math.MaxUint16
		case settled[i] == o && k.known[o]:
			out[i] = age[i]
			if age[i] != math.MaxUint16 {
				out[i]--
			}
		default:
			out[i] = 0
		}
	}
}

// settlingOf compiles dwell and transitions. codes are those of the stages.
func settlingOf(b *Base, s *shard, spec *Spec, codes []uint8) *settling {
	k := &settling{s: s, all: true, to: new([64 * 64]uint8)}
	for o := range 64 {
		for c := range 64 {
			k.to[o<<6|c] = uint8(c)
		}
	}
	if b.ages {
		k.all = false
	}
	for i, st := range spec.Stages {
		o := codes[i]
		k.known[o] = true
		k.limit[o] = uint16(st.Dwell + 1)
		k.all = k.all && st.Dwell == 0
		if st.Allowed == nil {
			continue
		}
		k.all = false
		for j, to := range spec.Stages {
			allowed := false
			for _, name := range st.Allowed {
				allowed = allowed || name == to.Name
			}
			if !allowed {
				k.to[int(o)<<6|int(codes[j])] = o
			}
		}
	}
	return k
}
