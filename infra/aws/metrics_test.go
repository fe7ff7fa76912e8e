package aws_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weir-engine/weir/infra/aws"
)

func TestMetrics(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 8_000_000, time.UTC)
	figures := []aws.Metric{aws.Count("Events", 3), aws.Count("Rejected", 0), aws.Age("OldestMessage", now.Add(-1500*time.Millisecond), now),
		aws.Age("Duration", now.Add(time.Second), now), aws.Count("Events", 4)}
	for _, on := range []bool{true, false} {
		var out bytes.Buffer
		m := aws.Metrics{Out: &out, Function: "weir-Ingest", On: on}
		if err := m.Write(now, figures); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 || !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
			t.Errorf("%d lines: %q", n, out.String())
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"time": "2026-03-04T05:06:07.008Z", "level": "INFO", "msg": "figures", "function": "weir-Ingest",
			"Events": 4.0, "Rejected": 0.0, "OldestMessage": 1500.0, "Duration": 0.0,
		}
		if on { // the specification: every target of a directive is a member of the root, and a timestamp in milliseconds
			want["_aws"] = map[string]any{"Timestamp": 1772600767008.0, "CloudWatchMetrics": []any{map[string]any{
				"Namespace": "Weir", "Dimensions": []any{[]any{"function"}},
				"Metrics": []any{map[string]any{"Name": "Events", "Unit": "Count"}, map[string]any{"Name": "OldestMessage", "Unit": "Milliseconds"}},
			}}}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("on %v: %s", on, diff)
		}
	}
}

// A figure that is nothing makes no metric: CloudWatch would bill it by the hour.
func TestMetricsOfNothing(t *testing.T) {
	var out bytes.Buffer
	m := aws.Metrics{Out: &out, Function: "f", On: true}
	if err := m.Write(time.Now(), []aws.Metric{aws.Count("Events", 0)}); err != nil || bytes.Contains(out.Bytes(), []byte("_aws")) {
		t.Errorf("%s, %v", out.String(), err)
	}
}
