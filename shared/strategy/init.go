package strategy

import (
	_ "embed"
	"strconv"
	"strings"
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

// Presets are the presets that Init knows.
func Presets() []string { return []string{PresetCommerce, PresetGrowth} }

// Init returns a commented strategy file to begin with: a preset of Presets (commerce when ""), with a zone and a currency
// (UTC and USD when ""); nil for another preset. Whether the zone and the currency exist is not checked.
func Init(preset, zone, currency string) []byte {
	text := ""
	switch preset {
	case PresetCommerce, "":
		text = commerceTemplate
	case PresetGrowth:
		text = growthTemplate
	default:
		return nil
	}
	if zone != "" {
		text = strings.Replace(text, "zone: UTC ", "zone: "+scalar(zone)+" ", 1)
	}
	if currency != "" {
		text = strings.Replace(text, "currency: USD ", "currency: "+scalar(currency)+" ", 1)
	}
	return []byte(text)
}

// scalar writes a text as YAML: bare when nothing in it could mean something else.
func scalar(s string) string {
	for _, r := range s {
		if r != '/' && r != '_' && r != '-' && r != '+' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return strconv.Quote(s)
		}
	}
	return s
}

// Default returns the strategy that Init writes for the preset commerce, in UTC and USD.
func Default() *Strategy {
	s, err := Parse([]byte(commerceTemplate))
	if err != nil {
		panic("strategy: the default strategy does not parse: " + err.Error()) // a test proves that it does
	}
	return s
}
