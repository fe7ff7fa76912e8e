package segment

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// MaxTree is the longest JSON tree that is read, in bytes.
const MaxTree = 256 << 10

// FromJSON compiles a condition that is given as a tree, as AppendJSON writes it. The error is an *Error: one in the tree has
// the path of the node in its message, one that Compile finds has its place in the text that TextFromJSON gives.
func FromJSON(tree string, s *Schema) (*Program, error) {
	text, err := TextFromJSON(tree)
	if err != nil {
		return nil, err
	}
	return Compile(text, s)
}

// TextFromJSON turns a tree into the canonical text of the condition; nothing is looked up in a schema. Of a node, op, value,
// name and args count; a reference is given by ref, its text, or by kind, name, window, buckets and stat, or by both when they agree.
// type is not read. Nested && and || of one kind become one, as in text. The error is an *Error.
func TextFromJSON(tree string) (string, error) {
	if len(tree) > MaxTree {
		e := errorAt("", 0, "the tree is longer than 262144 bytes")
		e.TooLarge = true
		return "", e.expect("a smaller condition: name its parts as segments")
	}
	v, ok := event.ParseValue(strings.TrimSpace(tree))
	if !ok {
		return "", errorAt("", 0, "the tree is not valid JSON").expect(`an object as in {"op":">=","args":[…]}`)
	}
	r := treeReader{}
	n, err := r.node(v, "$")
	if err != nil {
		return "", err
	}
	text := n.String()
	again, err := parse(text)
	if err != nil {
		return "", err
	}
	if !alike(n, again) {
		return "", errorAt("", 0, "the tree holds a name that is none").expect("names of letters, digits and _")
	}
	return text, nil
}

// treeReader turns JSON into nodes that are not checked yet, within the budgets of text.
type treeReader struct {
	nodes, depth int
}

func treeError(path, message string) *Error { return errorAt("", 0, path+": "+message) }

// arity is the least and the largest number of arguments; -1: any number.
func (o Op) arity() (least, most int) {
	switch o {
	case OpNull, OpBool, OpNumber, OpString, OpRef:
		return 0, 0
	case OpList, OpCall:
		return 0, -1
	case OpNot, OpNeg:
		return 1, 1
	case OpAnd, OpOr:
		return 1, -1
	}
	return 2, 2
}

func (r *treeReader) node(v event.Value, path string) (*Node, *Error) {
	if r.nodes++; r.nodes > MaxNodes || r.depth > MaxDepth {
		e := treeError(path, "the tree has more than 1000 parts or is nested more than 64 deep")
		e.TooLarge = true
		return nil, e
	}
	if v.Kind != event.Nested {
		return nil, treeError(path, "this is no node").expect(`an object as in {"op":">=","args":[…]}`)
	}
	o := v.Object()
	op, err := treeOp(o, path)
	if err != nil {
		return nil, err
	}
	n := &Node{Op: op}
	if err := r.args(n, o, path); err != nil {
		return nil, err
	}
	if err := r.content(n, o, path); err != nil {
		return nil, err
	}
	return n.normal(), nil
}

func treeOp(o event.Object, path string) (Op, *Error) {
	name, ok := o.Get("op").Str()
	if i := slices.Index(opNames[:], name); ok && i >= 0 {
		if Op(i) == OpNeg && len(o.Get("args").Items()) == 2 {
			return OpSub, nil
		}
		return Op(i), nil
	}
	return 0, treeError(path, "there is no op "+quote(shorten(name))).expect("one of "+strings.Join(opNames[:], " ")).suggest(name, opNames[:], quote)
}

func (r *treeReader) args(n *Node, o event.Object, path string) *Error {
	list := o.Get("args")
	if list.Kind != event.None && list.Kind != event.Array {
		return treeError(path, "args is no list").expect("a list of nodes")
	}
	items := list.Items()
	if least, most := n.Op.arity(); len(items) < least || most >= 0 && len(items) > most {
		want := strconv.Itoa(least)
		if most < 0 {
			want = "at least " + want
		}
		return treeError(path, n.Op.String()+" has "+strconv.Itoa(len(items))+" arguments").expect(want)
	}
	r.depth++
	defer func() { r.depth-- }()
	for i, item := range items {
		a, err := r.node(item, path+".args["+strconv.Itoa(i)+"]")
		if err != nil {
			return err
		}
		n.Args = append(n.Args, a)
	}
	return nil
}

