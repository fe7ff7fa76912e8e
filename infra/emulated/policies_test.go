package emulated

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// statement is one of an IAM policy.
type statement struct {
	Effect   string
	Action   []string
	Resource any
}

// statements reads what the role of a function may do.
func statements(t *testing.T, template *Template, role string) (all []statement) {
	t.Helper()
	var r struct {
		Policies []struct {
			PolicyDocument struct{ Statement []statement }
		}
	}
	must(t, template.properties(role, &r))
	for _, p := range r.Policies {
		all = append(all, p.PolicyDocument.Statement...)
	}
	return all
}

// allows reports whether an action on a resource is allowed.
func allows(all []statement, action, resource string) bool {
	for _, s := range all {
		resources, _ := s.Resource.([]any)
		if one, ok := s.Resource.(string); ok {
			resources = []any{one}
		}
		for _, r := range resources {
			pattern, _ := r.(string)
			prefix, open := strings.CutSuffix(pattern, "*")
			if s.Effect == "Allow" && slices.Contains(s.Action, action) && (pattern == resource || open && strings.HasPrefix(resource, prefix)) {
				return true
			}
		}
	}
	return false
}

// actionsOf returns the actions that a recorded call needs, and the resource.
func actionsOf(c Call) (actions []string, resource string) {
	if c.Service == "dynamodb" {
		table := "arn:aws:dynamodb:" + region + ":000000000000:table/" + Name
		if c.Operation == "TransactWriteItems" {
			return []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}, table
		}
		return []string{"dynamodb:" + c.Operation}, table
	}
	if c.Service == "lambda" {
		return []string{"lambda:InvokeFunction"}, functionARN(strings.Split(c.Operation, "/")[3])
	}
	if c.Service == "sqs" {
		return []string{"sqs:" + strings.TrimSuffix(c.Operation, "Batch")}, queueARN("ApiEventsQueue")
	}
	if c.Service == "kms" {
		return []string{"kms:" + c.Operation}, KeyARN
	}
	method, path, _ := strings.Cut(c.Operation, " ")
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	resource = "arn:aws:s3:::" + bucket
	if key == "" {
		return []string{"s3:ListBucket"}, resource
	}
	action := map[string]string{
		http.MethodGet: "s3:GetObject", http.MethodHead: "s3:GetObject", http.MethodPut: "s3:PutObject", http.MethodPost: "s3:PutObject",
		http.MethodDelete: "s3:DeleteObject",
	}[method]
	if c.Version && action == "s3:GetObject" {
		action = "s3:GetObjectVersion"
	}
	return []string{action}, resource + "/" + key
}

// Every call that the functions make over the life of a base is one that the template's policies allow.
func TestPoliciesAllowWhatIsCalled(t *testing.T) {
	template, err := ReadTemplate(root()+"/template.yaml", nil)
	must(t, err)
	var mu sync.Mutex
	calls := map[Call]bool{}
	c := openCloud(t, Options{RetryAfter: &atOnce, Fast: true, Taps: &Taps{After: func(c Call) {
		mu.Lock()
		defer mu.Unlock()
		calls[c] = true
	}}})
	c.live(t, hundredth)
	_, err = c.Functions["SnapshotFunction"].Invoke(t.Context(), []byte(`{}`))
	must(t, err)
	for _, route := range []string{
		"GET /v1/overview", "GET /v1/users", "GET /v1/files", "GET /v1/strategy", "GET /v1/outbox", "GET /v1/status", "GET /v1/analytics/cohorts",
		"GET /v1/rejects", "POST /v1/track", "POST /v1/outreach/stop", "POST /v1/outreach/resume", "GET /v1/export/profiles",
		"POST /v1/snapshot", "GET /v1/snapshot", "GET /v1/snapshot/table", "POST /v1/compact",
	} {
		var in events.APIGatewayV2HTTPRequest
		in.RequestContext.HTTP.Method, in.RawPath, _ = strings.Cut(route, " ")
		in.Headers = map[string]string{"content-type": "application/json"}
		in.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"sub": "1", "cognito:groups": "[admin]"}},
		}
		if in.RequestContext.HTTP.Method == http.MethodPost {
			in.Body = `{"userId": "u", "event": "e", "messageId": "m", "note": "n"}`
		}
		if strings.HasPrefix(in.RawPath, "/v1/outreach") {
			in.Body = `{}`
		}
		payload, err := json.Marshal(in)
		must(t, err)
		text, err := c.Functions["ApiFunction"].Invoke(t.Context(), payload)
		must(t, err)
		var out events.APIGatewayV2HTTPResponse
		must(t, json.Unmarshal(text, &out))
		if out.StatusCode >= 400 {
			t.Errorf("%s: %d %s", route, out.StatusCode, out.Body)
		}
	}
	for _, name := range []string{"CollectFunction", "SweepFunction"} { // the sweep reads the lists of the snapshot
		_, err = c.Functions[name].Invoke(t.Context(), []byte(`{}`))
		must(t, err)
	}
	c.settle(t)
	mu.Lock()
	defer mu.Unlock()
	seen := map[string]int{}
	for call := range calls {
		role := strings.TrimSuffix(call.Function, "Function") + "Role"
		seen[role]++
		actions, resource := actionsOf(call)
		for _, a := range actions {
			if !allows(statements(t, template, role), a, resource) {
				t.Errorf("%s may not do %s on %s", role, a, resource)
			}
		}
	}
	for _, role := range []string{"IngestRole", "CollectRole", "DeliverRole", "SweepRole", "SnapshotRole", "ApiRole"} {
		if seen[role] < 3 {
			t.Errorf("%s was seen in %d calls only", role, seen[role])
		}
		if allows(statements(t, template, role), "s3:GetObject", "arn:aws:s3:::"+Name+"/outbox/main/x") {
			t.Errorf("%s reads messages, which nothing does", role)
		}
	}
	t.Logf("different calls by role: %v", seen)
}
