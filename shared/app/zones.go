package app

import (
	"sync"
	"sync/atomic"

	"github.com/weir-engine/weir/shared/zone"
)

// userZones keeps the rules of the zones that users name in their traits.
type userZones struct {
	loaded  sync.Map // name: *zone.Zone, nil for a name that the zone table lacks
	unknown atomic.Int64
}

// maxUnknownZones bounds what is remembered of names that are no zone; traits can hold anything.
const maxUnknownZones = 1000

// userZone returns the rules of a zone, nil for a name that the zone table lacks.
func (a *App) userZone(name string) *zone.Zone {
	if z, ok := a.userZones.loaded.Load(name); ok {
		return z.(*zone.Zone)
	}
	z, err := a.zone(name)
	if err != nil {
		if a.userZones.unknown.Add(1) <= maxUnknownZones {
			a.userZones.loaded.Store(name, (*zone.Zone)(nil))
		}
		return nil
	}
	a.userZones.loaded.Store(name, z)
	return z
}
