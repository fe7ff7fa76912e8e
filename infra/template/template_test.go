package template

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/cost"
	"github.com/weir-engine/weir/web"
)

// partitions are what the template is rendered for.
var partitions = []struct {
	name, partition string
	parameters      map[string]string
	has, hasNot     []string // types
}{
	{"aws", "aws", nil, []string{"AWS::Cognito::UserPool", "AWS::CloudFront::Distribution"}, []string{"AWS::CloudWatch::Dashboard", "AWS::Budgets::Budget", "AWS::SNS::Topic"}},
	{
		"aws with everything", "aws", map[string]string{"AlarmEmail": "a@example.com", "BudgetUSD": "10", "Dashboard": "true"},
		[]string{"AWS::CloudWatch::Dashboard", "AWS::Budgets::Budget", "AWS::SNS::Topic"}, nil,
	},
	{
		"aws with an issuer of its own", "aws", map[string]string{"OidcIssuer": "https://example.com", "OidcAudience": "weir", "CloudFront": "false", "IngestConcurrency": "0"},
		nil, []string{"AWS::Cognito::UserPool", "AWS::Cognito::UserPoolGroup", "AWS::CloudFront::Distribution"},
	},
	{"aws without CloudFront", "aws", map[string]string{"CloudFront": "false"}, []string{"AWS::Cognito::UserPool"}, []string{"AWS::CloudFront::Distribution", "AWS::CloudFront::ResponseHeadersPolicy"}},
	{
		"aws with e-mail", "aws", map[string]string{"Email": "ses", "EmailFrom": "a@example.com", "EmailIdentity": "example.com", "EmailSet": "weir"},
		[]string{"AWS::IAM::ManagedPolicy"}, nil,
	},
	{"aws with pages to sign in", "aws", map[string]string{"ConsoleOrigin": "https://x.cloudfront.net"}, []string{"AWS::Cognito::UserPoolDomain"}, nil},
	{"aws-cn has no SES", "aws-cn", map[string]string{"OidcIssuer": "https://example.cn", "Email": "ses"}, nil, []string{"AWS::IAM::ManagedPolicy"}},
	{
		"aws-cn", "aws-cn", map[string]string{"OidcIssuer": "https://example.cn", "OidcAudience": "weir", "AlarmEmail": "a@example.cn", "BudgetUSD": "10"},
		nil, []string{"AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain", "AWS::Cognito::UserPoolGroup", "AWS::CloudFront::Distribution", "AWS::CloudFront::ResponseHeadersPolicy", "AWS::Budgets::Budget"},
	},
}

func TestPartitions(t *testing.T) {
	for _, p := range partitions {
		t.Run(p.name, func(t *testing.T) {
			s := read(t, p.partition, p.parameters)
			made := s.made(t, "Resources")
			known := func(name string) {
				if _, parameter := s.parameters[name]; !parameter && made[name] == nil && !isPseudo(name) {
					t.Errorf("something refers to %s, which is not there", name)
				}
			}
			references(made, known)
			references(s.made(t, "Outputs"), known)
			var types []string
			for _, r := range made {
				types = append(types, r.(object)["Type"].(string))
			}
			for _, want := range p.has {
				if !slices.Contains(types, want) {
					t.Errorf("there is no %s", want)
				}
			}
			for _, no := range p.hasNot {
				if slices.Contains(types, no) {
					t.Errorf("there is a %s", no)
				}
			}
			if p.parameters["IngestConcurrency"] != "0" && dig(made, "IngestFunction", "Properties", "ReservedConcurrentExecutions") != "2" {
				t.Error("two imports may run at a time")
			}
		})
	}
}

