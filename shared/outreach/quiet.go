package outreach

import (
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const dayMs = 24 * hour

// InHoldout reports whether a user, by the canonical id, gets no message at all. It is the same for every version of a strategy with the
// same salt, and more percent adds users.
func InHoldout(h *strategy.Holdout, user string) bool {
	return h.Percent > 0 && segment.Bucket(h.Salted(), user, 100) < h.Percent
}

// QuietUntil returns the first moment from at on (unix milliseconds) that lies outside quiet hours on the clock of a zone: at itself when
// it does. Where the clock is set forward over their end they end then, and where it is set back into them they begin again.
func QuietUntil(q *strategy.Quiet, z *zone.Zone, at int64) int64 {
	from, to := q.Minutes()
	for {
		local := (at + int64(z.Offset(at))*1000) % dayMs
		if local < 0 {
			local += dayMs
		}
		if !within(from, to, int(local/60_000)) {
			return at
		}
		end := at + (int64(to)*60_000-local+dayMs)%dayMs
		if change, ok := z.Change(at); ok && change < end {
			end = change
		}
		at = end
	}
}

// within reports whether a minute of the day lies in [from, to), over midnight where to is the smaller.
func within(from, to, minute int) bool {
	if from < to {
		return from <= minute && minute < to
	}
	return minute >= from || minute < to
}
