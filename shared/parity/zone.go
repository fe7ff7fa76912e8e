package parity

import (
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// central is a time zone with summer time by the rules of the European Union, written out: a table that the machine brings
// could differ from another's.
func central() (*zone.Zone, error) {
	const name, rules = "CET\x00", "\nCET-1CEST,M3.5.0,M10.5.0/3\n"
	header := func(zones, letters byte) string {
		counts := make([]byte, 24)
		counts[19], counts[23] = zones, letters
		return "TZif2" + string(make([]byte, 15)) + string(counts)
	}
	file := header(0, 0) + header(1, byte(len(name))) + "\x00\x00\x0e\x10\x00\x00" + name + rules
	loc, err := time.LoadLocationFromTZData("Europe/Berlin", []byte(file))
	if err != nil {
		return nil, fault.Wrap(err, "read the rules of a zone with summer time")
	}
	return zone.FromLocation(loc), nil
}

func shanghai() *zone.Zone { return zone.FromLocation(time.FixedZone("Asia/Shanghai", 8*3600)) }

// usersIn knows the zones that users may live in.
func usersIn(berlin *zone.Zone) func(name string) *zone.Zone {
	known := map[string]*zone.Zone{"Europe/Berlin": berlin, "Asia/Shanghai": shanghai()}
	return func(name string) *zone.Zone { return known[name] }
}
