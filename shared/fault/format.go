package fault

import (
	"reflect"
	"strconv"
	"strings"
)

// sprintf formats as fmt.Sprintf does, for what messages need: %s, %q, %d, %v, %g and %f (with a precision) and %% of texts, whole
// numbers, floats, truth values, errors, what has a String method, and lists of them. It spares programs for the browser most of
// package fmt. Anything else is shown as %!verb.
func sprintf(format string, args []any) string {
	var b strings.Builder
	next := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		precision := -1
		if i < len(format) && format[i] == '.' {
			for precision, i = 0, i+1; i < len(format) && format[i] >= '0' && format[i] <= '9'; i++ {
				precision = min(precision*10+int(format[i]-'0'), 99)
			}
		}
		switch {
		case i >= len(format):
			b.WriteString("%!(NOVERB)")
		case format[i] == '%':
			b.WriteByte('%')
		case next >= len(args):
			b.WriteString("%!" + string(format[i]) + "(MISSING)")
		default:
			b.WriteString(shown(format[i], precision, args[next]))
			next++
		}
	}
	return b.String()
}

// shown is one value under one verb.
func shown(verb byte, precision int, v any) string {
	if p := reflect.ValueOf(v); v == nil || p.Kind() == reflect.Pointer && p.IsNil() {
		return "<nil>"
	}
	if _, named := v.(interface{ String() string }); named && verb != 'd' {
		return quoted(verb, precision, v)
	}
	if number, ok := whole(v); ok {
		switch verb {
		case 'd', 'v':
			return number
		}
	}
	if x, ok := v.(float64); ok {
		return float(verb, precision, x)
	}
	return quoted(verb, precision, v)
}

// quoted is a text, a list, or what has one.
func quoted(verb byte, precision int, v any) string {
	text, ok := textOf(v)
	if list := reflect.ValueOf(v); !ok && list.IsValid() && list.Kind() == reflect.Slice {
		parts := make([]string, list.Len())
		for i := range parts {
			parts[i] = shown(verb, precision, list.Index(i).Interface())
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	switch {
	case ok && (verb == 's' || verb == 'v'):
		if precision >= 0 && verb == 's' {
			return firstRunes(text, precision)
		}
		return text
	case ok && verb == 'q':
		return strconv.Quote(text)
	}
	return "%!" + string(verb)
}

func float(verb byte, precision int, x float64) string {
	switch verb {
	case 'v', 'g', 'e':
		if verb == 'v' {
			verb = 'g'
		}
		return strconv.FormatFloat(x, verb, precision, 64)
	case 'f':
		if precision < 0 {
			precision = 6
		}
		return strconv.FormatFloat(x, 'f', precision, 64)
	}
	return "%!" + string(verb)
}

// whole is a whole number as digits.
func whole(v any) (string, bool) {
	switch n := v.(type) {
	case int:
		return strconv.Itoa(n), true
	case int64:
		return strconv.FormatInt(n, 10), true
	}
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return "", false
	case r.CanInt():
		return strconv.FormatInt(r.Int(), 10), true
	case r.CanUint():
		return strconv.FormatUint(r.Uint(), 10), true
	}
	return "", false
}

// textOf is a value as text.
func textOf(v any) (string, bool) {
	switch t := v.(type) {
	case string:
		return t, true
	case error:
		return t.Error(), true
	case interface{ String() string }:
		return t.String(), true
	case bool:
		return strconv.FormatBool(t), true
	case []byte:
		return string(t), true
	}
	if r := reflect.ValueOf(v); r.IsValid() && r.Kind() == reflect.String {
		return r.String(), true
	}
	return "", false
}

// firstRunes are the first n characters of a text.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
