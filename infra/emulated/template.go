package emulated

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Template is a SAM template with its parameters filled in, as much of it as the emulation needs.
type Template struct {
	parameters map[string]any
	conditions map[string]any
	globals    map[string]any
	resources  map[string]map[string]any
}

// ReadTemplate reads a template from a file; parameters replace the defaults of those that it declares.
func ReadTemplate(file string, parameters map[string]string) (*Template, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.NotFound, "the template %s cannot be read", file).Because(err)
	}
	return ParseTemplate(text, parameters)
}

// ParseTemplate reads a template.
func ParseTemplate(text []byte, parameters map[string]string) (*Template, error) {
	all, err := readYAML(text)
	if err != nil {
		return nil, err
	}
	top, ok := all.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "the template is no mapping")
	}
	t := &Template{parameters: map[string]any{}, resources: map[string]map[string]any{}}
	for name, p := range object(top["Parameters"]) {
		p := object(p)
		t.parameters[name] = p["Default"]
		if v, ok := parameters[name]; ok {
			t.parameters[name] = v
			if n, err := strconv.ParseInt(v, 10, 64); err == nil && p["Type"] == "Number" {
				t.parameters[name] = n
			}
		}
	}
	for name := range parameters {
		if _, ok := object(top["Parameters"])[name]; !ok {
			return nil, fault.New(fault.Invalid, "the template has no parameter %q", name)
		}
	}
	t.conditions, t.globals = object(top["Conditions"]), object(top["Globals"])
	for name, r := range object(top["Resources"]) {
		t.resources[name] = object(r)
	}
	return t, nil
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// named returns the names of the resources of a kind that are made, in order.
func (t *Template) named(kind string) (names []string, err error) {
	for name, r := range t.resources {
		if r["Type"] != kind {
			continue
		}
		if c, ok := r["Condition"].(string); ok {
			made, err := t.condition(c)
			if err != nil {
				return nil, err
			}
			if !made {
				continue
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// properties reads the properties of a resource into a struct.
func (t *Template) properties(name string, into any) error {
	return t.read("the resource "+name, t.resources[name]["Properties"], into)
}

func (t *Template) read(what string, value, into any) error {
	v, err := t.value(value)
	if err != nil {
		return fault.Wrap(err, "%s", what)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Invalid, "%s has a value that cannot be used", what).Because(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fault.New(fault.Invalid, "%s is not as the emulation knows it", what).Because(err)
	}
	return nil
}

// noValue is what !Ref AWS::NoValue stands for: the property is left out.
type noValue struct{}

// value fills in the functions of CloudFormation.
func (t *Template) value(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return t.call(name, argument)
				}
			}
		}
		out := make(map[string]any, len(v))
		for name, inner := range v {
			x, err := t.value(inner)
			if err != nil {
				return nil, err
			}
			if _, none := x.(noValue); !none {
				out[name] = x
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			x, err := t.value(inner)
			if err != nil {
				return nil, err
			}
			if _, none := x.(noValue); !none {
				out = append(out, x)
			}
		}
		return out, nil
	}
	return v, nil
}

func (t *Template) call(name string, argument any) (any, error) {
	list, _ := argument.([]any)
	switch {
	case name == "Ref":
		return t.ref(fmt.Sprint(argument))
	case name == "Fn::GetAtt" && len(list) == 2:
		return t.attribute(fmt.Sprint(list[0]), fmt.Sprint(list[1]))
	case name == "Fn::Sub":
		return t.sub(argument)
	case name == "Fn::If" && len(list) == 3:
		yes, err := t.condition(fmt.Sprint(list[0]))
		if err != nil {
			return nil, err
		}
		if yes {
			return t.value(list[1])
		}
		return t.value(list[2])
	case name == "Fn::Join" && len(list) == 2:
		parts, err := t.value(list[1])
		if err != nil {
			return nil, err
		}
		var texts []string
		all, _ := parts.([]any)
		for _, p := range all {
			texts = append(texts, fmt.Sprint(p))
		}
		return strings.Join(texts, fmt.Sprint(list[0])), nil
	}
	return nil, fault.New(fault.Invalid, "the emulation does not know %s as it is used", name)
}

// ref returns a parameter, a pseudo parameter, or the name of a resource. The one table and the one bucket have the name that Start
// gives them; everything else has its own in the template.
func (t *Template) ref(name string) (any, error) {
	switch name {
	case "AWS::NoValue":
		return noValue{}, nil
	case "AWS::Region":
		return region, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::AccountId":
		return "000000000000", nil
	case "AWS::StackName":
		return Name, nil
	case "AWS::StackId":
		return "arn:aws:cloudformation:" + region + ":000000000000:stack/" + Name, nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	}
	if v, ok := t.parameters[name]; ok {
		return v, nil
	}
	r, ok := t.resources[name]
	if !ok {
		return nil, fault.New(fault.Invalid, "the template refers to %q, which is not there", name)
	}
	if r["Type"] == "AWS::DynamoDB::Table" || r["Type"] == "AWS::S3::Bucket" {
		return Name, nil
	}
	return name, nil
}

func (t *Template) attribute(resource, attribute string) (any, error) {
	r, ok := t.resources[resource]
	if !ok {
		return nil, fault.New(fault.Invalid, "the template refers to %q, which is not there", resource)
	}
	switch kind := r["Type"]; {
	case kind == "AWS::SQS::Queue" && attribute == "Arn":
		return queueARN(resource), nil
	case kind == "AWS::DynamoDB::Table" && attribute == "StreamArn":
		return "arn:aws:dynamodb:" + region + ":000000000000:table/" + Name + "/stream/emulated", nil
	case kind == "AWS::DynamoDB::Table" && attribute == "Arn":
		return "arn:aws:dynamodb:" + region + ":000000000000:table/" + Name, nil
	case kind == "AWS::KMS::Key" && attribute == "Arn":
		return KeyARN, nil
	case kind == "AWS::S3::Bucket" && attribute == "Arn":
		return "arn:aws:s3:::" + Name, nil
	case kind == "AWS::S3::Bucket" && attribute == "RegionalDomainName":
		return objectsHost, nil
	case kind == "AWS::Serverless::Function" && attribute == "Arn":
		return functionARN(resource), nil
	}
	return "emulated:" + resource + ":" + attribute, nil
}

// objectsHost is the bucket's name on the network, until the stack knows the address of S3.
const objectsHost = "bucket.s3.emulated"

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

func (t *Template) sub(argument any) (any, error) {
	text, isText := argument.(string)
	own := map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		text, isText = list[0].(string)
		own = object(list[1])
	}
	if !isText {
		return nil, fault.New(fault.Invalid, "!Sub takes a text")
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := strings.TrimSpace(p[2 : len(p)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var v any
		var err error
		if mine, ok := own[name]; ok {
			v, err = t.value(mine)
		} else if resource, attribute, ok := strings.Cut(name, "."); ok {
			v, err = t.attribute(resource, attribute)
		} else {
			v, err = t.ref(name)
		}
		if err != nil && failed == nil {
			failed = err
		}
		return fmt.Sprint(v)
	})
	return out, failed
}

// condition evaluates a condition of the template.
func (t *Template) condition(name string) (bool, error) {
	c, ok := t.conditions[name]
	if !ok {
		return false, fault.New(fault.Invalid, "the template has no condition %q", name)
	}
	return t.holds(c)
}

func (t *Template) holds(c any) (bool, error) {
	m := object(c)
	if name, ok := m["Condition"].(string); ok {
		return t.condition(name)
	}
	for name, argument := range m {
		list, _ := argument.([]any)
		switch {
		case name == "Fn::Equals" && len(list) == 2:
			a, err := t.value(list[0])
			if err != nil {
				return false, err
			}
			b, err := t.value(list[1])
			return fmt.Sprint(a) == fmt.Sprint(b), err
		case name == "Fn::Not" && len(list) == 1:
			yes, err := t.holds(list[0])
			return !yes, err
		case (name == "Fn::And" || name == "Fn::Or") && len(list) > 0:
			for _, inner := range list {
				yes, err := t.holds(inner)
				if err != nil || yes == (name == "Fn::Or") {
					return yes, err
				}
			}
			return name == "Fn::And", nil
		}
	}
	return false, fault.New(fault.Invalid, "the emulation does not know the condition %v", c)
}
