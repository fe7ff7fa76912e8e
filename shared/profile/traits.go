package profile

import "github.com/weir-engine/weir/shared/event"

// TraitAt returns the value of a trait, or with a path such as "address.city" a part of one that is an object; None when there is
// neither. A trait of exactly that name comes first, then the one with the longest name that begins the path.
func (f *Facts) TraitAt(path string) event.Value {
	var in event.Value
	rest := ""
	for i := range f.Traits {
		t := &f.Traits[i]
		n := len(t.Name)
		switch {
		case t.Name == path:
			return t.Value
		case t.Value.Kind == event.Nested && len(path) > n+1 && path[n] == '.' && path[:n] == t.Name:
			in, rest = t.Value, path[n+1:] // names are sorted: the longest comes last
		}
	}
	if rest == "" {
		return event.Value{}
	}
	object := in.Object()
	return object.Path(rest)
}
