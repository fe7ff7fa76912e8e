package emulated

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/shared/fault"
)

// Notification is a rule of a bucket: which changes of which objects a queue is told.
type Notification struct {
	Bucket string
	Event  string // s3:ObjectCreated:* or one of them
	Prefix string
	Suffix string
	Queue  *Queue
}

func (n *Notification) matches(name, bucket, key string) bool {
	event := n.Event
	if all, ok := strings.CutSuffix(event, "*"); ok {
		if !strings.HasPrefix(name, all) {
			return false
		}
	} else if name != event {
		return false
	}
	return bucket == n.Bucket && strings.HasPrefix(key, n.Prefix) && strings.HasSuffix(key, n.Suffix)
}

// change is what versitygw posts about an object: the shape of S3's notification with a plain key, an eTag in quotes and an arn of
// the object in the bucket's place.
type change struct {
	Service string
	Event   string
	Records []struct {
		EventTime time.Time `json:"eventTime"`
		EventName string    `json:"eventName"`
		User      struct {
			Principal string `json:"PrincipalId"`
		} `json:"userIdentity"`
		S3 struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key       string  `json:"key"`
				Size      int64   `json:"size"`
				ETag      *string `json:"eTag"`
				Version   *string `json:"versionId"`
				Sequencer string  `json:"sequencer"`
			} `json:"object"`
		} `json:"s3"`
	}
}

// notifier passes what versitygw posts on to queues, as S3 sends it.
type notifier struct {
	rules  []Notification
	repeat int // how often each notification is sent; S3 promises once or more
	seen   func(event, bucket, key string)
}

// readChange reads what versitygw posts.
func readChange(r io.Reader) (c change, err error) {
	if err := json.NewDecoder(r).Decode(&c); err != nil {
		return c, fault.New(fault.Invalid, "an event of the S3 stand-in cannot be read").Because(err)
	}
	return c, nil
}

// ServeHTTP takes an event of versitygw. It posts one when it starts, and starts only when that is answered.
func (n *notifier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := readChange(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for i := range c.Records {
		record := s3Record(&c, i)
		key := record.S3.Object.URLDecodedKey
		if n.seen != nil {
			n.seen(record.EventName, record.S3.Bucket.Name, key)
		}
		for j := range n.rules {
			rule := &n.rules[j]
			if !rule.matches("s3:"+record.EventName, record.S3.Bucket.Name, key) {
				continue
			}
			body, err := json.Marshal(notificationBody{Records: []s3RecordBody{{record, objectBody(record)}}})
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			for range max(n.repeat, 1) {
				rule.Queue.Send(string(body))
			}
		}
	}
	w.WriteHeader(http.StatusOK)
}

// notificationBody is S3's message. The library's types carry a field of their own, urlDecodedKey, that S3 does not send.
type notificationBody struct{ Records []s3RecordBody }

type s3RecordBody struct {
	events.S3EventRecord
	S3 s3Body `json:"s3"`
}

type s3Body struct {
	SchemaVersion   string          `json:"s3SchemaVersion"`
	ConfigurationID string          `json:"configurationId"`
	Bucket          events.S3Bucket `json:"bucket"`
	Object          struct {
		Key       string `json:"key"`
		Size      int64  `json:"size"`
		ETag      string `json:"eTag"`
		VersionID string `json:"versionId,omitempty"`
		Sequencer string `json:"sequencer"`
	} `json:"object"`
}

func objectBody(r events.S3EventRecord) (b s3Body) {
	b.SchemaVersion, b.ConfigurationID, b.Bucket = r.S3.SchemaVersion, r.S3.ConfigurationID, r.S3.Bucket
	b.Object.Key, b.Object.Size, b.Object.ETag = r.S3.Object.Key, r.S3.Object.Size, r.S3.Object.ETag
	b.Object.VersionID, b.Object.Sequencer = r.S3.Object.VersionID, r.S3.Object.Sequencer
	return b
}

// s3Record returns a change as S3 describes it: the key encoded as in a form but for its slashes, the eTag without quotes.
func s3Record(c *change, i int) events.S3EventRecord {
	in := &c.Records[i]
	var r events.S3EventRecord
	r.EventVersion, r.EventSource, r.AWSRegion, r.EventTime = "2.1", "aws:s3", region, in.EventTime.UTC()
	r.EventName = strings.TrimPrefix(in.EventName, "s3:")
	r.PrincipalID.PrincipalID = "AWS:" + in.User.Principal
	r.RequestParameters.SourceIPAddress = "127.0.0.1"
	r.ResponseElements = map[string]string{"x-amz-request-id": requestID(), "x-amz-id-2": requestID()}
	bucket := in.S3.Bucket.Name
	r.S3.SchemaVersion, r.S3.ConfigurationID = "1.0", "weir"
	r.S3.Bucket = events.S3Bucket{Name: bucket, OwnerIdentity: events.S3UserIdentity{PrincipalID: "WEIR"}, Arn: "arn:aws:s3:::" + bucket}
	r.S3.Object = events.S3Object{
		Key: strings.ReplaceAll(url.QueryEscape(in.S3.Object.Key), "%2F", "/"), URLDecodedKey: in.S3.Object.Key,
		Size: in.S3.Object.Size, Sequencer: in.S3.Object.Sequencer,
	}
	if in.S3.Object.ETag != nil {
		r.S3.Object.ETag = strings.Trim(*in.S3.Object.ETag, `"`)
	}
	if in.S3.Object.Version != nil {
		r.S3.Object.VersionID = *in.S3.Object.Version
	}
	return r
}
