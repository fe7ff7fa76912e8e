package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// maxBatch is the number of events in one batch.
const maxBatch = 1000

// arrival completes events that come over the network: it sets the type that the path gives, a messageId where there is
// none, so that a repetition within Weir counts once, and the time where there is none.
type arrival struct {
	now     int64
	parser  *event.Parser
	context json.RawMessage // of the batch, for events without their own
}

// complete returns the event as one line, its messageId and why it cannot be used, if so. The line stands on its own even
// then, so that it can be quarantined; only what is no JSON object gives a nil line.
func (a *arrival) complete(raw json.RawMessage, kind string) (line []byte, id string, reject *event.Reject) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, "", &event.Reject{Reason: event.ReasonBadJSON, Message: "the event is not a JSON object", Hint: "send an object such as {\"userId\": \"1\", \"event\": \"Signed Up\"}"}
	}
	if kind != "" {
		if given, ok := fields["type"]; ok && string(given) != `"`+kind+`"` {
			return nil, "", &event.Reject{Reason: event.ReasonBadType, Message: "the event's type is " + string(given) + ", the path says " + kind, Hint: "leave type out, or send the event to /v1/batch"}
		}
		fields["type"] = json.RawMessage(`"` + kind + `"`)
	}
	if empty(fields["messageId"]) {
		fields["messageId"] = quote(newMessageID())
	}
	if empty(fields["timestamp"]) {
		fields["timestamp"] = quote(moment(a.now).Format(time.RFC3339Nano))
	}
	if empty(fields["context"]) && len(a.context) > 0 {
		fields["context"] = a.context
	}
	line, err := json.Marshal(fields)
	if err != nil {
		return nil, "", &event.Reject{Reason: event.ReasonBadJSON, Message: "the event cannot be written again: " + err.Error()}
	}
	var ev event.Event
	if reject = a.parser.Parse(line, &ev); reject == nil {
		reject = event.Validate(&ev, a.now, event.DefaultLimits)
	}
	return line, strings.Clone(ev.MessageID), reject
}

func empty(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(raw, []byte("null")) || bytes.Equal(raw, []byte(`""`))
}

func quote(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`) // a string can always be written
	}
	return b
}

func newMessageID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return "api-" + hex.EncodeToString(b[:])
}

// one takes a single event; one that cannot be used is refused and not kept.
func (s *Server) one(ctx context.Context, kind string, raw *json.RawMessage) (gen.Accepted, error) {
	a, err := s.arrival(ctx)
	if err != nil {
		return gen.Accepted{}, err
	}
	line, id, reject := a.complete(value(raw), kind)
	if reject != nil {
		return gen.Accepted{}, fault.New(fault.Invalid, "%s (%s)", reject.Message, reject.Reason).WithHint("%s", reject.Hint)
	}
	if err := s.app.Collect(ctx, [][]byte{line}); err != nil {
		return gen.Accepted{}, err
	}
	return gen.Accepted{Accepted: 1, Ids: &[]string{id}}, nil
}

func (s *Server) arrival(ctx context.Context) (*arrival, error) {
	clock, err := s.app.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return &arrival{now: clock.Now, parser: event.NewParser(event.DefaultLimits)}, nil
}

// Batch keeps every line of a batch: the good ones to be folded, the others to be quarantined.
func (s *Server) Batch(ctx context.Context, req gen.BatchRequestObject) (gen.BatchResponseObject, error) {
	if req.Body == nil || len(req.Body.Batch) == 0 {
		return nil, fault.New(fault.Invalid, "the batch holds no events").WithHint(`send {"batch": [EVENT, …]}`)
	}
	if n := len(req.Body.Batch); n > maxBatch {
		return nil, fault.New(fault.TooLarge, "the batch holds %d events", n).WithHint("send at most %d at once, or upload a file to /v1/files", maxBatch)
	}
	a, err := s.arrival(ctx)
	if err != nil {
		return nil, err
	}
	a.context = value(req.Body.Context)
	var lines [][]byte
	var ids []string
	var rejected []gen.RejectedEvent
	for i, raw := range req.Body.Batch {
		line, id, reject := a.complete(raw, "")
		if line == nil {
			line = compact(raw)
		}
		lines, ids = append(lines, line), append(ids, id)
		if reject != nil {
			rejected = append(rejected, gen.RejectedEvent{Index: i, Reason: reject.Reason, Message: reject.Message, Hint: text(reject.Hint)})
		}
	}
	if err := s.app.Collect(ctx, lines); err != nil {
		return nil, err
	}
	return gen.Batch202JSONResponse{AcceptedJSONResponse: gen.AcceptedJSONResponse{
		Accepted: len(lines) - len(rejected), Ids: &ids, Rejected: some(rejected),
	}}, nil
}

// compact puts JSON on one line.
func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return bytes.ReplaceAll(raw, []byte("\n"), []byte(" "))
	}
	return b.Bytes()
}

// take answers a single event of a kind.
func take[R ~struct{ gen.AcceptedJSONResponse }](ctx context.Context, s *Server, kind string, raw *json.RawMessage) (R, error) {
	a, err := s.one(ctx, kind, raw)
	return R{gen.AcceptedJSONResponse(a)}, err
}

// Identify takes one identify event.
func (s *Server) Identify(ctx context.Context, req gen.IdentifyRequestObject) (gen.IdentifyResponseObject, error) {
	return take[gen.Identify202JSONResponse](ctx, s, "identify", req.Body)
}

// Track takes one track event.
func (s *Server) Track(ctx context.Context, req gen.TrackRequestObject) (gen.TrackResponseObject, error) {
	return take[gen.Track202JSONResponse](ctx, s, "track", req.Body)
}

// Page takes one page event.
func (s *Server) Page(ctx context.Context, req gen.PageRequestObject) (gen.PageResponseObject, error) {
	return take[gen.Page202JSONResponse](ctx, s, "page", req.Body)
}

// Screen takes one screen event.
func (s *Server) Screen(ctx context.Context, req gen.ScreenRequestObject) (gen.ScreenResponseObject, error) {
	return take[gen.Screen202JSONResponse](ctx, s, "screen", req.Body)
}

// Group takes one group event.
func (s *Server) Group(ctx context.Context, req gen.GroupRequestObject) (gen.GroupResponseObject, error) {
	return take[gen.Group202JSONResponse](ctx, s, "group", req.Body)
}

// Alias takes one alias event.
func (s *Server) Alias(ctx context.Context, req gen.AliasRequestObject) (gen.AliasResponseObject, error) {
	return take[gen.Alias202JSONResponse](ctx, s, "alias", req.Body)
}
