// Package zones holds the zone rules that travel with the program.
package zones

import (
	"sync"
	"time"
	_ "time/tzdata" // the zone rules travel with the program

	"github.com/weir-engine/weir/shared/fault"
)

// Table loads zone rules by name and keeps them. The zero Table is ready; it is safe for concurrent use.
type Table struct{ loaded sync.Map }

// Load returns the rules of a zone of the tz database, such as "Asia/Shanghai"; NotFound when there is none.
func (z *Table) Load(name string) (*time.Location, error) {
	if found, ok := z.loaded.Load(name); ok {
		return found.(*time.Location), nil
	}
	if name == "" || name == "Local" { // time.LoadLocation would give UTC, and the zone of this machine
		return nil, missing(name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, missing(name)
	}
	found, _ := z.loaded.LoadOrStore(name, loc)
	return found.(*time.Location), nil
}

func missing(name string) error {
	return fault.New(fault.NotFound, "there is no time zone %q", name).
		WithHint("use a name of the tz database, such as Asia/Shanghai or Europe/Berlin")
}
