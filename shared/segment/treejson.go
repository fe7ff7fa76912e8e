package segment

import "strconv"

// AppendJSON appends the tree below the node as JSON, for builders and for evaluators elsewhere. Every node has op and type;
// literals have value, references ref (their text), kind, name and where they apply window, buckets and stat, calls name; what has
// arguments has args. A reference of kind measure has events, each with event and where, a tree, and those of value, least, per,
// periods, of and span that its form needs.
func (n *Node) AppendJSON(dst []byte) []byte {
	dst = appendQuoted(append(dst, `{"op":`...), n.Op.String())
	dst = appendQuoted(append(dst, `,"type":`...), n.Type.String())
	switch n.Op {
	case OpBool:
		dst = strconv.AppendBool(append(dst, `,"value":`...), n.Num != 0)
	case OpNumber:
		dst = appendNumber(append(dst, `,"value":`...), n.Num)
	case OpString:
		dst = appendQuoted(append(dst, `,"value":`...), n.Str)
	case OpCall:
		dst = appendQuoted(append(dst, `,"name":`...), n.Str)
	case OpRef:
		dst = n.Ref.appendJSON(dst)
	}
	if len(n.Args) > 0 {
		dst = append(dst, `,"args":[`...)
		for i, a := range n.Args {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = a.AppendJSON(dst)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

var refKindNames = [...]string{
	RefField: "field", RefMetric: "metric", RefTrait: "trait", RefTag: "tag", RefSegment: "segment", RefEvent: "event", RefMeasure: "measure",
	RefProperty: "property", RefBucket: "bucket", RefList: "list", RefMessage: "message",
}

func (r *Ref) appendJSON(dst []byte) []byte {
	dst = appendQuoted(append(dst, `,"ref":`...), r.String())
	dst = appendQuoted(append(dst, `,"kind":`...), refKindNames[r.Kind])
	dst = appendQuoted(append(dst, `,"name":`...), r.Name)
	if r.Window > 0 && r.Kind == RefBucket {
		dst = strconv.AppendInt(append(dst, `,"buckets":`...), int64(r.Window), 10)
	} else if r.Window > 0 {
		dst = strconv.AppendInt(append(dst, `,"window":`...), int64(r.Window), 10)
	}
	if r.Stat != "" {
		dst = appendQuoted(append(dst, `,"stat":`...), r.Stat)
	}
	if r.Measure != nil {
		dst = r.Measure.appendJSON(dst)
	}
	return dst
}
