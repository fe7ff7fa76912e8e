package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/fault"
)

// MappingSuffix ends the key of a mapping: a file of another format than NDJSON or Parquet brings its mapping beside it, under
// its own key and this suffix.
const MappingSuffix = ".mapping.yaml"

// docBucket remembers, for each key of the bucket, which file it became.
const docBucket = "bucket/"

type bucketDoc struct {
	arrival
	Earlier []arrival `json:"earlier,omitempty"` // versions that came under the key before, the newest first
	Found   bool      `json:"found,omitempty"`   // somebody put the file there: how it is to be read was found beside it

	// How an uploaded file is to be read, written before the file itself, so that whoever finds the file reads it that way.
	Name     string `json:"name,omitempty"`
	Mapping  string `json:"mapping,omitempty"`
	Backfill bool   `json:"backfill,omitempty"`
	Again    bool   `json:"again,omitempty"`
	AsOf     int64  `json:"as_of,omitempty"`
	Redrive  string `json:"redrive,omitempty"`

	// Of an upload that was prepared: its length, and until when it may come.
	Expect int64 `json:"expect,omitempty"`
	Until  int64 `json:"until,omitempty"`
}

// arrival is one content that came under a key, and what it became.
type arrival struct {
	File     string `json:"file,omitempty"`
	Size     int64  `json:"size,omitempty"`
	Modified int64  `json:"modified,omitempty"`
	Object   string `json:"object,omitempty"`
	ETag     string `json:"etag,omitempty"`
	Error    string `json:"error,omitempty"` // why it was not taken in
}

// earlierArrivals is how many versions a document remembers besides the newest. A notification of one that is forgotten costs a look
// at its content, which the ledger knows.
const earlierArrivals = 32

func (a *arrival) is(up Upload) bool {
	switch {
	case a.File == "" && a.Error == "":
		return false
	case a.Object != "" && up.Object != "":
		return a.Object == up.Object
	case a.ETag != "" && up.ETag != "" && a.ETag != up.ETag:
		return false
	}
	return a.Size == up.Size && a.Modified == up.Modified
}

// seen returns what became of a file as it is now; nil when it is new.
func (d *bucketDoc) seen(up Upload) *arrival {
	if d.is(up) {
		return &d.arrival
	}
	for i := range d.Earlier {
		if d.Earlier[i].is(up) {
			return &d.Earlier[i]
		}
	}
	return nil
}

// put notes what a file became. What was found beside an earlier content is looked for again.
func (d *bucketDoc) put(up Upload, file, why string) {
	if d.File != "" || d.Error != "" {
		d.Earlier = append([]arrival{d.arrival}, d.Earlier[:min(len(d.Earlier), earlierArrivals-1)]...)
	}
	d.arrival = arrival{File: file, Size: up.Size, Modified: up.Modified, Object: up.Object, ETag: up.ETag, Error: why}
}

// UploadRequest is a file that arrives through the API or the console.
type UploadRequest struct {
	Name     string
	Body     io.Reader
	Mapping  string
	Backfill bool
	Again    bool
	AsOf     int64
	Redrive  string
}

// Upload keeps a file in the bucket and records it as waiting; IngestPending reads it.
// Errors: Conflict when its content is known and Again is not set.
func (a *App) Upload(ctx context.Context, req UploadRequest) (File, error) {
	if _, err := parseMapping(req.Mapping); err != nil {
		return File{}, err
	}
	key := fmt.Sprintf("%d-%s", a.ports.Clock(), cleanName(req.Name))
	err := a.putDoc(ctx, docBucket+key, bucketDoc{
		Name: req.Name, Mapping: req.Mapping, Backfill: req.Backfill, Again: req.Again, AsOf: req.AsOf, Redrive: req.Redrive,
	})
	if err != nil {
		return File{}, err
	}
	up, err := a.ports.Uploads.Put(ctx, key, req.Body)
	if err != nil {
		return File{}, fault.Wrap(err, "keep %s", req.Name)
	}
	f, err := a.adopt(ctx, up)
	if err != nil {
		return File{}, errors.Join(err, a.ports.Uploads.Delete(ctx, key))
	}
	return f, nil
}

