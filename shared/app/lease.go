package app

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// One import, sweep, publication, rebuild or revocation writes to a base at a time. On one machine a mutex and the lock of the
// data folder say so. Where several processes share a base (Options.Holder), a lease does: a document that names who holds it and
// until when, renewed while the work runs. A holder that died loses it when it ends. Should a holder be stopped for longer than its
// lease, the conditions of every write still keep the base whole; the lease is what keeps two writers from doing the same work.
const (
	docLease         = "lease/writing"
	docSnapshotLease = "lease/snapshot"
	leaseFor         = 20_000 // milliseconds
	leaseRenew       = 4 * time.Second
	leaseMisses      = 3 // renewals that fail one after another before the holder ends its work: within leaseFor
	leaseRetry       = 250 * time.Millisecond
	leaseLonger      = 2 * time.Second
)

type lease struct {
	Holder string `json:"holder"`
	Until  int64  `json:"until"`
}

// exclusive waits until nobody else writes to the base. The work runs under the returned context, which ends when the lease is
// lost; release ends the work.
func (a *App) exclusive(ctx context.Context) (held context.Context, release func(), err error) {
	return a.alone(ctx, docLease, &a.writing)
}

// alone waits until nobody else does the work of a lease. Within the process a mutex says so.
func (a *App) alone(ctx context.Context, key string, within *sync.Mutex) (held context.Context, release func(), err error) {
	within.Lock()
	if a.holder == "" {
		return ctx, within.Unlock, nil
	}
	if err := fault.Do(func() error { return a.takeLease(ctx, key) }); err != nil {
		within.Unlock()
		return ctx, nil, err
	}
	held, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.keepLease(held, key, cancel)
	}()
	return held, func() {
		cancel(nil)
		<-ended
		a.dropLease(context.WithoutCancel(ctx), key)
		within.Unlock()
	}, nil
}

// takeLease waits for the lease, at most until the context ends.
func (a *App) takeLease(ctx context.Context, key string) error {
	for pause := leaseRetry; ; pause = min(2*pause, leaseLonger) {
		free, err := a.extendLease(ctx, key, false)
		if err != nil || free {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fault.New(fault.Unavailable, "another import, sweep or publication is running").
				WithHint("repeat it in a moment").Because(ctx.Err())
		case <-timer.C:
		}
	}
}

// extendLease takes the lease, or renews one that is held; false when somebody else holds it.
func (a *App) extendLease(ctx context.Context, key string, renew bool) (bool, error) {
	var l lease
	d, err := a.getDoc(ctx, key, &l)
	if err != nil {
		return false, err
	}
	now := a.ports.Clock()
	if l.Holder != a.holder && (renew || now < l.Until) {
		return false, nil
	}
	value, err := json.Marshal(lease{Holder: a.holder, Until: now + leaseFor})
	if err != nil {
		return false, fault.New(fault.Internal, "the lease cannot be written").Because(err)
	}
	err = a.ports.Docs.Put(ctx, Doc{Key: key, Version: d.Version, Value: value, At: now})
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

// keepLease renews the lease until the work ends, and ends the work when the lease is lost.
func (a *App) keepLease(ctx context.Context, key string, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(leaseRenew)
	defer ticker.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		kept, err := a.renewLease(ctx, key)
		if missed++; kept {
			missed = 0
		}
		if err == nil && !kept || missed >= leaseMisses {
			cancel(fault.New(fault.Unavailable, "another process took over the writing").WithHint("repeat it: it goes on where it was").Because(err))
			return
		}
	}
}

// renewLease renews the lease in the goroutine that keeps it, where nobody else recovers.
func (a *App) renewLease(ctx context.Context, key string) (kept bool, err error) {
	defer fault.Catch(&err)
	return a.extendLease(ctx, key, true)
}

// dropLease gives the lease free. Where that fails it ends by itself.
func (a *App) dropLease(ctx context.Context, key string) {
	var l lease
	d, err := a.getDoc(ctx, key, &l)
	if err != nil || l.Holder != a.holder {
		return
	}
	value, err := json.Marshal(lease{Holder: a.holder})
	if err == nil {
		_ = a.ports.Docs.Put(ctx, Doc{Key: key, Version: d.Version, Value: value, At: a.ports.Clock()})
	}
}
