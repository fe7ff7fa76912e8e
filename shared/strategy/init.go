package strategy

import (
	_ "embed"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

//go:embed templates/commerce.yaml
var commerceTemplate string

//go:embed templates/growth.yaml
var growthTemplate string

//go:embed schema.json
var schemaJSON []byte

// JSONSchema returns the JSON Schema (2020-12) of the strategy file, for editors. It knows keys, types and ranges; what
// refers to something else is checked by Parse alone.
func JSONSchema() []byte { return append([]byte(nil), schemaJSON...) }

// Init returns a commented strategy file to begin with: preset commerce or growth, with a zone and a currency. The error is
// Invalid for another preset, or for a zone or currency that Parse would refuse.
func Init(preset, zone, currency string) ([]byte, error) {
	text := ""
	switch preset {
	case PresetCommerce, "":
		text = commerceTemplate
	case PresetGrowth:
		text = growthTemplate
	default:
		return nil, fault.New(fault.Invalid, "there is no preset %q", preset).WithHint("use commerce or growth")
	}
	for _, part := range []string{zone, currency} {
		if strings.ContainsAny(part, " \t\r\n:#\"'{}[]") {
			return nil, fault.New(fault.Invalid, "%q is no zone or currency", part).WithHint("as in Asia/Shanghai and CNY")
		}
	}
	if zone != "" {
		text = strings.Replace(text, "zone: UTC ", "zone: "+zone+" ", 1)
	}
	if currency != "" {
		text = strings.Replace(text, "currency: USD ", "currency: "+currency+" ", 1)
	}
	if _, err := Parse([]byte(text)); err != nil {
		return nil, fault.Wrap(err, "making a strategy for zone %q and currency %q", zone, currency)
	}
	return []byte(text), nil
}

// Default returns the strategy that Init writes for the preset commerce, in UTC and USD.
func Default() *Strategy {
	s, err := Parse([]byte(commerceTemplate))
	if err != nil {
		panic("strategy: the default strategy does not parse: " + err.Error()) // a test proves that it does
	}
	return s
}