// cleanName makes the last part of a key from what a browser calls a file.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	clean = strings.TrimLeft(clean, ".")
	if clean == "" {
		clean = "upload"
	}
	if len(clean) > 120 {
		clean = strings.ToValidUTF8(clean[:100], "") + path.Ext(clean[max(0, len(clean)-20):])
	}
	return clean
}

// adopt records a file of the bucket as waiting. Whoever comes second gets the record of the first.
func (a *App) adopt(ctx context.Context, up Upload) (File, error) {
	a.adopting.Lock()
	defer a.adopting.Unlock()
	var d bucketDoc
	if _, err := a.getDoc(ctx, docBucket+up.Key, &d); err != nil {
		return File{}, err
	}
	if was := d.seen(up); was != nil && was.File != "" {
		return a.ports.Ledger.File(ctx, was.File)
	} else if was != nil {
		return File{}, fault.New(fault.Conflict, "%s", was.Error)
	}
	f, err := a.record(ctx, up, &d)
	switch {
	case err == nil:
		d.put(up, f.ID, "")
	case refused(err) || fault.Is(err, fault.Conflict):
		d.put(up, "", err.Error())
	default:
		return File{}, err
	}
	return f, errors.Join(err, a.putDoc(ctx, docBucket+up.Key, d))
}

// record enters a file of the bucket into the ledger.
func (a *App) record(ctx context.Context, up Upload, d *bucketDoc) (File, error) {
	r, err := a.ports.Uploads.Open(ctx, up.Key, up.Object)
	if err != nil {
		return File{}, fault.Wrap(err, "open %s", up.Key)
	}
	defer r.Close()
	hash, err := eventfile.HashContent(r, r.Size())
	if err != nil {
		return File{}, fault.Wrap(err, "read %s", up.Key)
	}
	if d.Name == "" || d.Found {
		d.Found, d.Name = true, path.Base(up.Key)
		if d.Mapping, err = a.mappingBeside(ctx, up.Key); err != nil {
			return File{}, err
		}
	}
	f, err := a.begin(ctx, ImportRequest{
		Name: d.Name, Key: up.Key, Object: up.Object, ETag: up.ETag, Size: r.Size(), Mapping: d.Mapping, Backfill: d.Backfill, Again: d.Again,
		AsOf: d.AsOf, Redrive: d.Redrive,
	}, hash, FileWaiting)
	if err == nil && f.Key != up.Key {
		return File{}, fault.New(fault.Conflict, "the content of %s is known: it came as %s and is being imported", d.Name, f.Name).
			WithHint("nothing was done; look at the progress of %s", f.Name)
	}
	return f, err
}

// IngestPending imports every file of the bucket that was not imported yet, the earliest first. A file that is refused, or that
// meets a defect of Weir, does not stop the others. It returns the results of what it imported.
func (a *App) IngestPending(ctx context.Context, progress func(Progress)) ([]ImportResult, error) {
	if err := a.adoptNew(ctx); err != nil {
		return nil, err
	}
	waiting, err := a.unfinished(ctx)
	if err != nil {
		return nil, err
	}
	var results []ImportResult
	var broken []error
	for _, f := range waiting {
		var res ImportResult
		err := fault.Do(func() (err error) {
			res, err = a.importKey(ctx, f, progress)
			return err
		})
		switch {
		case fault.IsPanic(err):
			broken = append(broken, fault.Wrap(err, "import %s", f.Name))
		case err != nil && !refused(err):
			return results, err
		default:
			results = append(results, res)
		}
	}
	return results, errors.Join(broken...)
}

