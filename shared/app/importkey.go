package app

import (
	"context"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// ImportKey imports one file of the bucket, which a notification named. A file that is in already, or whose content is, is done:
// the result is that of then. A mapping that came after the file it belongs to imports that file.
//
// Errors: Invalid or TooLarge when the file as a whole is refused, also when it was refused before; others as Import's.
func (a *App) ImportKey(ctx context.Context, key string) (ImportResult, error) {
	file, isMapping := strings.CutSuffix(key, MappingSuffix)
	ups, err := a.ports.Uploads.List(ctx, file)
	if err != nil {
		return ImportResult{}, fault.Wrap(err, "list the bucket")
	}
	at := slices.IndexFunc(ups, func(u Upload) bool { return u.Key == file })
	if at < 0 && isMapping {
		return ImportResult{}, nil // its file will come
	}
	if at < 0 {
		return ImportResult{}, fault.New(fault.Invalid, "%s is gone from the bucket", file).WithHint("upload it again")
	}
	if isMapping {
		if err := a.mappingFor(ctx, file, key); err != nil {
			return ImportResult{}, err
		}
	}
	f, err := a.adopt(ctx, ups[at])
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

// mappingFor forgets that a file failed without the mapping that lies beside it now.
func (a *App) mappingFor(ctx context.Context, file, mapping string) error {
	var d bucketDoc
	if _, err := a.getDoc(ctx, docBucket+file, &d); err != nil {
		return err
	}
	_, err := a.mappingCame(ctx, file, &d, map[string]bool{mapping: true})
	return err
}
