package strategy

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/segment"
)

// decoder fills a Strategy from a tree and remembers where everything stands.
type decoder struct {
	ps     *problems
	places map[string]*node // by path
	broken map[string]bool  // paths whose value could not be read: nothing more is said about them
}

// at returns the node of a path, or of the nearest path above it.
func (d *decoder) at(path string) *node {
	for {
		if n, ok := d.places[path]; ok {
			return n
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			if n, ok := d.places[""]; ok {
				return n
			}
			return &node{line: 1, col: 1}
		}
		path = path[:cut]
	}
}

// given reports whether the file has a value at path.
func (d *decoder) given(path string) bool {
	n, ok := d.places[path]
	return ok && n.kind != kindNull
}

// problem reports what is wrong at path, unless that or what it lies in could not even be read.
func (d *decoder) problem(path, message, expected string) {
	for above := path; ; {
		if d.broken[above] {
			return
		}
		if above == "" {
			break
		}
		above = above[:max(strings.LastIndexAny(above, ".["), 0)]
	}
	n := d.at(path)
	d.ps.add(Problem{Line: n.line, Col: n.col, Path: path, Message: message, Expected: expected})
}

// decode writes n to v. Null keeps what is there.
func (d *decoder) decode(n *node, v reflect.Value, path string) {
	d.places[path] = n
	switch n.kind {
	case kindNull:
		return
	case kindRefused:
		d.broken[path] = true
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Slice, reflect.Array:
		d.list(n, v, path)
	case reflect.String:
		d.text(n, v, path)
	case reflect.Int:
		if n.kind != kindInt || math.Abs(n.number) > 1e9 {
			d.wrong(n, path, "a whole number")
			return
		}
		v.SetInt(int64(n.number))
	case reflect.Float64:
		if n.kind != kindInt && n.kind != kindFloat {
			d.wrong(n, path, "a number")
			return
		}
		v.SetFloat(n.number)
	case reflect.Bool:
		if n.kind != kindBool {
			d.wrong(n, path, "true or false")
			return
		}
		v.SetBool(n.boolean)
	}
}

func (d *decoder) wrong(n *node, path, expected string) {
	found := kindNames[n.kind]
	if n.kind < kindList && n.kind > kindNull {
		found = "found " + shorten(n.text)
	} else {
		found = "found " + found
	}
	d.problem(path, found, expected)
	d.broken[path] = true
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:37]) + "..."
	}
	return strconv.Quote(s)
}

// text accepts scalars: a name such as 2026 or yes need not be quoted, unless it is a truth value or a fraction.
func (d *decoder) text(n *node, v reflect.Value, path string) {
	if n.kind != kindText && n.kind != kindInt {
		d.wrong(n, path, "a text")
		return
	}
	v.SetString(n.text)
}

func (d *decoder) structure(n *node, v reflect.Value, path string) {
	if n.kind != kindMap {
		d.wrong(n, path, "a mapping with the keys "+strings.Join(keysOf(v.Type()), ", "))
		return
	}
	keys := keysOf(v.Type())
	for _, e := range n.entries {
		field, ok := fieldOf(v, e.key)
		below := join(path, e.key)
		if !ok {
			p := Problem{Line: e.line, Col: e.col, Path: below, Message: "unknown key " + shorten(e.key), Expected: "one of " + strings.Join(keys, ", ")}
			if near := segment.Nearest(e.key, keys); near != "" {
				p.Message += ", did you mean " + near + "?"
			}
			d.ps.add(p)
			continue
		}
		d.decode(e.value, field, below)
	}
}

// mapping fills a map with text keys.
func (d *decoder) mapping(n *node, v reflect.Value, path string) {
	if n.kind != kindMap {
		d.wrong(n, path, "a mapping of names to values")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.entries)))
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(e.value, value, join(path, e.key))
		v.SetMapIndex(reflect.ValueOf(e.key), value)
	}
}

func (d *decoder) list(n *node, v reflect.Value, path string) {
	if n.kind != kindList {
		d.wrong(n, path, "a list")
		return
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	} else if len(n.items) != v.Len() {
		d.problem(path, fmt.Sprintf("found %d values", len(n.items)), fmt.Sprintf("%d values", v.Len()))
		d.broken[path] = true
		return
	}
	for i, item := range n.items {
		below := fmt.Sprintf("%s[%d]", path, i)
		d.decode(item, v.Index(i), below)
		if item.kind == kindNull {
			d.problem(below, "an empty entry", "a value")
			d.broken[below] = true
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}
