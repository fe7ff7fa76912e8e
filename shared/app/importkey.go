package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// ImportKey imports a version of a file of the bucket, which a notification named; object "" is the newest. Each version is a file of
// its own: one that was replaced before it was imported is imported all the same. A file that is in already, or whose content is,
// is done: the result is that of then. One that was removed before it was imported is recorded as refused, and done. A mapping that
// came after the file it belongs to imports that file.
//
// Errors: Invalid or TooLarge when the file as a whole is refused, also when it was refused before; others as Import's.
func (a *App) ImportKey(ctx context.Context, key, object string) (ImportResult, error) {
	file, isMapping := strings.CutSuffix(key, MappingSuffix)
	if isMapping { // the version is that of the mapping
		object = ""
	}
	up, err := a.ports.Uploads.Stat(ctx, file, "")
	if err == nil && object != "" && up.Object != object {
		up, err = a.ports.Uploads.Stat(ctx, file, object)
	}
	switch {
	case fault.Is(err, fault.NotFound) && isMapping:
		return ImportResult{}, nil // its file will come
	case fault.Is(err, fault.NotFound):
		return a.removed(ctx, file, object)
	case err != nil:
		return ImportResult{}, fault.Wrap(err, "look for %s in the bucket", file)
	}
	if isMapping {
		if err := a.mappingFor(ctx, file, key); err != nil {
			return ImportResult{}, err
		}
	}
	f, err := a.adopt(ctx, up)
	if fault.Is(err, fault.Conflict) {
		return ImportResult{File: f}, nil
	}
	if err != nil {
		return ImportResult{}, err
	}
	switch f.Status {
	case FileDone:
		return ImportResult{File: f, Counts: f.Counts}, nil
	case FileFailed:
		return ImportResult{File: f}, fault.New(fault.Invalid, "%s was refused: %s", f.Name, f.Error).WithHint("upload it again when it is mended")
	}
	return a.importKey(ctx, f, nil)
}

// removed records a file that somebody took out of the bucket before it was imported, so that the ledger shows it. One that was
// imported before is done.
func (a *App) removed(ctx context.Context, key, object string) (ImportResult, error) {
	a.adopting.Lock()
	defer a.adopting.Unlock()
	var d bucketDoc
	if _, err := a.getDoc(ctx, docBucket+key, &d); err != nil {
		return ImportResult{}, err
	}
	was := d.seen(Upload{Key: key, Object: object})
	if object == "" && (d.File != "" || d.Error != "") {
		was = &d.arrival
	}
	if was != nil && was.File == "" {
		return ImportResult{}, nil
	}
	if was != nil {
		f, err := a.ports.Ledger.File(ctx, was.File)
		if err != nil || f.Status == FileDone || f.Status == FileFailed {
			return ImportResult{File: f, Counts: f.Counts}, err
		}
		return a.importKey(ctx, f, nil) // its version may still be there
	}
	sum := sha256.Sum256([]byte(key + "\x00" + object))
	now := a.ports.Clock()
	f, _, err := a.ports.Ledger.Begin(ctx, File{
		ID: hex.EncodeToString(sum[:16]), Name: path.Base(key), Key: key, Object: object, Arrived: now, Finished: now, Status: FileFailed,
		Error: "it was removed from the bucket before it was imported (upload it again to import it)",
	})
	if err != nil {
		return ImportResult{}, fault.Wrap(err, "record the file %s", key)
	}
	d.put(Upload{Key: key, Object: object}, f.ID, "")
	return ImportResult{File: f}, a.putDoc(ctx, docBucket+key, d)
}

// mappingFor forgets that a file failed without the mapping that lies beside it now.
func (a *App) mappingFor(ctx context.Context, file, mapping string) error {
	var d bucketDoc
	if _, err := a.getDoc(ctx, docBucket+file, &d); err != nil {
		return err
	}
	_, err := a.mappingCame(ctx, file, &d, map[string]bool{mapping: true})
	return err
}