// adoptNew records the files that someone put into the bucket's folder.
func (a *App) adoptNew(ctx context.Context) error {
	ups, err := a.ports.Uploads.List(ctx, "")
	if err != nil {
		return fault.Wrap(err, "list the bucket")
	}
	docs, err := a.ports.Docs.List(ctx, docBucket)
	if err != nil {
		return fault.Wrap(err, "list the files of the bucket")
	}
	known := map[string]bucketDoc{}
	for _, d := range docs {
		var b bucketDoc
		if err := json.Unmarshal(d.Value, &b); err != nil {
			return fault.New(fault.Internal, "document %s cannot be read", d.Key).Because(err)
		}
		known[strings.TrimPrefix(d.Key, docBucket)] = b
	}
	beside := map[string]bool{}
	for _, up := range ups {
		beside[up.Key] = strings.HasSuffix(up.Key, MappingSuffix)
	}
	for _, up := range ups {
		d := known[up.Key]
		if beside[up.Key] {
			continue
		}
		if d.seen(up) != nil {
			again, err := a.mappingCame(ctx, up.Key, &d, beside)
			if err != nil {
				return err
			}
			if !again {
				continue
			}
		}
		if _, err := a.adopt(ctx, up); err != nil && !refused(err) && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// mappingCame reports whether a file that failed without a mapping has one beside it now, and forgets the failure.
func (a *App) mappingCame(ctx context.Context, key string, d *bucketDoc, beside map[string]bool) (bool, error) {
	if d.File == "" || d.Mapping != "" || !beside[key+MappingSuffix] {
		return false, nil
	}
	f, err := a.ports.Ledger.File(ctx, d.File)
	if err != nil {
		return false, fault.Wrap(err, "read the record of %s", key)
	}
	if f.Status != FileFailed || f.Mapping != "" {
		return false, nil
	}
	return true, a.putDoc(ctx, docBucket+key, bucketDoc{})
}

// mappingBeside returns the text of the mapping that lies beside a file, "" when there is none.
func (a *App) mappingBeside(ctx context.Context, key string) (string, error) {
	r, err := a.ports.Uploads.Open(ctx, key+MappingSuffix, "")
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(err, "open the mapping of %s", key)
	}
	defer r.Close()
	text, err := io.ReadAll(io.NewSectionReader(r, 0, min(r.Size(), 1<<20)))
	if err != nil {
		return "", fault.Wrap(err, "read the mapping of %s", key)
	}
	return string(text), nil
}

// unfinished returns the bucket's files that wait or were interrupted, the earliest first.
func (a *App) unfinished(ctx context.Context) ([]File, error) {
	var out []File
	for after := ""; ; {
		page, err := a.ports.Ledger.Files(ctx, after, 1000)
		if err != nil {
			return nil, fault.Wrap(err, "read the ledger")
		}
		if len(page) == 0 {
			slices.Reverse(out)
			return out, nil
		}
		for _, f := range page {
			if f.Key != "" && (f.Status == FileWaiting || f.Status == FileRunning) {
				out = append(out, f)
			}
		}
		after = page[len(page)-1].ID
	}
}

func (a *App) importKey(ctx context.Context, f File, progress func(Progress)) (ImportResult, error) {
	r, err := a.ports.Uploads.Open(ctx, f.Key, f.Object)
	if err != nil {
		switch {
		case fault.Is(err, fault.NotFound) && f.Chunks > 0: // some of it may be applied: it is not refused
			return ImportResult{File: f}, fault.New(fault.Invalid, "%s went from the bucket while it was imported", f.Key).
				WithHint("put the same content there again: the import goes on where it was")
		case fault.Is(err, fault.NotFound):
			return a.fail(ctx, f, fault.New(fault.Invalid, "%s is gone from the bucket", f.Key).WithHint("upload it again"))
		}
		return ImportResult{}, fault.Wrap(err, "open %s", f.Key)
	}
	defer r.Close()
	return a.importFile(ctx, f, ImportRequest{Name: f.Name, Key: f.Key, Source: r, Size: r.Size(), Progress: progress})
}

// Files returns a page of the ledger, newest first.
func (a *App) Files(ctx context.Context, after string, limit int) (files []File, next string, err error) {
	files, err = a.ports.Ledger.Files(ctx, after, limit)
	if err != nil {
		return nil, "", fault.Wrap(err, "read the ledger")
	}
	if len(files) == limit {
		next = files[len(files)-1].ID
	}
	return files, next, nil
}

// File returns one record of the ledger.
func (a *App) File(ctx context.Context, id string) (File, error) {
	f, err := a.ports.Ledger.File(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return f, fault.New(fault.NotFound, "no file has the id %s", id).WithHint("list the files with: weir files list")
	}
	return f, err
}
