package whatif

// tally sums users by a key that tells much about them at once: one sum a user, which is then added to every group that follows from
// the key. Few keys occur, and each finds its place at once; where two meet in one place the sum of the first is spilled.
type tally struct {
	spill func(key uint64, sum Sum)
	slots [1 << tallyBits]keyed
}

type keyed struct {
	key uint64
	Sum
}

const (
	tallyBits = 11
	golden    = 0x9e3779b97f4a7c15 // 2^64 by the golden ratio: spreads keys over the places
)

// of returns the place of a key, whose sum stands until the next call.
func (t *tally) of(key uint64) *keyed {
	s := &t.slots[key*golden>>(64-tallyBits)]
	if s.key != key {
		t.change(key)
	}
	return s
}

// change gives the place of a key to it.
func (t *tally) change(key uint64) {
	s := &t.slots[key*golden>>(64-tallyBits)]
	if s.Users != 0 {
		t.spill(s.key, s.Sum)
	}
	*s = keyed{key: key}
}

// done spills everything.
func (t *tally) done() {
	for i := range t.slots {
		if s := &t.slots[i]; s.Users != 0 {
			t.spill(s.key, s.Sum)
			s.Sum = Sum{}
		}
	}
}

// one adds a user.
func (s *Sum) one(revenue, value int64) {
	s.Users++
	s.Revenue += revenue
	s.Value += value
}
