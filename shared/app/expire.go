package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
)

// Expired is what Expire removed.
type Expired struct {
	Uploads int64 `json:"uploads"`
	Rejects int64 `json:"rejects"`
}

// Expire removes event files that were imported, and quarantined lines, from before Periods.Uploads days: both hold events as they
// arrived, with what is personal in them. Hosts whose bucket and table do it by themselves need not call it.
func (a *App) Expire(ctx context.Context) (Expired, error) {
	var done Expired
	days := a.ports.Periods.Uploads
	if days == 0 {
		return done, nil
	}
	now, err := a.now(ctx)
	if err != nil {
		return done, err
	}
	before := now - int64(days)*dayMillis
	uploads, err := a.ports.Uploads.List(ctx, "")
	if err != nil {
		return done, fault.Wrap(err, "list the event files")
	}
	there := make(map[string]bool, len(uploads))
	for _, u := range uploads {
		there[u.Key] = true
	}
	for after := ""; len(there) > 0; {
		page, err := a.ports.Ledger.Files(ctx, after, 1000)
		if err != nil {
			return done, fault.Wrap(err, "read the ledger")
		}
		if len(page) == 0 {
			break
		}
		for _, f := range page {
			if after = f.ID; !there[f.Key] || f.Finished == 0 || f.Finished >= before {
				continue
			}
			if err := a.ports.Uploads.Delete(ctx, f.Key); err != nil {
				return done, fault.Wrap(err, "remove the event file %s", f.Key)
			}
			delete(there, f.Key)
			done.Uploads++
		}
	}
	if done.Rejects, err = a.ports.Rejects.Expire(ctx, before); err != nil {
		return done, fault.Wrap(err, "remove quarantined lines")
	}
	return done, nil
}
