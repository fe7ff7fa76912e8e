// Package event defines Weir's events, after the Segment spec: identify, track, page, screen, group and alias, with their
// validation, limits and stable identity.
package event

// Kind is the kind of an event.
type Kind uint8

// The kinds of the Segment spec.
const (
	Track Kind = iota + 1
	Identify
	Page
	Screen
	Group
	Alias
)

// ID is the stable identity of an event within its user: equal IDs of one user are the same event, whichever file brought
// them. It is a hash of the messageId, or of the canonical content and of its k-th occurrence in the file.
type ID [16]byte

// Event is one validated event. Strings may alias the reader's buffer: they are valid until the next call to the reader;
// Clone what is kept.
type Event struct {
	Kind        Kind
	MessageID   string // "" when the source gave none
	UserID      string
	AnonymousID string
	PreviousID  string // alias only
	GroupID     string // group only
	Name        string // track: the event's name; page and screen: the page's name, may be ""
	Time        int64  // unix milliseconds, UTC
	Properties  Object // track, page, screen
	Traits      Object // identify, group
	Context     Object
	// Content is a 128-bit hash of the canonical content (keys sorted, numbers and escapes normalised, messageId left out).
	// It is set only when MessageID is "".
	Content [16]byte
}

// Key is the raw identity an event arrives under: the userId, else "anon:" + anonymousId.
func (e *Event) Key() string {
	if e.UserID != "" {
		return e.UserID
	}
	return AnonPrefix + e.AnonymousID
}

// reset empties e and keeps its slices. It is written out field by field because assigning a whole Event costs as much as
// parsing half a line.
func (e *Event) reset() {
	e.Kind, e.Time = 0, 0
	e.MessageID, e.UserID, e.Name = "", "", ""
	if e.AnonymousID != "" {
		e.AnonymousID = ""
	}
	if e.PreviousID != "" {
		e.PreviousID = ""
	}
	if e.GroupID != "" {
		e.GroupID = ""
	}
	e.Properties.reset()
	e.Traits.reset()
	e.Context.reset()
	e.Content = [16]byte{}
}

func (o *Object) reset() {
	if o.Raw != "" || len(o.Fields) > 0 {
		o.Raw, o.Fields = "", o.Fields[:0]
	}
}

// AnonPrefix stands before an anonymousId in a user key. A userId must not begin with it.
const AnonPrefix = "anon:"

// Object is a JSON object: its text and its top-level fields in order of appearance (of a repeated key the last counts).
type Object struct {
	Raw    string // "" when absent
	Fields []Field
}

// Field is one field of an object.
type Field struct {
	Key   string // decoded
	Value Value
}

// ValueKind is the type of a JSON value.
type ValueKind uint8

// The kinds of values. None is the zero value: absent.
const (
	None ValueKind = iota
	Null
	Bool
	Number
	String
	Array
	Nested // an object
)

// Value is a JSON value. Raw is the JSON text for Bool, Number, Array and Nested, and the decoded text for String.
type Value struct {
	Kind ValueKind
	Raw  string
}
