package embedded

import (
	"sync"
	"time"
	_ "time/tzdata" // the zone rules travel with the program

	"github.com/weir-engine/weir/shared/fault"
)

// zones loads zone rules by name and keeps them.
type zones struct{ loaded sync.Map }

// load returns the rules of a zone of the tz database, such as "Asia/Shanghai"; NotFound when there is none.
func (z *zones) load(name string) (*time.Location, error) {
	if found, ok := z.loaded.Load(name); ok {
		return found.(*time.Location), nil
	}
	if name == "" || name == "Local" { // time.LoadLocation would give UTC, and the zone of this machine
		return nil, zoneMissing(name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, zoneMissing(name)
	}
	found, _ := z.loaded.LoadOrStore(name, loc)
	return found.(*time.Location), nil
}

func zoneMissing(name string) error {
	return fault.New(fault.NotFound, "there is no time zone %q", name).
		WithHint("use a name of the tz database, such as Asia/Shanghai or Europe/Berlin")
}
