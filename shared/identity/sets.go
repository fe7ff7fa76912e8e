package identity

// sets is a union-find over ids that knows the canonical id of each set.
type sets struct {
	index  map[string]int
	ids    []string
	parent []int
	best   []int // by root: the canonical id of the set
}

func newSets() *sets { return &sets{index: map[string]int{}} }

// id returns the number of an id, which is a set of its own when it is new.
func (s *sets) id(id string) int {
	if i, ok := s.index[id]; ok {
		return i
	}
	i := len(s.ids)
	s.index[id] = i
	s.ids, s.parent, s.best = append(s.ids, id), append(s.parent, i), append(s.best, i)
	return i
}

func (s *sets) root(i int) int {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

// join makes one set of those of a and b. Unless alias is set it refuses when both sets hold a known id.
func (s *sets) join(a, b string, alias bool) bool {
	x, y := s.root(s.id(a)), s.root(s.id(b))
	if x == y {
		return true
	}
	if !alias && isKnown(s.ids[s.best[x]]) && isKnown(s.ids[s.best[y]]) {
		return false
	}
	s.parent[y] = x
	if s.before(s.best[y], s.best[x]) {
		s.best[x] = s.best[y]
	}
	return true
}

// before reports whether id i rather than j is the canonical one of a set that holds both.
func (s *sets) before(i, j int) bool {
	a, b := s.ids[i], s.ids[j]
	if isKnown(a) != isKnown(b) {
		return isKnown(a)
	}
	return a < b
}
