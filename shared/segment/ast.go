package segment

// Op is what a node of the tree does.
type Op uint8

// The operations. The comment gives the arguments.
const (
	OpNull       Op = iota
	OpBool          // Num is 1 or 0
	OpNumber        // Num
	OpString        // Str
	OpList          // the elements; only as the second argument of OpIn, has_any and has_all
	OpRef           // Ref
	OpNot           // a
	OpAnd           // a, b, …: two or more
	OpOr            // a, b, …: two or more
	OpEq            // a, b
	OpNe            // a, b: the negation of OpEq
	OpLt            // a, b
	OpLe            // a, b
	OpGt            // a, b
	OpGe            // a, b
	OpIn            // a, list
	OpContains      // a, b: text in text, or element in list
	OpStartsWith    // a, b
	OpEndsWith      // a, b
	OpNeg           // a
	OpAdd           // a, b
	OpSub           // a, b
	OpMul           // a, b
	OpDiv           // a, b
	OpCall          // Str is the function's name; the arguments
)

var opNames = [...]string{
	OpNull: "null", OpBool: "bool", OpNumber: "number", OpString: "string", OpList: "list", OpRef: "ref",
	OpNot: "!", OpAnd: "&&", OpOr: "||", OpEq: "==", OpNe: "!=", OpLt: "<", OpLe: "<=", OpGt: ">", OpGe: ">=",
	OpIn: "in", OpContains: "contains", OpStartsWith: "startsWith", OpEndsWith: "endsWith",
	OpNeg: "-", OpAdd: "+", OpSub: "-", OpMul: "*", OpDiv: "/", OpCall: "call",
}

// String is the operator as it is written, or the kind of the leaf.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return "?"
}

// Node is a node of a checked condition. Nodes are not to be changed.
type Node struct {
	Op     Op
	Type   Type
	Num    float64
	Str    string
	Ref    *Ref // of an OpRef; of a call that reads the user's zone, the field timezone
	Args   []*Node
	Offset int // byte offset in the source
	fn     fnID
	depth  int
}

// Program is a compiled condition. It is immutable and safe for concurrent use.
type Program struct {
	src  string
	root *Node
	refs []*Ref
}

// Source returns the text the program was compiled from.
func (p *Program) Source() string { return p.src }

// Tree returns the condition as a tree.
func (p *Program) Tree() *Node { return p.root }

// Refs returns everything the condition reads, each once, in order of first appearance; Ref.Slot is the place in it.
func (p *Program) Refs() []*Ref { return p.refs }

// String returns the canonical text: it compiles to the same tree.
func (p *Program) String() string { return p.root.String() }
