package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// importer is what the function needs of the use cases.
type importer interface {
	ImportKey(ctx context.Context, key, object string) (app.ImportResult, error)
}

type handler struct {
	app    importer
	begin  func(context.Context) *aws.Invocation
	bucket string
	prefix string // of the event files in the bucket
}

// handle imports the files that a batch of messages names. A message whose files are all in, or were in before, is done. Any other
// is reported and comes again, until the queue moves it to the dead letters: an interrupted import goes on where it was, and a file
// that is refused as a whole ends there, with its reason in the ledger and in the log.
func (h *handler) handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	run := h.begin(ctx)
	ctx, cancel := aws.Bounded(ctx)
	defer cancel()
	var total app.Counts
	var out events.SQSEventResponse
	for _, m := range batch.Records {
		if err := h.message(ctx, run.Log.With("message", m.MessageId), m, &total); err != nil {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	run.End(aws.Count("Events", total.Events), aws.Count("Accepted", total.Accepted), aws.Count("Rejected", total.Rejected),
		aws.Count("Duplicates", total.Duplicates), aws.Count("Users", total.Users), aws.Count("Failed", int64(len(out.BatchItemFailures))),
		aws.Age("OldestMessage", oldest(batch.Records), time.Now()))
	return out, nil
}

// message imports the files of one message and adds what came of them to total. What fails is logged with what it was about.
func (h *handler) message(ctx context.Context, log *slog.Logger, m events.SQSMessage, total *app.Counts) (err error) {
	defer func() {
		if err != nil {
			log.Error("a message was not done", "code", string(fault.CodeOf(err)), "error", err, "hint", fault.HintOf(err))
		}
	}()
	objects, err := h.objects(m.Body)
	if err != nil {
		return err
	}
	for _, o := range objects {
		r, err := h.importKey(ctx, o)
		log := log.With("key", o.key, "object", o.version, "file", r.File.ID, "strategy", r.Strategy)
		if err != nil {
			log.Error("a file was not imported", "code", string(fault.CodeOf(err)), "error", err, "hint", fault.HintOf(err))
			return fault.Wrap(err, "import %s", o.key)
		}
		if r.File.Status == app.FileFailed {
			log.Warn("a file was not imported", "error", r.File.Error)
			continue
		}
		if r.Strategy == "" {
			log.Info("nothing was left to do")
			continue
		}
		log.Info("imported", "events", r.Counts.Events, "accepted", r.Counts.Accepted, "rejected", r.Counts.Rejected,
			"duplicates", r.Counts.Duplicates, "users", r.Counts.Users, "reads", r.File.Units.Reads, "writes", r.File.Units.Writes)
		total.Events += r.Counts.Events
		total.Accepted += r.Counts.Accepted
		total.Rejected += r.Counts.Rejected
		total.Duplicates += r.Counts.Duplicates
		total.Users += r.Counts.Users
	}
	return nil
}

// importKey imports a file; what breaks it off does not end the function.
func (h *handler) importKey(ctx context.Context, o object) (r app.ImportResult, err error) {
	defer fault.Catch(&err)
	return h.app.ImportKey(ctx, o.key, o.version)
}

// oldest is when the oldest of messages was sent; now when none says so.
func oldest(messages []events.SQSMessage) time.Time {
	first := time.Now()
	for _, m := range messages {
		if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil && time.UnixMilli(ms).Before(first) {
			first = time.UnixMilli(ms)
		}
	}
	return first
}

// object is one version of a file; "" where the bucket keeps none.
type object struct{ key, version string }

// objects returns the files that a notification of S3 names. S3 encodes them as in a form; it sends a test when the
// notification is set up, which names none.
func (h *handler) objects(body string) (all []object, err error) {
	var n struct {
		Event   string                 `json:"Event"`
		Records []events.S3EventRecord `json:"Records"`
	}
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		return nil, fault.New(fault.Invalid, "a message is no notification of S3").Because(err).
			WithHint("only the bucket's notifications belong into this queue")
	}
	if n.Records == nil && n.Event != "s3:TestEvent" {
		return nil, fault.New(fault.Invalid, "a message is no notification of S3").WithHint("only the bucket's notifications belong into this queue")
	}
	for _, r := range n.Records {
		if !strings.HasPrefix(r.EventName, "ObjectCreated:") && !strings.HasPrefix(r.EventName, "s3:ObjectCreated:") {
			continue
		}
		name, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fault.New(fault.Invalid, "the key %q is not encoded as S3 does", r.S3.Object.Key).Because(err)
		}
		key, ok := strings.CutPrefix(name, h.prefix)
		if r.S3.Bucket.Name != h.bucket || !ok {
			return nil, fault.New(fault.Invalid, "the file %q of the bucket %q is no event file of this base", name, r.S3.Bucket.Name).
				WithHint("check the notification of the bucket")
		}
		if app.CheckUploadKey(key) == nil { // what is incomplete has no import
			all = append(all, object{key, version(r.S3.Object.VersionID)})
		}
	}
	return all, nil
}

// version is the version of an object that S3 names; "null" is one from before the bucket kept versions.
func version(id string) string {
	if id == "null" {
		return ""
	}
	return id
}
