package strategy

import (
	"strconv"
	"strings"
)

// Tree is a node of a YAML or JSON text with its place.
type Tree struct {
	Line, Col int // from 1
	Kind      TreeKind
	Bool      bool
	Number    float64 // of a TreeNumber
	Text      string  // of a TreeText; the number as it is written of a TreeNumber
	Items     []*Tree
	Entries   []TreeEntry
}

// TreeEntry is one key of a mapping.
type TreeEntry struct {
	Key       string
	Line, Col int
	Value     *Tree
}

// TreeKind is the kind of a Tree.
type TreeKind uint8

// The kinds of nodes.
const (
	TreeNull TreeKind = iota
	TreeBool
	TreeNumber
	TreeText
	TreeList
	TreeMap
)

// String is the kind in words.
func (k TreeKind) String() string {
	return [...]string{"nothing", "true or false", "a number", "a text", "a list", "a mapping"}[min(k, TreeMap)]
}

// Get returns the value of a key, nil when there is none.
func (t *Tree) Get(key string) *Tree {
	for i := range t.Entries {
		if t.Entries[i].Key == key {
			return t.Entries[i].Value
		}
	}
	return nil
}

// ReadTree reads a text of YAML or JSON within the limits of a strategy file, for other files that people write: anchors, tags,
// merge keys and keys that stand twice are refused. The root is nil when there are problems or the text is empty.
func ReadTree(text []byte) (*Tree, []Problem) {
	ps := &problems{}
	if len(text) > MaxBytes {
		return nil, []Problem{{Line: 1, Col: 1, Message: "the file is larger than 1 MiB", Expected: "a smaller file"}}
	}
	root := readYAML(text, ps)
	if root == nil && len(ps.list) == 1 && ps.list[0].Message == emptyFile {
		return nil, nil
	}
	if root == nil || len(ps.list) > 0 {
		return nil, ps.list
	}
	return root.tree(), nil
}

func (n *node) tree() *Tree {
	t := &Tree{Line: n.line, Col: n.col}
	switch n.kind {
	case kindBool:
		t.Kind, t.Bool = TreeBool, n.boolean
	case kindInt, kindFloat:
		t.Kind, t.Number, t.Text = TreeNumber, n.number, n.text
	case kindText:
		t.Kind, t.Text = TreeText, n.text
		if x, ok := n.jsonNumber(); ok { // such as 1e2, which is a number of JSON and no number of YAML
			t.Kind, t.Number = TreeNumber, x
		}
	case kindList:
		t.Kind = TreeList
		for _, item := range n.items {
			t.Items = append(t.Items, item.tree())
		}
	case kindMap:
		t.Kind = TreeMap
		for _, e := range n.entries {
			t.Entries = append(t.Entries, TreeEntry{Key: e.key, Line: e.line, Col: e.col, Value: e.value.tree()})
		}
	}
	return t
}

// jsonNumber reads a text that stands without quotes as JSON reads it.
func (n *node) jsonNumber() (x float64, ok bool) {
	if n.quote != 0 || !n.plain || n.literal || strings.Trim(n.text, "0123456789+-.eE") != "" || strings.Trim(n.text, "+-.eE") == "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(n.text, 64)
	return x, err == nil
}
