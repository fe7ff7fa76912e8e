package event

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"
)

// recordVersion is the first byte of a record.
const recordVersion = 1

// What a record holds beside kind, time and name: bits of its third byte.
const (
	hasMessage = 1 << iota // else the content hash
	hasUser
	hasAnonymous
	hasOthers // previousId and groupId
	hasProperties
	hasTraits
	hasContext
)

// How a field is kept: bits beside its kind. Else the text is a part of the object's text and only its place is kept.
const (
	ownKey   = 0x80
	ownValue = 0x40
	kindBits = 0x0f
)

// ErrRecord says that bytes are no record of this version.
var ErrRecord = errors.New("event: malformed record")

// AppendRecord appends the event in a compact binary form for scratch files: everything DecodeRecord needs to give the same
// event without scanning JSON again. The form is no interchange format: it changes with the version of Weir.
func AppendRecord(dst []byte, e *Event) []byte {
	at := len(dst)
	dst = append(dst, recordVersion, byte(e.Kind), 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Time))
	dst = appendShort(dst, e.Name)
	flags := byte(0)
	if e.MessageID != "" {
		flags |= hasMessage
		dst = appendShort(dst, e.MessageID)
	} else {
		dst = append(dst, e.Content[:]...)
	}
	if e.UserID != "" {
		flags |= hasUser
		dst = appendShort(dst, e.UserID)
	}
	if e.AnonymousID != "" {
		flags |= hasAnonymous
		dst = appendShort(dst, e.AnonymousID)
	}
	if e.PreviousID != "" || e.GroupID != "" {
		flags |= hasOthers
		dst = appendShort(appendShort(dst, e.PreviousID), e.GroupID)
	}
	if o := &e.Properties; o.Raw != "" || len(o.Fields) > 0 {
		flags |= hasProperties
		dst = appendObject(dst, o)
	}
	if o := &e.Traits; o.Raw != "" || len(o.Fields) > 0 {
		flags |= hasTraits
		dst = appendObject(dst, o)
	}
	if o := &e.Context; o.Raw != "" || len(o.Fields) > 0 {
		flags |= hasContext
		dst = appendObject(dst, o)
	}
	dst[at+2] = flags
	return dst
}

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.AppendUvarint(dst, uint64(n))
}

func appendShort(dst []byte, s string) []byte {
	return append(appendLength(dst, len(s)), s...)
}

func appendObject(dst []byte, o *Object) []byte {
	dst = appendShort(dst, o.Raw)
	dst = appendLength(dst, len(o.Fields))
	for i := range o.Fields {
		f := &o.Fields[i]
		key, value := place(o.Raw, f.Key), place(o.Raw, f.Value.Raw)
		how := byte(f.Value.Kind)
		if key < 0 {
			how |= ownKey
		}
		if value < 0 {
			how |= ownValue
		}
		dst = append(dst, how)
		if key < 0 {
			dst = appendShort(dst, f.Key)
		} else {
			dst = appendLength(appendLength(dst, key), len(f.Key))
		}
		if value < 0 {
			dst = appendShort(dst, f.Value.Raw)
		} else {
			dst = appendLength(appendLength(dst, value), len(f.Value.Raw))
		}
	}
	return dst
}

// place returns where part stands in whole when they share memory, and -1 when they do not.
func place(whole, part string) int {
	at := uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(whole)))
	if at >= uintptr(len(whole)) || at+uintptr(len(part)) > uintptr(len(whole)) {
		return -1
	}
	return int(at)
}

// DecodeRecord reads what AppendRecord wrote. Strings of e alias b; e's slices are reused. Any other bytes give ErrRecord.
func DecodeRecord(b []byte, e *Event) error {
	if len(b) < 11 || b[0] != recordVersion || Kind(b[1]) < Track || Kind(b[1]) > Alias {
		return ErrRecord
	}
	e.reset()
	e.Kind, e.Time = Kind(b[1]), int64(binary.LittleEndian.Uint64(b[3:]))
	r, flags := reader{b: b, i: 11}, b[2]
	e.Name = r.text()
	if flags&hasMessage != 0 {
		e.MessageID = r.text()
	} else {
		copy(e.Content[:], r.take(16))
	}
	if flags&hasUser != 0 {
		e.UserID = r.text()
	}
	if flags&hasAnonymous != 0 {
		e.AnonymousID = r.text()
	}
	if flags&hasOthers != 0 {
		e.PreviousID, e.GroupID = r.text(), r.text()
	}
	if flags&hasProperties != 0 {
		r.object(&e.Properties)
	}
	if flags&hasTraits != 0 {
		r.object(&e.Traits)
	}
	if flags&hasContext != 0 {
		r.object(&e.Context)
	}
	if r.bad || r.i != len(b) {
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
	if i := r.i; i < len(r.b) {
		if n := int(r.b[i]); n < 0x80 && n < len(r.b)-i {
			r.i = i + 1 + n
			return unsafe.String(unsafe.SliceData(r.b[i+1:]), n)
		}
	}
	return r.longText()
}

func (r *reader) longText() string {
	b := r.take(r.length())
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// part returns a part of whole, whose place comes next, or a text of its own.
func (r *reader) part(whole string, own bool) string {
	if own {
		return r.text()
	}
	var at, n int
	if i := r.i; len(r.b)-i >= 2 && r.b[i]|r.b[i+1] < 0x80 {
		at, n = int(r.b[i]), int(r.b[i+1])
		r.i += 2
	} else {
		at, n = r.length(), r.length()
	}
	if at > len(whole) || n > len(whole)-at {
		r.bad = true
		return ""
	}
	return whole[at : at+n]
}

func (r *reader) object(o *Object) {
	o.Raw = r.text()
	n := r.length()
	if n > len(r.b)-r.i { // a field takes three bytes at least
		r.bad = true
	}
	fields := o.Fields
	for ; n > 0 && !r.bad; n-- {
		if r.i == len(r.b) {
			r.bad = true
			break
		}
		how := r.b[r.i]
		r.i++
		kind := ValueKind(how & kindBits)
		key := r.part(o.Raw, how&ownKey != 0)
		value := r.part(o.Raw, how&ownValue != 0)
		if kind < Null || kind > Nested {
			r.bad = true
		}
		fields = append(fields, Field{Key: key, Value: Value{Kind: kind, Raw: value}})
	}
	o.Fields = fields
}
