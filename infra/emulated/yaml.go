package emulated

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/weir-engine/weir/shared/fault"
)

// readYAML reads a CloudFormation template into maps, lists and scalars; its short forms (!Ref, !Sub and their like) become the long
// ones, {"Ref": …} and {"Fn::Sub": …}.
func readYAML(text []byte) (any, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fault.New(fault.Invalid, "the template is no YAML").Because(err)
	}
	if len(document.Content) != 1 {
		return nil, fault.New(fault.Invalid, "the template is empty")
	}
	return yamlValue(document.Content[0])
}

func yamlValue(n *yaml.Node) (v any, err error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if m[n.Content[i].Value], err = yamlValue(n.Content[i+1]); err != nil {
				return nil, err
			}
		}
		v = m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, inner := range n.Content {
			if list[i], err = yamlValue(inner); err != nil {
				return nil, err
			}
		}
		v = list
	case yaml.AliasNode:
		return yamlValue(n.Alias)
	case yaml.ScalarNode:
		if v = n.Value; strings.HasPrefix(n.Tag, "!!") {
			if err := n.Decode(&v); err != nil {
				return nil, fault.New(fault.Invalid, "line %d of the template cannot be read", n.Line).Because(err)
			}
		}
	default:
		return nil, fault.New(fault.Invalid, "line %d of the template cannot be read", n.Line)
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return long(n.Tag[1:], v), nil
	}
	return v, nil
}

// long returns the long form of a tagged value.
func long(name string, v any) any {
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: v}
	case "GetAtt":
		if text, ok := v.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			v = []any{resource, attribute}
		}
	}
	return map[string]any{"Fn::" + name: v}
}