// content reads what a leaf or a call holds.
func (r *treeReader) content(n *Node, o event.Object, path string) *Error {
	ok := true
	switch value := o.Get("value"); n.Op {
	case OpBool:
		var b bool
		if b, ok = value.Bool(); b {
			n.Num = 1
		}
	case OpNumber:
		n.Num, ok = value.Float()
		ok = ok && value.Kind == event.Number && !math.IsInf(n.Num, 0)
		n.Num += 0 // minus zero is zero
	case OpString:
		n.Str, ok = value.Str()
	case OpCall:
		if n.Str, ok = o.Get("name").Str(); !ok || n.Str == "" || nameLength(n.Str) != len(n.Str) {
			return treeError(path, "a call has no name").expect("the name of a function")
		}
	case OpRef:
		return r.reference(n, o, path)
	}
	if !ok {
		return treeError(path, "value is no "+n.Op.String()).expect("a JSON value of that type")
	}
	return nil
}

func (t *treeReader) reference(n *Node, o event.Object, path string) *Error {
	if text, ok := o.Get("ref").Str(); ok {
		leaf, err := parse(text)
		if err != nil || leaf.Op != OpRef {
			return treeError(path, shorten(text)+" is no reference").expect("one as in orders[30], traits.city or metrics.spend[90]")
		}
		n.Ref = leaf.Ref
	}
	kind, ok := o.Get("kind").Str()
	if !ok {
		if n.Ref == nil {
			return treeError(path, "a reference has neither ref nor kind and name")
		}
		return nil
	}
	at := slices.Index(refKindNames[:], kind)
	if at < 0 {
		return treeError(path, "there is no kind "+quote(shorten(kind))).expect("one of " + strings.Join(refKindNames[:], ", "))
	}
	r := &Ref{Kind: RefKind(at)}
	r.Name, _ = o.Get("name").Str()
	r.Stat, _ = o.Get("stat").Str()
	window := "window"
	if r.Kind == RefBucket {
		window = "buckets"
	}
	if size, ok := o.Get(window).Float(); ok && size >= 1 && size <= MaxBuckets && size == math.Trunc(size) {
		r.Window = int(size)
	} else if o.Get(window).Kind != event.None {
		return treeError(path, window+" is no number of "+map[bool]string{true: "buckets", false: "days"}[r.Kind == RefBucket]).expect("a whole number from 1")
	}
	if r.Name == "" || (r.Kind == RefEvent || r.Kind == RefMessage) != (r.Stat != "") || r.Kind == RefBucket && r.Window == 0 {
		return treeError(path, "a reference lacks its name, or an event its stat, or a bucket its buckets")
	}
	if r.Kind == RefMeasure {
		if err := t.measure(r, o, path); err != nil {
			return err
		}
	}
	if n.Ref != nil && !alikeRefs(n.Ref, r) {
		return treeError(path, shorten(n.Ref.String())+" and "+shorten(r.String())+" are not the same reference")
	}
	n.Ref = r
	return nil
}

// normal gives the node the form that the parser gives it.
func (n *Node) normal() *Node {
	switch n.Op {
	case OpAnd, OpOr:
		if len(n.Args) == 1 {
			return n.Args[0]
		}
		n.Args = (&parser{}).flatten(n.Op, n.Args...)
	case OpNeg:
		if a := n.Args[0]; a.Op == OpNumber {
			a.Num = negate(a.Num)
			return a
		}
	}
	return n
}

// alike reports whether two trees that are not checked yet are the same.
func alike(a, b *Node) bool {
	if a.Op != b.Op || a.Num != b.Num || a.Str != b.Str || len(a.Args) != len(b.Args) {
		return false
	}
	if a.Op == OpRef && !alikeRefs(a.Ref, b.Ref) {
		return false
	}
	for i := range a.Args {
		if !alike(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}

func alikeRefs(a, b *Ref) bool {
	if !sameRef(a, b) {
		return false
	}
	if a.Kind == RefMeasure {
		for i := range a.Measure.Events { // as many as in b, which is written the same
			if x, y := a.Measure.Events[i].Where, b.Measure.Events[i].Where; (x == nil) != (y == nil) || x != nil && !alike(x, y) {
				return false
			}
		}
	}
	return true
}
