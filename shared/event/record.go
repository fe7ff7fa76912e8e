package event

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"
)

// recordVersion is the first byte of a record.
const recordVersion = 1

// ErrRecord says that bytes are no record of this version.
var ErrRecord = errors.New("event: malformed record")

// AppendRecord appends the event in a compact binary form for scratch files: everything DecodeRecord needs to give the same
// event without scanning JSON again. The form is no interchange format: it changes with the version of Weir.
func AppendRecord(dst []byte, e *Event) []byte {
	dst = append(dst, recordVersion, byte(e.Kind))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Time))
	for _, s := range [...]string{e.MessageID, e.UserID, e.AnonymousID, e.PreviousID, e.GroupID, e.Name} {
		dst = appendText(dst, s)
	}
	if e.MessageID == "" {
		dst = append(dst, e.Content[:]...)
	}
	dst = appendObject(dst, &e.Properties)
	dst = appendObject(dst, &e.Traits)
	return appendObject(dst, &e.Context)
}

func appendObject(dst []byte, o *Object) []byte {
	dst = appendText(dst, o.Raw)
	dst = binary.AppendUvarint(dst, uint64(len(o.Fields)))
	for i := range o.Fields {
		f := &o.Fields[i]
		dst = appendText(dst, f.Key)
		dst = append(dst, byte(f.Value.Kind))
		dst = appendText(dst, f.Value.Raw)
	}
	return dst
}

// DecodeRecord reads what AppendRecord wrote. Strings of e alias b; e's slices are reused. Any other bytes give ErrRecord.
func DecodeRecord(b []byte, e *Event) error {
	props, traits, context := e.Properties.Fields[:0], e.Traits.Fields[:0], e.Context.Fields[:0]
	*e = Event{}
	r := reader{b: b}
	if r.byte() != recordVersion {
		return ErrRecord
	}
	e.Kind = Kind(r.byte())
	e.Time = int64(r.uint64())
	for _, s := range [...]*string{&e.MessageID, &e.UserID, &e.AnonymousID, &e.PreviousID, &e.GroupID, &e.Name} {
		*s = r.text()
	}
	if e.MessageID == "" {
		copy(e.Content[:], r.take(16))
	}
	r.object(&e.Properties, props)
	r.object(&e.Traits, traits)
	r.object(&e.Context, context)
	if r.bad || r.i != len(b) || e.Kind < Track || e.Kind > Alias {
		return ErrRecord
	}
	return nil
}

// reader takes a record apart. After a failure everything it returns is empty.
type reader struct {
	b   []byte
	i   int
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b)-r.i {
		r.bad = true
		return nil
	}
	r.i += n
	return r.b[r.i-n : r.i]
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) length() int {
	if r.i < len(r.b) && r.b[r.i] < 0x80 {
		r.i++
		return int(r.b[r.i-1])
	}
	n, size := binary.Uvarint(r.b[r.i:])
	if size <= 0 || n > math.MaxInt32 {
		r.bad = true
		return 0
	}
	r.i += size
	return int(n)
}

func (r *reader) text() string {
	b := r.take(r.length())
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b))
}

func (r *reader) object(o *Object, fields []Field) {
	o.Raw = r.text()
	n := r.length()
	if n > len(r.b)-r.i { // a field takes three bytes at least
		r.bad = true
	}
	for ; n > 0 && !r.bad; n-- {
		f := Field{Key: r.text()}
		f.Value.Kind = ValueKind(r.byte())
		f.Value.Raw = r.text()
		if f.Value.Kind < Null || f.Value.Kind > Nested {
			r.bad = true
		}
		fields = append(fields, f)
	}
	o.Fields = fields
}
