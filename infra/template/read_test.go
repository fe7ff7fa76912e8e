// Package template checks template.yaml: that it hangs together, that it deploys what is there, and that nobody may do more than is done.
package template

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const root = "../.."

type (
	object = map[string]any
	list   = []any
)

// stack is template.yaml; made holds the resources of one partition and choice of parameters.
type stack struct {
	all        object
	parameters map[string]string
	partition  string
}

func read(t *testing.T, partition string, parameters map[string]string) *stack {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	s := &stack{all: plain(t, n.Content[0]).(object), parameters: map[string]string{}, partition: partition}
	for name, p := range s.section("Parameters") {
		s.parameters[name] = fmt.Sprint(p.(object)["Default"])
	}
	for name, v := range parameters {
		if _, ok := s.parameters[name]; !ok {
			t.Fatalf("there is no parameter %s", name)
		}
		s.parameters[name] = v
	}
	return s
}

// plain turns YAML into maps and lists; !Sub x becomes {"Fn::Sub": x}.
func plain(t *testing.T, n *yaml.Node) any {
	var v any
	switch n.Kind {
	case yaml.MappingNode:
		m := object{}
		for i := 0; i < len(n.Content); i += 2 {
			if _, twice := m[n.Content[i].Value]; twice {
				t.Errorf("line %d: %s stands there twice", n.Content[i].Line, n.Content[i].Value)
			}
			m[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		v = m
	case yaml.SequenceNode:
		l := list{}
		for _, c := range n.Content {
			l = append(l, plain(t, c))
		}
		v = l
	case yaml.AliasNode:
		t.Errorf("line %d: CloudFormation knows no aliases", n.Line)
	default:
		v = n.Value
	}
	tag := strings.TrimPrefix(n.Tag, "!")
	if tag == n.Tag || strings.HasPrefix(tag, "!") {
		return v
	}
	if tag == "Ref" || tag == "Condition" {
		return object{tag: v}
	}
	return object{"Fn::" + tag: v}
}

func (s *stack) section(name string) object {
	m, _ := s.all[name].(object)
	return m
}

func (s *stack) resource(name string) object { return dig(s.section("Resources")[name]).(object) }

// dig follows a path into maps; nil when it ends.
func dig(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(object)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func names(m object) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// holds evaluates a condition.
func (s *stack) holds(t *testing.T, name string) bool {
	c, ok := s.section("Conditions")[name]
	if !ok {
		t.Errorf("there is no condition %s", name)
		return false
	}
	return s.condition(t, c)
}

func (s *stack) condition(t *testing.T, c any) bool {
	m := c.(object)
	for op, arg := range m {
		switch op {
		case "Condition":
			return s.holds(t, arg.(string))
		case "Fn::Equals":
			pair := arg.(list)
			return s.text(pair[0]) == s.text(pair[1])
		case "Fn::Not":
			return !s.condition(t, arg.(list)[0])
		case "Fn::And", "Fn::Or":
			for _, one := range arg.(list) {
				if s.condition(t, one) == (op == "Fn::Or") {
					return op == "Fn::Or"
				}
			}
			return op == "Fn::And"
		}
	}
	t.Errorf("the condition %v is none", c)
	return false
}

func (s *stack) text(v any) string {
	switch ref, _ := dig(v, "Ref").(string); ref {
	case "":
		return fmt.Sprint(v)
	case "AWS::Partition":
		return s.partition
	default:
		return s.parameters[ref]
	}
}

// render leaves out what conditions leave out.
func (s *stack) render(t *testing.T, v any) any {
	switch v := v.(type) {
	case object:
		if branch, ok := v["Fn::If"].(list); ok && len(branch) == 3 {
			if s.holds(t, branch[0].(string)) {
				return s.render(t, branch[1])
			}
			return s.render(t, branch[2])
		}
		out := object{}
		for name, one := range v {
			out[name] = s.render(t, one)
		}
		return out
	case list:
		out := list{}
		for _, one := range v {
			out = append(out, s.render(t, one))
		}
		return out
	}
	return v
}

// written is a rendered value as text: parameters are filled in, what only a deployment knows stays as it is written.
func (s *stack) written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case list:
		var all []string
		for _, one := range v {
			all = append(all, s.written(one))
		}
		return strings.Join(all, " ")
	case object:
		part := func(op string, i int) any { return v[op].(list)[i] }
		switch {
		case v["Ref"] != nil:
			name := v["Ref"].(string)
			if given, ok := s.parameters[name]; ok {
				return given
			}
			return name
		case v["Fn::Sub"] != nil:
			return placeholder.ReplaceAllStringFunc(v["Fn::Sub"].(string), func(p string) string {
				if given, ok := s.parameters[p[2:len(p)-1]]; ok {
					return given
				}
				return p
			})
		case v["Fn::Join"] != nil:
			var all []string
			for _, one := range part("Fn::Join", 1).(list) {
				all = append(all, s.written(one))
			}
			return strings.Join(all, fmt.Sprint(part("Fn::Join", 0)))
		case v["Fn::Select"] != nil:
			parts := dig(part("Fn::Select", 1), "Fn::Split").(list)
			n, _ := strconv.Atoi(fmt.Sprint(part("Fn::Select", 0)))
			return strings.Split(s.written(parts[1]), fmt.Sprint(parts[0]))[n]
		}
	}
	return fmt.Sprint(v)
}

// made returns the resources and outputs that a deployment has.
func (s *stack) made(t *testing.T, section string) object {
	out := object{}
	for name, r := range s.section(section) {
		if c, ok := r.(object)["Condition"].(string); ok && !s.holds(t, c) {
			continue
		}
		out[name] = s.render(t, r)
	}
	return out
}

var placeholder = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// references calls found for every name that v refers to.
func references(v any, found func(name string)) {
	switch v := v.(type) {
	case object:
		for key, one := range v {
			switch key {
			case "Ref":
				found(fmt.Sprint(one))
				continue
			case "Fn::GetAtt":
				if text, ok := one.(string); ok {
					found(strings.Split(text, ".")[0])
				} else {
					found(fmt.Sprint(one.(list)[0]))
				}
				continue
			case "Fn::Sub":
				if text, ok := one.(string); ok {
					for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
						found(strings.Split(m[1], ".")[0])
					}
					continue
				}
			case "DependsOn":
				if text, ok := one.(string); ok {
					found(text)
				}
			}
			references(one, found)
		}
	case list:
		for _, one := range v {
			references(one, found)
		}
	}
}

func isPseudo(name string) bool {
	return slices.Contains([]string{"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}, name)
}
