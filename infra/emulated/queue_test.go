package emulated

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/fault"
)

func TestQueue(t *testing.T) {
	dead := NewQueue("dead")
	q := NewQueue("q")
	q.DeadLetters, q.MaxReceives, q.Visibility = dead, 2, time.Hour
	q.Send("a")
	q.Send("b")
	first := q.Receive(10)
	if len(first) != 2 || first[0].Body != "a" || first[0].Attributes["ApproximateReceiveCount"] != "1" || len(q.Receive(10)) != 0 {
		t.Fatalf("received %+v", first)
	}
	if !q.Delete(first[1].ReceiptHandle) || q.Delete(first[1].ReceiptHandle) || q.Delete("") {
		t.Error("a message is deleted once")
	}
	q.Hide(first[0].ReceiptHandle, 0)
	second := q.Receive(10)
	if len(second) != 1 || second[0].MessageId != first[0].MessageId || second[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Fatalf("received %+v", second)
	}
	if q.Hide(first[0].ReceiptHandle, 0) || q.Delete(first[0].ReceiptHandle) {
		t.Error("an old receipt is worth nothing")
	}
	q.Hide(second[0].ReceiptHandle, 0)
	if got := q.Receive(10); len(got) != 0 || q.Len() != 0 || dead.Len() != 1 || dead.Bodies()[0] != "a" {
		t.Errorf("received %+v; %d are left, %d dead", got, q.Len(), dead.Len())
	}
	if n := dead.Redrive(q); n != 1 || dead.Len() != 0 {
		t.Errorf("%d messages were redriven", n)
	}
	if again := q.Receive(1); len(again) != 1 || again[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("after the redrive: %+v", again)
	}
}

func TestNotification(t *testing.T) {
	q := NewQueue("q")
	n := &notifier{rules: []Notification{{Bucket: "b", Event: "s3:ObjectCreated:*", Prefix: "events/", Queue: q}}}
	post := func(body string) int {
		w := httptest.NewRecorder()
		n.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		return w.Code
	}
	change := func(event, bucket, key string) string {
		return `{"Records":[{"eventTime":"2026-01-02T03:04:05+01:00","eventName":"` + event + `","userIdentity":{"PrincipalId":"me"},"s3":{"bucket":{"name":"` + bucket +
			`"},"object":{"key":"` + key + `","size":7,"eTag":"\"abc\"","versionId":"v1","sequencer":"1"}}}]}`
	}
	for body, want := range map[string]int{
		`{"Service":"S3","Event":"s3:TestEvent"}`:           http.StatusOK,
		change("s3:ObjectRemoved:Delete", "b", "events/x"):  http.StatusOK,
		change("s3:ObjectCreated:Put", "other", "events/x"): http.StatusOK,
		change("s3:ObjectCreated:Put", "b", "outbox/x"):     http.StatusOK,
		"not JSON": http.StatusBadRequest,
	} {
		if got := post(body); got != want || q.Len() != 0 {
			t.Errorf("%s: %d, %d messages", body, got, q.Len())
		}
	}
	post(change("s3:ObjectCreated:Put", "b", "events/a b+ü&1.x"))
	body := q.Bodies()[0]
	var e events.S3Event
	must(t, json.Unmarshal([]byte(body), &e))
	r := e.Records[0]
	if r.EventName != "ObjectCreated:Put" || r.S3.Object.Key != "events/a+b%2B%C3%BC%261.x" || r.S3.Object.URLDecodedKey != "events/a b+ü&1.x" ||
		r.S3.Object.ETag != "abc" || r.S3.Object.VersionID != "v1" || r.S3.Object.Size != 7 || r.S3.Bucket.Arn != "arn:aws:s3:::b" {
		t.Errorf("%+v", r)
	}
	if strings.Contains(body, "urlDecodedKey") {
		t.Error("S3 sends no such field")
	}
}

