package eventfile

import "github.com/weir-engine/weir/shared/fault"

// Mapping says how the columns of a table become events.
type Mapping struct{}

// ParseMapping reads a mapping file (YAML). Errors say line and column.
func ParseMapping(text []byte) (*Mapping, error) {
	return nil, fault.New(fault.Invalid, "no mapping")
}
