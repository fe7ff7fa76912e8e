package event

// Limits bound what one event may be. A value of 0 is no limit, except for Depth.
type Limits struct {
	LineBytes  int   // length of the JSON text of one event
	Depth      int   // nesting of objects and arrays; the event itself is depth 1
	FieldBytes int   // length of one field's value, and of an event's name
	Fields     int   // fields of one object that is indexed: properties, traits, context
	IDBytes    int   // length of userId, anonymousId, messageId, previousId and groupId
	Future     int64 // milliseconds that an event may be dated after its arrival
}

// DefaultLimits are the limits of a base that sets none.
var DefaultLimits = Limits{LineBytes: 1 << 20, Depth: 32, FieldBytes: 64 << 10, Fields: 1000, IDBytes: 256, Future: 86_400_000}

// The reasons for which an event is refused.
const (
	ReasonBadJSON    = "bad_json"    // the line is no JSON object
	ReasonBadUTF8    = "bad_utf8"    // the text is not UTF-8
	ReasonTooLong    = "too_long"    // the line, a field or an id passes its limit
	ReasonTooDeep    = "too_deep"    // nested deeper than the limit
	ReasonTooMany    = "too_many"    // an object has more fields than the limit
	ReasonNoUser     = "no_user"     // neither userId nor anonymousId
	ReasonBadUser    = "bad_user"    // a userId that begins with "anon:"
	ReasonBadType    = "bad_type"    // type is none of the six
	ReasonBadField   = "bad_field"   // a field has the wrong JSON type
	ReasonNoName     = "no_name"     // a track without event
	ReasonNoPrevious = "no_previous" // an alias without previousId
	ReasonNoGroup    = "no_group"    // a group without groupId
	ReasonBadTime    = "bad_time"    // timestamp is absent, unreadable or outside the years 1970 to 2999
	ReasonFuture     = "future"      // dated later after its arrival than the limit
	ReasonBadAmount  = "bad_amount"  // an amount of money that is absent, negative or no number
	ReasonCurrency   = "currency"    // an amount in another currency than the base's
	ReasonNoColumn   = "no_column"   // a row lacks a column that the mapping reads
	ReasonBadValue   = "bad_value"   // a column's text is not what the mapping says it is
	ReasonSplitGroup = "split_group" // rows of a group that was closed already
)

// Reject says why one event is refused. The file goes on behind it.
type Reject struct {
	Reason  string // a code: one of the Reason constants
	Message string // what is wrong and where, for people
	Hint    string // what to do next; may be ""
}

// Error returns the message.
func (r *Reject) Error() string { return r.Message }

func reject(reason, message, hint string) *Reject {
	return &Reject{Reason: reason, Message: message, Hint: hint}
}
