package emulated

import (
	"maps"
	"path"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// Resources of the kinds that are emulated, with the properties that are read of them.
type (
	queueResource struct {
		VisibilityTimeout *int64
		RedrivePolicy     *struct {
			DeadLetters string `json:"deadLetterTargetArn"`
			Receives    int    `json:"maxReceiveCount"`
		}
	}
	bucketResource struct {
		NotificationConfiguration struct {
			QueueConfigurations []struct {
				Event  string
				Queue  string
				Filter struct {
					S3Key struct {
						Rules []struct{ Name, Value string }
					}
				}
			}
		}
	}
	functionResource struct {
		CodeURI                      string `json:"CodeUri"`
		Timeout                      int64
		MemorySize                   int
		ReservedConcurrentExecutions int
		Environment                  struct{ Variables map[string]any }
		Events                       map[string]eventResource
	}
	eventResource struct {
		Type       string
		Properties struct {
			Queue                          string
			Stream                         string
			Schedule, ScheduleExpression   string
			ScheduleExpressionTimezone     string
			Path, Method                   string
			Auth                           struct{ Authorizer string }
			BatchSize                      int
			FunctionResponseTypes          []string
			ScalingConfig                  struct{ MaximumConcurrency int }
			BisectBatchOnFunctionError     bool
			MaximumRetryAttempts           *int
			FilterCriteria                 struct{ Filters []struct{ Pattern string } }
			DestinationConfig              struct{ OnFailure struct{ Destination string } }
			MaximumBatchingWindowInSeconds int
		}
	}
)

// functions returns the functions of a template with its globals filled in.
func (t *Template) functions() (map[string]functionResource, error) {
	names, err := t.named("AWS::Serverless::Function")
	if err != nil {
		return nil, err
	}
	out := map[string]functionResource{}
	for _, name := range names {
		var common, own functionResource
		if err := t.read("Globals", t.globals["Function"], &common); err != nil {
			return nil, err
		}
		own = common
		own.Environment.Variables = maps.Clone(common.Environment.Variables)
		if err := t.properties(name, &own); err != nil { // what it does not name stays as in Globals
			return nil, err
		}
		out[name] = own
	}
	return out, nil
}

// program returns the name of a function's program: the last part of its CodeUri, as in .aws-build/ingest/.
func (f *functionResource) program() string { return path.Base(strings.TrimSuffix(f.CodeURI, "/")) }

// queues makes the queues of a template.
func (t *Template) queues() (map[string]*Queue, error) {
	names, err := t.named("AWS::SQS::Queue")
	if err != nil {
		return nil, err
	}
	out := map[string]*Queue{}
	for _, name := range names {
		out[name] = NewQueue(name)
	}
	for _, name := range names {
		var r queueResource
		if err := t.properties(name, &r); err != nil {
			return nil, err
		}
		q := out[name]
		if r.VisibilityTimeout != nil {
			q.Visibility = time.Duration(*r.VisibilityTimeout) * time.Second
		}
		if p := r.RedrivePolicy; p != nil {
			q.MaxReceives = p.Receives
			if q.DeadLetters, err = queueOf(out, p.DeadLetters); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func queueOf(all map[string]*Queue, arn string) (*Queue, error) {
	q := all[arn[strings.LastIndexByte(arn, ':')+1:]]
	if q == nil {
		return nil, fault.New(fault.Invalid, "the template has no queue %q", arn)
	}
	return q, nil
}

// accessLog returns the format of the access log of the template's HTTP API; "" when it keeps none.
func (t *Template) accessLog() (string, error) {
	names, err := t.named("AWS::Serverless::HttpApi")
	if err != nil || len(names) == 0 {
		return "", err
	}
	var api struct{ AccessLogSettings struct{ Format string } }
	err = t.properties(names[0], &api)
	return api.AccessLogSettings.Format, err
}

// notifications returns what the buckets of a template tell its queues.
func (t *Template) notifications(queues map[string]*Queue) (all []Notification, err error) {
	names, err := t.named("AWS::S3::Bucket")
	if err != nil {
		return nil, err
	}
	if len(names) != 1 {
		return nil, fault.New(fault.Invalid, "the template has %d buckets; the emulation knows one", len(names))
	}
	var r bucketResource
	if err := t.properties(names[0], &r); err != nil {
		return nil, err
	}
	for _, c := range r.NotificationConfiguration.QueueConfigurations {
		n := Notification{Bucket: Name, Event: c.Event}
		if n.Queue, err = queueOf(queues, c.Queue); err != nil {
			return nil, err
		}
		for _, rule := range c.Filter.S3Key.Rules {
			switch strings.ToLower(rule.Name) {
			case "prefix":
				n.Prefix = rule.Value
			case "suffix":
				n.Suffix = rule.Value
			}
		}
		all = append(all, n)
	}
	return all, nil
}