// A walker that finds nothing would pass everything.
func TestReferencesAreFound(t *testing.T) {
	var found []string
	references(object{
		"a": object{"Ref": "A"}, "b": list{object{"Fn::GetAtt": "B.Arn"}}, "c": object{"Fn::Sub": "x${C}y${D.Arn}${!E}"}, "DependsOn": "F",
	}, func(name string) { found = append(found, name) })
	slices.Sort(found)
	if diff := cmp.Diff([]string{"A", "B", "C", "D", "F"}, found); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsUnused(t *testing.T) {
	s := read(t, "aws", nil)
	used := map[string]bool{}
	all := object{"r": s.section("Resources"), "c": s.section("Conditions"), "o": s.section("Outputs"), "g": s.section("Globals")}
	references(all, func(name string) { used[name] = true })
	text := fmt.Sprint(all)
	for _, name := range names(s.section("Parameters")) {
		if !used[name] {
			t.Errorf("the parameter %s is not used", name)
		}
	}
	for _, name := range names(s.section("Conditions")) {
		if !strings.Contains(text, name) {
			t.Errorf("the condition %s is not used", name)
		}
	}
	source, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(source), "arn:aws:") || strings.Contains(string(source), ".amazonaws.com/") {
		t.Error("an ARN or address holds in one partition alone")
	}
}

var (
	functionKeys = []string{
		"Architectures", "CodeUri", "Environment", "EphemeralStorage", "EventInvokeConfig", "Events", "FunctionName", "Handler", "LoggingConfig", "MemorySize",
		"RecursiveLoop", "ReservedConcurrentExecutions", "Role", "Runtime", "Tags", "Timeout", "Tracing",
	}
	eventKeys = map[string][]string{
		"SQS": {"BatchSize", "FunctionResponseTypes", "Queue", "ScalingConfig"},
		"DynamoDB": {
			"BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "FilterCriteria", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds",
			"MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "StartingPosition", "Stream",
		},
		"ScheduleV2": {"RetryPolicy", "ScheduleExpression", "ScheduleExpressionTimezone"},
		"HttpApi":    {"ApiId", "Auth", "Method", "Path"},
	}
)

func within(t *testing.T, what string, m object, known []string) {
	t.Helper()
	for _, name := range names(m) {
		if !slices.Contains(known, name) {
			t.Errorf("%s has %s, which SAM does not know there", what, name)
		}
	}
}

// optionalObject returns a mapping that may be left out.
func optionalObject(v any) object {
	m, _ := v.(object)
	return m
}

// functions returns the properties of each function by the name of its program.
func functions(t *testing.T, s *stack) map[string]object {
	all := map[string]object{}
	for name, r := range s.made(t, "Resources") {
		if dig(r, "Type") != "AWS::Serverless::Function" {
			continue
		}
		p := dig(r, "Properties").(object)
		program, ok := strings.CutPrefix(fmt.Sprint(p["CodeUri"]), ".aws-build/")
		if !ok || !strings.EqualFold(name, program+"Function") {
			t.Errorf("%s is the program %v", name, p["CodeUri"])
		}
		all[program] = p
	}
	return all
}

func TestFunctions(t *testing.T) {
	s := read(t, "aws", nil)
	within(t, "Globals", s.section("Globals"), []string{"Function"})
	globals := dig(s.all, "Globals", "Function").(object)
	within(t, "Globals.Function", globals, functionKeys)
	if globals["Runtime"] != "provided.al2023" || globals["Handler"] != "bootstrap" {
		t.Error("the functions are programs called bootstrap")
	}
	all := functions(t, s)
	for program, p := range all {
		within(t, program, p, functionKeys)
		for name, e := range optionalObject(p["Events"]) {
			known, ok := eventKeys[fmt.Sprint(dig(e, "Type"))]
			if !ok {
				t.Errorf("%s has an event of the type %v", program, dig(e, "Type"))
			}
			within(t, program+" "+name, dig(e, "Properties").(object), known)
		}
	}
	sources, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		program := filepath.Base(filepath.Dir(file))
		if lambda := strings.Contains(string(text), "lambda.Start"); lambda != (all[program] != nil) {
			t.Errorf("functions/%s is a function: %v; it is deployed: %v", program, lambda, all[program] != nil)
		}
		delete(all, program)
	}
	for program := range all {
		t.Errorf("there is no program functions/%s", program)
	}
}

