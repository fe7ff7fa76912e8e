package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Limits of a prepared upload.
const (
	uploadBytes = 5_000_000_000 // what S3 takes in one request
	uploadFor   = 15 * 60_000   // milliseconds
	uploadTries = 100
)

// UploadTicket says where the bytes of a prepared upload go.
type UploadTicket struct {
	Key     string
	URL     string // "" when they go through PutUpload
	Headers map[string]string
	Expires int64
}

// PrepareUpload makes room for one file of size bytes; req has no Body. The address takes that file and no other, for a quarter of an
// hour. Errors: Invalid for a name that is a path, Forbidden for one that names a workspace's folder, TooLarge.
func (a *App) PrepareUpload(ctx context.Context, req UploadRequest, size int64) (UploadTicket, error) {
	if err := checkUploadName(req.Name); err != nil {
		return UploadTicket{}, err
	}
	if size < 1 {
		return UploadTicket{}, fault.New(fault.Invalid, "a file has at least one byte, not %d", size)
	}
	if size > uploadBytes {
		return UploadTicket{}, fault.New(fault.TooLarge, "the file has %d bytes; an upload has at most %d", size, int64(uploadBytes)).
			WithHint("compress it, split it, or put it into the bucket by a tool that uploads in parts, such as aws s3 cp")
	}
	if _, err := parseMapping(req.Mapping); err != nil {
		return UploadTicket{}, err
	}
	now := a.ports.Clock()
	d := bucketDoc{
		Name: req.Name, Mapping: req.Mapping, Backfill: req.Backfill, Again: req.Again, AsOf: req.AsOf, Expect: size, Until: now + uploadFor,
	}
	key, err := a.reserveKey(ctx, now, d)
	if err != nil {
		return UploadTicket{}, err
	}
	t := UploadTicket{Key: key, Expires: d.Until}
	if a.ports.Tickets != nil {
		if t.URL, t.Headers, err = a.ports.Tickets.Ticket(ctx, key, size, d.Until); err != nil {
			return UploadTicket{}, fault.Wrap(err, "prepare the upload of %s", req.Name)
		}
	}
	return t, nil
}

// checkUploadName refuses names that would lead elsewhere, rather than mend them: whoever sends one is not a browser.
func checkUploadName(name string) error {
	clean := strings.TrimLeft(name, "./")
	if clean == "events" || strings.HasPrefix(clean, "events/") {
		return fault.New(fault.Forbidden, "%q names the folder of a workspace", name).WithHint("give the file's name alone: this workspace is the only one that you write to")
	}
	control := strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	if control || strings.ContainsAny(name, `/\`) || CheckUploadKey(name) != nil || strings.HasSuffix(name, MappingSuffix) {
		return fault.New(fault.Invalid, "%q is not a name for an event file", name).
			WithHint("give the file's name alone, without folders; it may not begin with a dot, nor end in .tmp, .part or %s", MappingSuffix)
	}
	return nil
}

// reserveKey finds a key that no other upload has, and notes how its file is to be read.
func (a *App) reserveKey(ctx context.Context, now int64, d bucketDoc) (string, error) {
	value, err := json.Marshal(d)
	if err != nil {
		return "", fault.New(fault.Internal, "the upload cannot be noted").Because(err)
	}
	for try := range int64(uploadTries) {
		key := fmt.Sprintf("%d-%s", now+try, cleanName(d.Name))
		err := a.ports.Docs.Put(ctx, Doc{Key: docBucket + key, Value: value, At: now})
		if !fault.Is(err, fault.Conflict) {
			return key, err
		}
	}
	return "", fault.New(fault.Unavailable, "too many files called %s come at once", d.Name).WithHint("try again in a moment")
}

// prepared reads what is noted of an upload. NotFound for a key that nobody prepared.
func (a *App) prepared(ctx context.Context, key string) (d bucketDoc, err error) {
	if CheckUploadKey(key) == nil {
		if _, err := a.getDoc(ctx, docBucket+key, &d); err != nil {
			return d, err
		}
	}
	if d.Expect == 0 {
		return d, fault.New(fault.NotFound, "nobody prepared an upload %q", key).WithHint("ask for one: POST /v1/uploads")
	}
	return d, nil
}

// PutUpload takes the bytes of a prepared upload where they come through the API.
// Errors: Forbidden after its time; Invalid or TooLarge for other than the bytes it was prepared for; Conflict when it came already,
// or its content is known.
func (a *App) PutUpload(ctx context.Context, key string, body io.Reader) (File, error) {
	d, err := a.prepared(ctx, key)
	switch {
	case err != nil:
		return File{}, err
	case a.ports.Tickets != nil:
		return File{}, fault.New(fault.Forbidden, "this upload does not go through the API").WithHint("PUT it to the address that POST /v1/uploads answered")
	case d.File != "" || d.Error != "":
		return File{}, fault.New(fault.Conflict, "the upload %s came already", key).WithHint("prepare another one for another file")
	case a.ports.Clock() > d.Until:
		return File{}, fault.New(fault.Forbidden, "the upload %s was prepared too long ago", key).WithHint("prepare it again: POST /v1/uploads")
	}
	up, err := a.ports.Uploads.Put(ctx, key, &exactly{r: body, left: d.Expect})
	if err != nil {
		return File{}, fault.Wrap(err, "keep %s", d.Name)
	}
	f, err := a.adopt(ctx, up)
	if err != nil {
		return File{}, errors.Join(err, a.ports.Uploads.Delete(ctx, key))
	}
	return f, nil
}

// exactly reads the bytes that were announced: fewer or more are errors.
type exactly struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.left -= int64(n); e.left < 0 {
		return 0, fault.New(fault.TooLarge, "more bytes come than the upload was prepared for").WithHint("prepare it with the file's size")
	}
	if errors.Is(err, io.EOF) && e.left > 0 {
		return n, fault.New(fault.Invalid, "the upload ended %d bytes early", e.left).WithHint("send it again")
	}
	return n, err
}

// UploadState is what became of a prepared upload.
type UploadState struct {
	Arrived bool
	File    *File
	Refused string
}

// UploadOf says what became of a prepared upload. NotFound for a key that nobody prepared.
func (a *App) UploadOf(ctx context.Context, key string) (UploadState, error) {
	d, err := a.prepared(ctx, key)
	if err != nil {
		return UploadState{}, err
	}
	s := UploadState{Arrived: d.File != "" || d.Error != "", Refused: d.Error}
	if d.File == "" || d.Error != "" {
		return s, nil
	}
	f, err := a.ports.Ledger.File(ctx, d.File)
	if err != nil {
		return s, fault.Wrap(err, "read the record of %s", key)
	}
	s.File = &f
	return s, nil
}
