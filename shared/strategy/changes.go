package strategy

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// Change is one difference in meaning between two strategies.
type Change struct {
	Path     string // entries of lists by name, as in segments.vip.when
	From, To string // as JSON would write them; "" when the entry was added or removed
}

// Changes returns the differences in meaning between two strategies, in the order of the file's keys. Entries of lists that
// have names are compared by name; that their order changed is a change of its own.
func Changes(a, b *Strategy) []Change {
	var c changes
	c.compare("", reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
	return c.list
}

type changes struct {
	list []Change
}

func (c *changes) add(path, from, to string) {
	if from != to {
		c.list = append(c.list, Change{Path: path, From: from, To: to})
	}
}

func (c *changes) compare(path string, a, b reflect.Value) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			c.compare(join(path, a.Type().Field(i).Tag.Get("yaml")), a.Field(i), b.Field(i))
		}
	case reflect.Map:
		c.maps(path, a, b)
	case reflect.Slice:
		if a.Type().Elem().Kind() == reflect.Struct {
			c.named(path, a, b)
			return
		}
		c.add(path, show(a), show(b))
	default:
		c.add(path, show(a), show(b))
	}
}

func (c *changes) maps(path string, a, b reflect.Value) {
	keys := map[string]bool{}
	for _, m := range []reflect.Value{a, b} {
		for _, k := range m.MapKeys() {
			keys[k.String()] = true
		}
	}
	for _, key := range sortedKeys(keys) {
		k := reflect.ValueOf(key)
		c.entry(join(path, key), a.MapIndex(k), b.MapIndex(k))
	}
}

// entry compares two entries of which one may be missing.
func (c *changes) entry(path string, a, b reflect.Value) {
	switch {
	case !a.IsValid():
		c.add(path, "", show(b))
	case !b.IsValid():
		c.add(path, show(a), "")
	default:
		c.compare(path, a, b)
	}
}

// named compares lists of entries by their names.
func (c *changes) named(path string, a, b reflect.Value) {
	namesA, entriesA := byName(a)
	namesB, entriesB := byName(b)
	var common [2][]string
	for _, name := range namesA {
		c.entry(join(path, name), entriesA[name], entriesB[name])
		if entriesB[name].IsValid() {
			common[0] = append(common[0], name)
		}
	}
	for _, name := range namesB {
		if !entriesA[name].IsValid() {
			c.entry(join(path, name), reflect.Value{}, entriesB[name])
		} else {
			common[1] = append(common[1], name)
		}
	}
	c.add(path+" (order)", strings.Join(common[0], ", "), strings.Join(common[1], ", "))
}

// byName returns the entries of a list by name; a name that repeats, as of event tags, gets a number.
func byName(list reflect.Value) ([]string, map[string]reflect.Value) {
	names, entries := make([]string, 0, list.Len()), make(map[string]reflect.Value, list.Len())
	for i := range list.Len() {
		base := list.Index(i).Field(0).String()
		name := base
		for n := 2; entries[name].IsValid(); n++ {
			name = base + "#" + strconv.Itoa(n)
		}
		names, entries[name] = append(names, name), list.Index(i)
	}
	return names, entries
}

// show writes a value as a person would in the file, on one line.
func show(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() && (f.Kind() != reflect.Slice || f.Len() > 0) {
				parts = append(parts, v.Type().Field(i).Tag.Get("yaml")+": "+show(f))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Slice, reflect.Array:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = show(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		var parts []string
		for _, k := range v.MapKeys() {
			parts = append(parts, k.String()+": "+show(v.MapIndex(k)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}
