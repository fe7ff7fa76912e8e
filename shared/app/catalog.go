package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/catalog"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/plan"
	"github.com/weir-engine/weir/shared/profile"
)

// docCatalog holds the event catalogue.
const docCatalog = "events/catalog"

// catalogDoc is the stored form of the catalogue.
type catalogDoc struct {
	// Open are the files that are counted, but of which the ledger need not say yet that they are done: one that died in between is
	// not counted twice.
	Open    []string `json:"open,omitempty"`
	Partial bool     `json:"partial,omitempty"`
	Packed  []byte   `json:"packed"` // catalog.Encode
}

// Catalog is what is known of the events of the base.
type Catalog struct {
	*catalog.Catalog
	Partial bool  // files came before there was a catalogue: weir events rebuild counts their events too
	At      int64 // when it changed last; 0: nothing was counted yet
	// Plan is the tracking plan in force, and Planned what it says; nil when there is none.
	Plan    *PlanVersion
	Planned *plan.Plan
}

// Catalog returns what is known of the base's events, beside the tracking plan in force.
func (a *App) Catalog(ctx context.Context) (*Catalog, error) {
	doc, known, stored, err := a.readCatalog(ctx)
	if err != nil {
		return nil, err
	}
	c := &Catalog{Catalog: known, Partial: doc.Partial, At: stored.At}
	v, err := a.Plan(ctx)
	switch {
	case fault.Is(err, fault.NotFound):
		return c, nil
	case err != nil:
		return nil, err
	}
	c.Plan = &v
	c.Planned, err = a.planOf(ctx, v.Sequence)
	return c, err
}

func (a *App) readCatalog(ctx context.Context) (doc catalogDoc, known *catalog.Catalog, stored Doc, err error) {
	known = &catalog.Catalog{}
	if stored, err = a.getDoc(ctx, docCatalog, &doc); err != nil || stored.Version == 0 {
		return doc, known, stored, err
	}
	known, err = catalog.Decode(doc.Packed)
	return doc, known, stored, err
}

// writeCatalog replaces the catalogue if it is still of the version that was read, else Conflict.
func (a *App) writeCatalog(ctx context.Context, doc catalogDoc, known *catalog.Catalog, version int64) error {
	var err error
	if doc.Packed, err = known.Encode(); err != nil {
		return err
	}
	value, err := json.Marshal(doc)
	if err != nil {
		return fault.New(fault.Internal, "the event catalogue cannot be written").Because(err)
	}
	return a.ports.Docs.Put(ctx, Doc{Key: docCatalog, Version: version, Value: value, At: a.ports.Clock()})
}

// newCounter returns what counts a file's events; nil for a deliberate repetition of content that was counted before. Lines that are
// driven again were not: they were refused.
func newCounter(f *File) *catalog.Counter {
	if strings.Contains(f.ID, "~") && f.Redrive == "" {
		return nil
	}
	return catalog.NewCounter()
}

// count adds the file to the catalogue, in one write of one document. A try that died behind it finds the file counted.
func (in *ingest) count(ctx context.Context) error {
	if in.counter == nil {
		return nil
	}
	counted := in.counter.Catalog()
	if len(counted.Events) == 0 && counted.Beyond == 0 {
		return nil
	}
	for {
		doc, known, stored, err := in.app.readCatalog(ctx)
		if err != nil {
			return err
		}
		if slices.Contains(doc.Open, in.file.ID) {
			return nil
		}
		if stored.Version == 0 {
			if doc.Partial, err = in.app.anyDone(ctx); err != nil {
				return err
			}
		}
		if doc.Open, err = in.stillOpen(ctx, doc.Open); err != nil {
			return err
		}
		doc.Open = append(doc.Open, in.file.ID)
		err = in.app.writeCatalog(ctx, doc, catalog.Merge(known, counted), stored.Version)
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
}

// stillOpen leaves out the files that are done: those are never counted again.
func (in *ingest) stillOpen(ctx context.Context, files []string) ([]string, error) {
	var open []string
	for _, id := range files {
		done, err := in.finished(ctx, id)
		if err != nil {
			return nil, err
		}
		if !done {
			open = append(open, id)
		}
	}
	return open, nil
}

// anyDone reports whether a file was imported before.
func (a *App) anyDone(ctx context.Context) (bool, error) {
	for after := ""; ; {
		page, err := a.ports.Ledger.Files(ctx, after, 100)
		if err != nil {
			return false, fault.Wrap(err, "read the ledger")
		}
		if len(page) == 0 {
			return false, nil
		}
		if slices.ContainsFunc(page, func(f File) bool { return f.Status == FileDone }) {
			return true, nil
		}
		after = page[len(page)-1].ID
	}
}

// RebuildCatalog counts the kept events again, each once, and replaces the catalogue. What is known of violations stays.
// Conflict while the import of a file is half done.
func (a *App) RebuildCatalog(ctx context.Context, progress func(done, total int64)) (*Catalog, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := a.allFolded(ctx, ""); err != nil {
		return nil, err
	}
	_, before, stored, err := a.readCatalog(ctx)
	if fault.Is(err, fault.Internal) { // a damaged catalogue is what this is for
		before, err = &catalog.Catalog{}, nil
	}
	if err != nil {
		return nil, err
	}
	counted := &catalog.Catalog{}
	buckets := a.ports.Canon.Buckets()
	for bucket := range buckets {
		one, err := a.countBucket(ctx, bucket)
		if err != nil {
			return nil, err
		}
		counted = catalog.Merge(counted, one)
		if progress != nil {
			progress(int64(bucket+1), int64(buckets))
		}
	}
	counted = catalog.Merge(counted, broken(before))
	if err := a.writeCatalog(ctx, catalogDoc{}, counted, stored.Version); err != nil {
		return nil, fault.Wrap(err, "write the event catalogue")
	}
	return a.Catalog(ctx)
}

// countBucket counts the distinct events of one bucket.
func (a *App) countBucket(ctx context.Context, bucket int) (*catalog.Catalog, error) {
	c := catalog.NewCounter()
	var ev event.Event
	seen, key := map[event.ID]struct{}{}, ""
	for row, err := range a.kept(ctx, RowFilter{Bucket: bucket}) {
		if err != nil {
			return nil, err
		}
		if row.Key != key {
			key = strings.Clone(row.Key)
			clear(seen)
		}
		if _, again := seen[row.ID]; again {
			continue
		}
		seen[row.ID] = struct{}{}
		rowEvent(&row, &ev)
		c.Add(profile.EventName(&ev), &ev, row.Hash)
	}
	return c.Catalog(), nil
}

// broken is what a catalogue says of violations.
func broken(c *catalog.Catalog) *catalog.Catalog {
	out := &catalog.Catalog{Violations: c.Violations}
	for _, e := range c.Events {
		if e.Flagged+e.Quarantined > 0 {
			out.Events = append(out.Events, catalog.Event{Name: e.Name, Flagged: e.Flagged, Quarantined: e.Quarantined})
		}
	}
	return out
}