func TestPattern(t *testing.T) {
	event := map[string]any{"eventName": "INSERT", "dynamodb": map[string]any{"NewImage": map[string]any{"status": map[string]any{"S": "pending"}}}}
	for text, want := range map[string]bool{
		`{"eventName": ["INSERT"]}`:                                                  true,
		`{"eventName": ["MODIFY", "INSERT"]}`:                                        true,
		`{"eventName": ["MODIFY"]}`:                                                  false,
		`{"dynamodb": {"NewImage": {"status": {"S": ["pending"]}}}}`:                 true,
		`{"dynamodb": {"NewImage": {"status": {"S": ["sent"]}}}}`:                    false,
		`{"dynamodb": {"NewImage": {"user": {"S": [{"exists": true}]}}}}`:            false,
		`{"dynamodb": {"NewImage": {"user": {"S": [{"exists": false}]}}}}`:           true,
		`{"eventName": [{"prefix": "INS"}], "dynamodb": {"OldImage": {"x": ["y"]}}}`: false,
		`{"eventName": [{"anything-but": "REMOVE"}]}`:                                true,
		`{"eventName": [{"anything-but": ["REMOVE", "INSERT"]}]}`:                    false,
	} {
		p, err := parsePattern(text)
		must(t, err)
		if p.matches(event) != want {
			t.Errorf("%s matches: %v", text, !want)
		}
	}
	for _, text := range []string{`[]`, `{"a": "b"}`, `{"a": [{"numeric": [">", 1]}]}`} {
		if _, err := parsePattern(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSchedule(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 30, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"rate(5 minutes)":          at.Add(5 * time.Minute),
		"rate(1 day)":              at.Add(24 * time.Hour),
		"cron(10 3 * * ? *)":       time.Date(2026, 2, 1, 3, 10, 0, 0, time.UTC),
		"cron(31 12 * * ? *)":      time.Date(2026, 1, 31, 12, 31, 0, 0, time.UTC),
		"cron(0 0 29 2 ? *)":       time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC),
		"cron(0,45 12,13 ? * 2 *)": time.Date(2026, 2, 2, 12, 0, 0, 0, time.UTC),
	} {
		p, err := parseSchedule(text, "UTC")
		must(t, err)
		if got := p.next(at); !got.Equal(want) {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
	for _, text := range []string{"", "rate(0 days)", "cron(0 0 31 2 ? *)", "cron(0/5 * * * ? *)", "cron(0 0 * * ? 2030)", "cron(0 0 * * ?)"} {
		if _, err := parseSchedule(text, "UTC"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestTemplate reads the wiring of the project's template.
func TestTemplate(t *testing.T) {
	tmpl, err := ReadTemplate("../../template.yaml", map[string]string{"Workspace": "shop", "IngestReceives": "3", "IngestConcurrency": "0"})
	must(t, err)
	queues, err := tmpl.queues()
	must(t, err)
	q := queues["EventsQueue"]
	if q == nil || q.DeadLetters != queues["EventsDeadLetters"] || q.DeadLetters == nil || q.MaxReceives != 3 || q.Visibility < time.Minute {
		t.Fatalf("EventsQueue is %+v", q)
	}
	rules, err := tmpl.notifications(queues)
	must(t, err)
	if len(rules) != 1 || rules[0].Queue != q || rules[0].Prefix != weiraws.EventsPrefix("shop") || rules[0].Bucket != Name {
		t.Errorf("notifications %+v", rules)
	}
	functions, err := tmpl.functions()
	must(t, err)
	ingest := functions["IngestFunction"]
	if ingest.program() != "ingest" || ingest.Timeout < 60 || ingest.ReservedConcurrentExecutions != 0 ||
		ingest.Environment.Variables["WEIR_TABLE"] != Name || ingest.Environment.Variables["WEIR_WORKSPACE"] != "shop" {
		t.Errorf("IngestFunction is %+v", ingest)
	}
	kinds := map[string]string{}
	for name, f := range functions {
		for _, e := range f.Events {
			kinds[name] = e.Type
		}
	}
	for name, want := range map[string]string{"IngestFunction": "SQS", "DeliverFunction": "DynamoDB", "SweepFunction": "ScheduleV2"} {
		if kinds[name] != want {
			t.Errorf("%s is invoked by %q", name, kinds[name])
		}
	}
	if _, err := ReadTemplate("../../template.yaml", map[string]string{"Nothing": "x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown parameter: %v", err)
	}
	for _, text := range []string{"", "a: [", "- 1", "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Nobody}}}"} {
		broken, err := ParseTemplate([]byte(text), nil)
		if err == nil {
			_, err = broken.queues()
		}
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
