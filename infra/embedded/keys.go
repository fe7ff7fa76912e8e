package embedded

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/keyring"
	"github.com/weir-engine/weir/shared/fault"
)

// keys is the file that holds the keys of a base. It is made when it is first needed: a base without contact data has none.
type keys struct {
	path    string
	options Options
	mu      sync.Mutex
	ring    *keyring.Ring
}

// get returns the keys; a base without any gets new ones.
func (k *keys) get() (*keyring.Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ring != nil {
		return k.ring, nil
	}
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		if k.options.ReadOnly {
			return nil, fault.New(fault.NotFound, "the base has no keys yet").WithHint("events with an e-mail address or a phone number make them")
		}
		ring, err := keyring.New(time.Now().UnixMilli())
		if err != nil {
			return nil, err
		}
		return ring, k.store(ring)
	}
	if err != nil {
		return nil, disk.Fault(err, "read the keys %s", k.path)
	}
	ring, err := keyring.Parse(text)
	if err == nil && !k.options.ReadOnly {
		k.ring = ring
	}
	return ring, err
}

// set replaces the keys.
func (k *keys) set(ring *keyring.Ring) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.store(ring)
}

func (k *keys) store(ring *keyring.Ring) error {
	if k.options.ReadOnly {
		return errReadOnly()
	}
	text, err := ring.Text()
	if err != nil {
		return err
	}
	if err := disk.WriteSecret(k.path, text, k.options.NoSync); err != nil {
		return disk.Fault(err, "write the keys %s", k.path)
	}
	k.ring = ring
	return nil
}
