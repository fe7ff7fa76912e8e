package aws

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/weir-engine/weir/shared/app"
)

// Namespace is that of Weir's metrics in CloudWatch. Their one dimension is the function's name.
const Namespace = "Weir"

// Metric is one figure of an invocation.
type Metric struct {
	Name  string
	Unit  string // of CloudWatch
	Value float64
}

// Units of metrics.
const (
	unitCount        = "Count"
	unitMilliseconds = "Milliseconds"
)

// Count is a metric that counts.
func Count(name string, n int64) Metric { return Metric{name, unitCount, float64(n)} }

// Age is a metric of a duration; what lies in the future is 0.
func Age(name string, since, now time.Time) Metric {
	return Metric{name, unitMilliseconds, float64(max(now.Sub(since), 0).Milliseconds())}
}

// Metrics writes the figures of invocations to the log as lines of CloudWatch's embedded metric format, from which it makes
// metrics (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
type Metrics struct {
	Out      io.Writer
	Function string
	// On makes metrics of the figures; off, they are only logged. CloudWatch bills each metric for each hour in which it has a value, so
	// that figures which are 0 are logged and make none.
	On bool
}

type (
	metricName struct {
		Name string `json:"Name"`
		Unit string `json:"Unit"`
	}
	metricDirective struct {
		Namespace  string       `json:"Namespace"`
		Dimensions [][]string   `json:"Dimensions"`
		Metrics    []metricName `json:"Metrics"`
	}
	metricMeta struct {
		Timestamp int64             `json:"Timestamp"`
		Directive []metricDirective `json:"CloudWatchMetrics"`
	}
)

// Write logs figures. A name that comes twice counts once, with the later value.
func (m *Metrics) Write(now time.Time, figures []Metric) error {
	line := map[string]any{"time": now.UTC().Format(time.RFC3339Nano), "level": slog.LevelInfo.String(), "msg": "figures", "function": m.Function}
	d := metricDirective{Namespace: Namespace, Dimensions: [][]string{{"function"}}, Metrics: []metricName{}}
	for _, f := range figures {
		if _, twice := line[f.Name]; !twice && f.Value != 0 {
			d.Metrics = append(d.Metrics, metricName{f.Name, f.Unit})
		}
		line[f.Name] = f.Value
	}
	if m.On && len(d.Metrics) > 0 {
		line["_aws"] = metricMeta{now.UnixMilli(), []metricDirective{d}}
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = m.Out.Write(append(text, '\n'))
	return err
}

// Invocation is one of a function: its log lines carry the batch they belong to, and its end writes its figures.
type Invocation struct {
	Log *slog.Logger

	f         *Function
	began     time.Time
	units     app.Units
	conflicts int64
}

// Begin notes the start of an invocation.
func (f *Function) Begin(ctx context.Context) *Invocation {
	i := &Invocation{Log: f.Log, f: f, began: time.Now(), units: f.meter.Used(), conflicts: f.meter.Conflicts()}
	if c, ok := lambdacontext.FromContext(ctx); ok {
		i.Log = f.Log.With("batch", c.AwsRequestID)
	}
	return i
}

// End writes the figures of the invocation: those given, how long it took, and what it consumed of the table.
func (i *Invocation) End(figures ...Metric) {
	now, used := time.Now(), i.f.meter.Used()
	figures = append(figures,
		Age("Duration", i.began, now),
		Metric{"ReadUnits", unitCount, used.Reads - i.units.Reads},
		Metric{"WriteUnits", unitCount, used.Writes - i.units.Writes},
		Count("Conflicts", i.f.meter.Conflicts()-i.conflicts),
	)
	if err := i.f.metrics.Write(now, figures); err != nil {
		i.Log.Warn("the figures of an invocation cannot be written", "error", err)
	}
}

// User returns the pseudonym of a user for logs: a keyed hash of the key, of 16 digits.
func (i *Invocation) User(key string) string { return i.f.store.Pseudonym(key) }
