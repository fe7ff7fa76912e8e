package fill

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// personal declares the columns of random buckets, manual lists and what became of messages. How often a rule decided for a user
// stands in STATE and has no column.
func (x *Filler) personal(r *segment.Ref) {
	name, n := r.Name, r.Window
	switch r.Kind {
	case segment.RefBucket:
		x.number(r.String(), 1, func(*profile.Facts) (int64, bool) { return int64(segment.Bucket(name, x.r.Key, n)), true })
	case segment.RefList:
		x.add(r.String(), column.Bits, 1, func(f *profile.Facts, at int) {
			if f.OnList(name) {
				x.w.Bit(at)
			}
		})
	case segment.RefMessage:
		deed, ok := profile.DeedOf(r.Stat)
		switch {
		case !ok:
		case r.Type == segment.TTime:
			x.moment(r.String(), func(f *profile.Facts) int64 { return f.Message(name).Deeds[deed].Last })
		default:
			x.number(r.String(), 1, func(f *profile.Facts) (int64, bool) { return f.Message(name).Deeds[deed].Count, true })
		}
	}
}
