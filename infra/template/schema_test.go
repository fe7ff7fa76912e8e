package template

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mistakes runs the check of resources by AWS's own schema, or skips the test where it is not installed.
func mistakes(t *testing.T, resources object) []string {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join(root, ".cache", "aws"))
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if _, e := os.Stat(filepath.Join(modules, "node_modules", "@aws-cdk", "aws-service-spec")); err != nil || e != nil {
		t.Skip("the schema of AWS's resources or Node is not installed; install it with: make deps-aws")
	}
	text, err := json.Marshal(resources)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(node, "schema.mjs", modules)
	var failed bytes.Buffer
	run.Stdin, run.Stderr = bytes.NewReader(text), &failed
	out, err := run.Output()
	if err != nil {
		t.Fatal(err, failed.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// TestSchema checks every resource of the template, and every branch of its conditions, by the schema that AWS publishes.
func TestSchema(t *testing.T) {
	for _, mistake := range mistakes(t, read(t, "aws", nil).section("Resources")) {
		if mistake != "" {
			t.Error(mistake)
		}
	}
}

// TestSchemaFindsMistakes proves that the check refuses what it is there to refuse.
func TestSchemaFindsMistakes(t *testing.T) {
	function := func(properties object) object {
		properties["Role"], properties["Code"] = object{"Fn::GetAtt": "R.Arn"}, object{"S3Bucket": "b", "S3Key": "k"}
		return object{"Type": "AWS::Lambda::Function", "Properties": properties}
	}
	sam := func(properties object) object {
		properties["CodeUri"], properties["Handler"], properties["Runtime"] = "x", "h", "provided.al2023"
		return object{"Type": "AWS::Serverless::Function", "Properties": properties}
	}
	queue := object{"Queue": "q", "Size": "1"}
	resources := object{
		"Good":     function(object{"RecursiveLoop": "Allow", "Timeout": object{"Ref": "T"}}),
		"Value":    function(object{"RecursiveLoop": "Sometimes"}),
		"Name":     function(object{"Recursive": "Allow"}),
		"Missing":  object{"Type": "AWS::Lambda::Function", "Properties": object{"Role": "r"}},
		"Branch":   function(object{"Timeout": object{"Fn::If": list{"C", "3", "soon"}}}),
		"Inner":    function(object{"EphemeralStorage": object{"Size": "512", "Max": "1"}}),
		"Type":     object{"Type": "AWS::X::Y"},
		"SamValue": sam(object{"RecursiveLoop": "Sometimes"}),
		"SamKind":  sam(object{"Events": object{"E": object{"Type": "Cron"}}}),
		"SamEvent": sam(object{"Events": object{"E": object{"Type": "SQS", "Properties": queue}}}),
	}
	want := []string{
		`Value.RecursiveLoop: "Sometimes" is no one of Allow, Terminate`, `Name: there is no property Recursive`, `Missing: Code is missing`,
		`Branch.Timeout: "soon" is no whole number`, `Inner.EphemeralStorage: there is no property Max`, `Type: there is no resource AWS::X::Y`,
		`SamValue.RecursiveLoop: "Sometimes" is no one of Allow, Terminate`, `SamKind.E: there is no event Cron`, `SamEvent.E: there is no property Size`,
	}
	got := mistakes(t, resources)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