// What programs read is what they are told. A stand-in of S3 is never told on AWS.
func TestEnvironment(t *testing.T) {
	s := read(t, "aws", nil)
	want := slices.DeleteFunc(aws.Variables(), func(name string) bool { return name == "WEIR_S3_PATH_STYLE" })
	slices.Sort(want)
	if diff := cmp.Diff(want, names(dig(s.all, "Globals", "Function", "Environment", "Variables").(object))); diff != "" {
		t.Error(diff)
	}
	for program, p := range functions(t, s) {
		own, _ := dig(p, "Environment", "Variables").(object)
		text, err := os.ReadFile(filepath.Join(root, "functions", program, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names(own) {
			if !strings.Contains(string(text), `"`+name+`"`) {
				t.Errorf("functions/%s/main.go does not read %s", program, name)
			}
		}
		if strings.Contains(string(text), `"WEIR_`) && own == nil {
			t.Errorf("functions/%s/main.go reads a variable that nobody sets", program)
		}
	}
}

// E-mail goes out by SES only where it is asked for and the partition has it, and as one identity alone.
func TestEmail(t *testing.T) {
	for _, c := range []struct{ partition, asked, want string }{
		{"aws", "ses", "ses"}, {"aws", "sandbox", "sandbox"}, {"aws", "off", "off"}, {"aws-cn", "ses", "off"}, {"aws-cn", "sandbox", "sandbox"},
	} {
		parameters := map[string]string{"Email": c.asked, "EmailIdentity": "example.com", "EmailSet": "weir", "OidcIssuer": "https://example.cn"}
		made := read(t, c.partition, parameters).made(t, "Resources")
		for _, name := range []string{"DeliverFunction", "SweepFunction"} {
			if got := dig(made, name, "Properties", "Environment", "Variables", "WEIR_EMAIL"); got != c.want && (c.asked == "ses" || fmt.Sprint(got) != "map[Ref:Email]") {
				t.Errorf("%s in %s asked for %s has %v", name, c.partition, c.asked, got)
			}
		}
		policy := made["MailPolicy"]
		if (policy != nil) != (c.want == "ses") {
			t.Fatalf("%s %s: the policy is %v", c.partition, c.asked, policy)
		}
		if policy == nil {
			continue
		}
		text := fmt.Sprint(policy)
		for _, want := range []string{"ses:SendEmail", ":identity/${EmailIdentity}", ":configuration-set/${EmailSet}", "DeliverRole", "SweepRole"} {
			if !strings.Contains(text, want) {
				t.Errorf("the policy lacks %s: %s", want, text)
			}
		}
		if strings.Contains(text, "ses:*") || strings.Contains(text, "identity/*") {
			t.Errorf("the policy says too much: %s", text)
		}
	}
}

func TestTable(t *testing.T) {
	p := dig(read(t, "aws", nil).resource("Table"), "Properties").(object)
	in := aws.TableInput("x")
	schema := func(keys any) (all []string) {
		for _, k := range keys.(list) {
			all = append(all, fmt.Sprint(dig(k, "AttributeName"), " ", dig(k, "KeyType")))
		}
		return all
	}
	var wantKeys, wantIndexes, gotIndexes, wantAttributes, gotAttributes []string
	for _, k := range in.KeySchema {
		wantKeys = append(wantKeys, fmt.Sprint(*k.AttributeName, " ", k.KeyType))
	}
	for _, i := range in.GlobalSecondaryIndexes {
		keys := []string{}
		for _, k := range i.KeySchema {
			keys = append(keys, fmt.Sprint(*k.AttributeName, " ", k.KeyType))
		}
		wantIndexes = append(wantIndexes, fmt.Sprint(*i.IndexName, " ", keys, " ", i.Projection.ProjectionType))
	}
	for _, i := range p["GlobalSecondaryIndexes"].(list) {
		gotIndexes = append(gotIndexes, fmt.Sprint(dig(i, "IndexName"), " ", schema(dig(i, "KeySchema")), " ", dig(i, "Projection", "ProjectionType")))
	}
	for _, a := range in.AttributeDefinitions {
		wantAttributes = append(wantAttributes, fmt.Sprint(*a.AttributeName, " ", a.AttributeType))
	}
	for _, a := range p["AttributeDefinitions"].(list) {
		gotAttributes = append(gotAttributes, fmt.Sprint(dig(a, "AttributeName"), " ", dig(a, "AttributeType")))
	}
	want := []any{string(in.BillingMode), wantKeys, wantIndexes, wantAttributes, string(in.StreamSpecification.StreamViewType)}
	got := []any{p["BillingMode"], schema(p["KeySchema"]), gotIndexes, gotAttributes, dig(p, "StreamSpecification", "StreamViewType")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if dig(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != "true" || dig(p, "SSESpecification", "SSEEnabled") != "true" {
		t.Error("the table can not be restored, or is not encrypted by the key")
	}
}

// The actions that an operation of an adapter needs. An operation that is not here fails the test that reads this.
var needs = map[string][]string{
	"GetItem": {"dynamodb:GetItem"}, "BatchGetItem": {"dynamodb:BatchGetItem"}, "Query": {"dynamodb:Query"}, "PutItem": {"dynamodb:PutItem"},
	"UpdateItem": {"dynamodb:UpdateItem"}, "DeleteItem": {"dynamodb:DeleteItem"},
	"TransactWriteItems": {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"},
	"GetObject":          {"s3:GetObject", "s3:GetObjectVersion"}, "HeadObject": {"s3:GetObject", "s3:GetObjectVersion"}, "PutObject": {"s3:PutObject"}, "DeleteObject": {"s3:DeleteObject"},
	"ListObjectsV2": {"s3:ListBucket"}, "CreateMultipartUpload": {"s3:PutObject"}, "UploadPart": {"s3:PutObject"},
	"CompleteMultipartUpload": {"s3:PutObject"}, "AbortMultipartUpload": {"s3:AbortMultipartUpload"},
	"SendMessage": {"sqs:SendMessage"}, "Invoke": {"lambda:InvokeFunction"}, "ReceiveMessage": {"sqs:ReceiveMessage"}, "DeleteMessageBatch": {"sqs:DeleteMessage"},
}

// What the services need that call a function, and the function's own log.
var beside = map[string][]string{
	"ingest":  {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
	"deliver": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams", "sqs:SendMessage"},
	"collect": {}, "sweep": {}, "snapshot": {}, "api": {}, "jobs": {},
}

// What functions do to the folders of the bucket: r reads, v reads older versions, w writes, d removes. Only the API and what it queues become
// event files, only those that send write into the outbox, only imports and the API see all files as they arrived, and nobody removes decision records.
var folders = map[string]map[string]string{
	"ingest":   {"events": "vr", "canonical": "rwd", "profiles": "rwd", "docs": "rwd", "decisions": "rw", "forgotten": "r"},
	"collect":  {"events": "rw"},
	"deliver":  {"canonical": "r", "profiles": "r", "docs": "rw", "forgotten": "r", "outbox": "w"},
	"sweep":    {"canonical": "rwd", "profiles": "rwd", "docs": "rwd", "decisions": "rw", "forgotten": "r", "outbox": "w", "snapshots": "r"},
	"snapshot": {"canonical": "r", "profiles": "r", "docs": "rw", "forgotten": "r", "snapshots": "rwd"},
	"jobs":     {"canonical": "rwd", "profiles": "rwd", "docs": "rwd", "decisions": "rw", "forgotten": "r", "snapshots": "rwd"},
	"api":      {"events": "vrwd", "canonical": "rwd", "profiles": "rwd", "docs": "rwd", "decisions": "rw", "forgotten": "rw", "outbox": "d", "snapshots": "rwd"},
}

func operations(interfaces ...any) (all []string) {
	for _, i := range interfaces {
		ops := reflect.TypeOf(i).Elem()
		for n := range ops.NumMethod() {
			all = append(all, ops.Method(n).Name)
		}
	}
	return all
}

// The actions of all functions together are those that the adapters' calls need, and none has more than its work.
func TestLeastPrivilege(t *testing.T) {
	s := read(t, "aws", nil)
	granted, needed := map[string]bool{}, map[string]bool{}
	for _, op := range operations((*aws.Table)(nil), (*aws.Bucket)(nil), (*aws.Messages)(nil), (*aws.Functions)(nil)) {
		if needs[op] == nil {
			t.Errorf("%s needs which action?", op)
		}
		for _, a := range needs[op] {
			needed[a] = true
		}
	}
	for program, p := range functions(t, s) {
		role := strings.Split(fmt.Sprint(dig(p, "Role", "Fn::GetAtt")), ".")[0]
		properties := dig(s.resource(role), "Properties").(object)
		if properties["ManagedPolicyArns"] != nil {
			t.Errorf("%s has policies that others write", role)
		}
		got := map[string]string{}
		for _, policy := range properties["Policies"].(list) {
			for _, statement := range dig(policy, "PolicyDocument", "Statement").(list) {
				resources := dig(statement, "Resource")
				if text := fmt.Sprint(resources); resources == "*" || strings.Contains(text, "Sub:*") {
					t.Errorf("%s reaches everything: %v", role, dig(statement, "Sid"))
				}
				for _, a := range dig(statement, "Action").(list) {
					action := a.(string)
					if strings.Contains(action, "*") {
						t.Errorf("%s may do %s", role, action)
					}
					if letter := (map[string]string{"s3:GetObjectVersion": "v", "s3:GetObject": "r", "s3:PutObject": "w", "s3:DeleteObject": "d"})[action]; letter != "" {
						for _, r := range resources.(list) {
							folder := strings.Split(strings.TrimPrefix(fmt.Sprint(dig(r, "Fn::Sub")), "${Bucket.Arn}/"), "/")
							if len(folder) != 3 || folder[1] != "${Workspace}" || folder[2] != "*" {
								t.Errorf("%s reaches %v", role, r)
								continue
							}
							got[folder[0]] += letter
						}
					}
					if !slices.Contains(beside[program], action) && !strings.HasPrefix(action, "logs:") && !strings.HasPrefix(action, "kms:") {
						granted[action] = true
					}
				}
			}
		}
		if diff := cmp.Diff(folders[program], got); diff != "" {
			t.Errorf("%s and the bucket's folders: %s", program, diff)
		}
	}
	if diff := cmp.Diff(needed, granted); diff != "" {
		t.Error(diff)
	}
}

// Only event files expire by age, and what was replaced.
func TestLifecycle(t *testing.T) {
	rules := dig(read(t, "aws", nil).resource("Bucket"), "Properties", "LifecycleConfiguration", "Rules").(list)
	for _, r := range rules {
		if dig(r, "ExpirationInDays") != nil && dig(r, "Prefix") != "events/" {
			t.Errorf("the rule %v removes what is to stay", dig(r, "Id"))
		}
	}
}

// The numbers of the template hold together.
func TestQueue(t *testing.T) {
	s := read(t, "aws", nil)
	queue := dig(s.resource("EventsQueue"), "Properties").(object)
	if queue["VisibilityTimeout"] != "1800" || dig(s.all, "Globals", "Function", "Timeout") != "900" {
		t.Error("a message must stay away for two timeouts of the import")
	}
	ingest := dig(s.resource("IngestFunction"), "Properties").(object)
	reserved, asked := fmt.Sprint(ingest["ReservedConcurrentExecutions"]), dig(ingest, "Events", "Files", "Properties", "ScalingConfig", "MaximumConcurrency")
	if asked != "2" || !strings.Contains(reserved, "WithReserve 2 ") {
		t.Errorf("the poller may start %v and %v are reserved: what is above it is throttled, and its messages become dead letters untried", asked, reserved)
	}
	calls := dig(s.resource("ApiEventsQueue"), "Properties").(object)
	if calls["VisibilityTimeout"] != "180" || dig(s.resource("CollectFunction"), "Properties", "Timeout") != "60" {
		t.Error("a message must stay away for longer than the collection that received it may run")
	}
	filter := fmt.Sprint(dig(s.resource("Bucket"), "Properties", "NotificationConfiguration"))
	if !strings.Contains(filter, aws.EventsPrefix("${Workspace}")) {
		t.Errorf("the bucket tells of other files: %s", filter)
	}
	if dig(s.resource("Bucket"), "DependsOn") != "EventsQueuePolicy" {
		t.Error("S3 refuses a notification that it may not send: the policy comes first")
	}
}

// The API's paths ask for a token, but for how one gets a token and what strangers reach by a link, and the console's are never the closer match for one of the API.
func TestAPI(t *testing.T) {
	for name, e := range functions(t, read(t, "aws", nil))["api"]["Events"].(object) {
		p := dig(e, "Properties").(object)
		path, guarded := p["Path"].(string), dig(p, "Auth", "Authorizer") == "Tokens"
		if (strings.HasPrefix(path, "/v1/") && path != "/v1/unsubscribe" && path != "/v1/config") != guarded {
			t.Errorf("%s: %s asks for a token: %v", name, path, guarded)
		}
		if p["Method"] == "ANY" {
			t.Errorf("%s takes any method: a path with a method comes first", name)
		}
	}
}

// The distribution's policy is the one that the console is served with, and lets it ask the issuer that it signs people in at and no other.
func TestContentSecurityPolicy(t *testing.T) {
	for _, c := range []struct {
		parameters map[string]string
		asked      string
	}{
		{nil, ""},
		{map[string]string{"ConsoleOrigin": "https://x.cloudfront.net"}, "https://${UserPoolDomain}.auth.${AWS::Region}.amazoncognito.com"},
		{map[string]string{"OidcIssuer": "https://example.com/realm"}, ""},
		{map[string]string{"OidcIssuer": "https://example.com/realm", "OidcClient": "weir"}, "https://example.com"},
		{map[string]string{"OidcIssuer": "https://example.com", "OidcClient": "weir", "OidcExchange": "https://t.example.com/t"}, "https://example.com https://t.example.com/t"},
	} {
		all := read(t, "aws", c.parameters)
		made := all.made(t, "Resources")
		policy := all.written(dig(made["SecurityHeaders"], "Properties", "ResponseHeadersPolicyConfig", "SecurityHeadersConfig",
			"ContentSecurityPolicy", "ContentSecurityPolicy"))
		connect := all.written(dig(made["ApiFunction"], "Properties", "Environment", "Variables", "WEIR_CONNECT"))
		w := httptest.NewRecorder()
		web.Handler(strings.Fields(connect+" "+c.asked)...).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if want := w.Header().Get("Content-Security-Policy"); strings.Join(strings.Fields(policy), " ") != want {
			t.Errorf("%v: the policy is %v, the console's is %s", c.parameters, policy, want)
		}
	}
}

// People sign in at the pages of the user pool once the console's address is known, where the partition has them, or at their own issuer.
func TestSignIn(t *testing.T) {
	const console = "https://x.cloudfront.net"
	for _, c := range []struct {
		partition            string
		parameters           map[string]string
		pages                bool
		client, issuer, page string
	}{
		{"aws", nil, false, "", "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}", ""},
		{
			"aws", map[string]string{"ConsoleOrigin": console}, true, "UserPoolClient", "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}",
			"https://${UserPoolDomain}.auth.${AWS::Region}.amazoncognito.com/oauth2/authorize",
		},
		{"aws", map[string]string{"ConsoleOrigin": console, "OidcIssuer": "https://example.com", "OidcClient": "c"}, false, "c", "https://example.com", ""},
		{"aws-us-gov", map[string]string{"ConsoleOrigin": console}, false, "", "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}", ""},
		{"aws-cn", map[string]string{"ConsoleOrigin": console, "OidcIssuer": "https://example.cn", "OidcClient": "c"}, false, "c", "https://example.cn", ""},
		{"aws-cn", map[string]string{"OidcIssuer": "https://example.cn"}, false, "", "https://example.cn", ""},
	} {
		all := read(t, c.partition, c.parameters)
		made := all.made(t, "Resources")
		if pages := made["UserPoolDomain"] != nil; pages != c.pages {
			t.Errorf("%s %v: pages to sign in: %v", c.partition, c.parameters, pages)
		}
		env := func(name string) string {
			return all.written(dig(made["ApiFunction"], "Properties", "Environment", "Variables", name))
		}
		if env("WEIR_OIDC_CLIENT") != c.client || env("WEIR_OIDC_ISSUER") != c.issuer || env("WEIR_OIDC_AUTHORIZE") != c.page {
			t.Errorf("%s %v: client %q of %q at %q", c.partition, c.parameters, env("WEIR_OIDC_CLIENT"), env("WEIR_OIDC_ISSUER"), env("WEIR_OIDC_AUTHORIZE"))
		}
		if trusted := all.written(dig(made["Api"], "Properties", "Auth", "Authorizers", "Tokens", "JwtConfiguration", "issuer")); trusted != c.issuer {
			t.Errorf("%s %v: the API trusts %s", c.partition, c.parameters, trusted)
		}
		client := dig(made["UserPoolClient"], "Properties")
		if back := all.written(dig(client, "CallbackURLs")); c.pages && !strings.Contains(back, console+"/signin") {
			t.Errorf("people come back to %s", back)
		}
		if c.pages && dig(client, "GenerateSecret") != nil {
			t.Error("a console can keep no secret")
		}
	}
}

// What an idle deployment is billed for is what the template has.
func TestIdleBill(t *testing.T) {
	b, err := cost.Monthly(cost.Traffic{}, cost.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	if b.Idle >= 2 {
		t.Errorf("an idle deployment costs %.2f USD a month", b.Idle)
	}
	counts := map[string]float64{}
	for _, r := range read(t, "aws", nil).made(t, "Resources") {
		counts[dig(r, "Type").(string)]++
	}
	for name, kind := range map[string]string{"CloudWatch alarms": "AWS::CloudWatch::Alarm", "KMS key": "AWS::KMS::Key"} {
		for _, l := range b.Lines {
			if l.Name == name && l.Quantity != counts[kind] {
				t.Errorf("%s: %v are billed, and there are %v", name, l.Quantity, counts[kind])
			}
		}
	}
	for kind := range counts {
		for _, hourly := range []string{"AWS::EC2::", "AWS::RDS::", "AWS::ElasticLoadBalancing", "AWS::ECS::", "AWS::Kinesis::", "AWS::OpenSearch", "AWS::ElastiCache::"} {
			if strings.HasPrefix(kind, hourly) {
				t.Errorf("%s is billed by the hour", kind)
			}
		}
	}
}

// What the dashboard shows of Weir's own metrics is what the functions write, and a deployment with traces gives every function the
// right to write them.
func TestObservability(t *testing.T) {
	s := read(t, "aws", map[string]string{"Dashboard": "true", "Tracing": "true"})
	made := s.made(t, "Resources")
	board := fmt.Sprint(dig(made["Board"], "Properties", "DashboardBody"))
	shown := regexp.MustCompile(`\["`+aws.Namespace+`", "(\w+)", "function", "\$\{(\w+)Function\}"`).FindAllStringSubmatch(board, -1)
	if len(shown) < 10 {
		t.Errorf("the dashboard shows %d metrics of its own", len(shown))
	}
	for _, m := range shown {
		program := strings.ToLower(m[2])
		text, err := os.ReadFile(filepath.Join(root, "functions", program, "handler.go"))
		if err != nil {
			t.Fatal(err)
		}
		common, err := os.ReadFile(filepath.Join(root, "infra", "aws", "metrics.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text)+string(common), `"`+m[1]+`"`) {
			t.Errorf("%s writes no %s", program, m[1])
		}
	}
	if got := dig(s.all, "Globals", "Function", "Environment", "Variables", "WEIR_METRICS"); !strings.Contains(fmt.Sprint(got), "WithMetrics") {
		t.Errorf("a dashboard makes no metrics: %v", got)
	}
	traced := fmt.Sprint(dig(made["TracePolicy"], "Properties", "Roles"))
	for program, p := range functions(t, s) {
		if role := strings.Split(fmt.Sprint(dig(p, "Role", "Fn::GetAtt")), ".")[0]; !strings.Contains(traced, role) {
			t.Errorf("%s may not write traces", program)
		}
	}
}
