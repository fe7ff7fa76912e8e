package emulated

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// pattern is an event pattern as filters of event sources have it: objects name fields, lists name what a field may be: values,
// {"exists": …}, {"prefix": …} and {"anything-but": …}.
type pattern map[string]any

// parsePattern reads a pattern and refuses what matches does not know.
func parsePattern(text string) (pattern, error) {
	var p pattern
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fault.New(fault.Invalid, "the filter %s is no JSON object", text).Because(err)
	}
	return p, checkPattern(p)
}

func checkPattern(p map[string]any) error {
	for name, want := range p {
		switch want := want.(type) {
		case map[string]any:
			if err := checkPattern(want); err != nil {
				return err
			}
		case []any:
			for _, w := range want {
				rule, ok := w.(map[string]any)
				if !ok {
					continue
				}
				for kind := range rule {
					if kind != "exists" && kind != "prefix" && kind != "anything-but" {
						return fault.New(fault.Invalid, "the filter of %s uses %q, which the emulation does not know", name, kind)
					}
				}
			}
		default:
			return fault.New(fault.Invalid, "the filter of %s is neither a list nor an object", name)
		}
	}
	return nil
}

// matches reports whether an event has every field as the pattern wants it.
func (p pattern) matches(event map[string]any) bool {
	for name, want := range p {
		value, there := event[name]
		switch want := want.(type) {
		case map[string]any:
			inner, _ := value.(map[string]any)
			if !pattern(want).matches(inner) {
				return false
			}
		case []any:
			if !anyOf(want, value, there) {
				return false
			}
		}
	}
	return true
}

func anyOf(want []any, value any, there bool) bool {
	for _, w := range want {
		rule, ok := w.(map[string]any)
		if !ok {
			if there && reflect.DeepEqual(w, value) {
				return true
			}
			continue
		}
		if exists, ok := rule["exists"].(bool); ok && exists == there {
			return true
		}
		text, isText := value.(string)
		if prefix, ok := rule["prefix"].(string); ok && isText && strings.HasPrefix(text, prefix) {
			return true
		}
		if not, ok := rule["anything-but"]; ok && there {
			list, isList := not.([]any)
			if !isList {
				list = []any{not}
			}
			if !anyOf(list, value, there) {
				return true
			}
		}
	}
	return false
}
