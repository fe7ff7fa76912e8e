package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"slices"
	"strconv"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/cost"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// Limits of an upload's fields, in bytes.
const (
	maxMapping = 64 << 10
	maxName    = 255
)

// ListFiles answers a page of the ledger.
func (s *Server) ListFiles(ctx context.Context, req gen.ListFilesRequestObject) (gen.ListFilesResponseObject, error) {
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	var after string
	if err := openCursor(req.Params.After, &after); err != nil {
		return nil, err
	}
	files, next, err := s.app.Files(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	page := gen.ListFiles200JSONResponse{Files: []gen.File{}}
	for _, f := range files {
		page.Files = append(page.Files, s.file(f))
	}
	if next != "" {
		page.Next = cursor(next)
	}
	return page, nil
}

// GetFile answers one file with its mapping, its waiting rejects and its progress.
func (s *Server) GetFile(ctx context.Context, req gen.GetFileRequestObject) (gen.GetFileResponseObject, error) {
	f, err := s.app.File(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	counts, err := s.app.RejectCounts(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	out := s.file(f)
	out.Mapping = text(f.Mapping)
	out.Reasons = some(reasonCounts(counts))
	return gen.GetFile200JSONResponse(out), nil
}

func (s *Server) file(f app.File) gen.File {
	out := gen.File{
		Id: f.ID, Name: f.Name, Size: f.Size, Status: gen.FileStatus(f.Status), Arrived: moment(f.Arrived),
		Finished: instant(f.Finished), AsOf: instant(f.AsOf), Backfill: f.Backfill, Error: text(f.Error), RedriveOf: text(f.Redrive),
		Counts: countsOf(f.Counts), Consumed: consumed(f.Units),
	}
	for _, p := range s.app.Running() {
		if p.File == f.ID && f.Finished == 0 {
			out.Progress = progressOf(p)
			out.Counts = countsOf(p.Counts)
		}
	}
	return out
}

// consumed is nil where nothing is paid by use.
func consumed(u app.Units) *gen.Consumed {
	if u == (app.Units{}) {
		return nil
	}
	return &gen.Consumed{Reads: u.Reads, Writes: u.Writes, Usd: cost.OfUnits(u.Reads, u.Writes), Region: cost.Region, Date: cost.Date}
}

func countsOf(c app.Counts) gen.Counts {
	out := gen.Counts{Events: c.Events, Accepted: c.Accepted, Rejected: c.Rejected, Duplicates: c.Duplicates, Users: c.Users}
	if c.Forgotten > 0 {
		out.Forgotten = &c.Forgotten
	}
	return out
}

func progressOf(p app.Progress) *gen.Progress {
	return &gen.Progress{File: text(p.File), Name: text(p.Name), Phase: gen.ProgressPhase(p.Phase), Done: p.Done, Total: p.Total, Events: &p.Counts.Events}
}

func reasonCounts(counts map[string]int64) []gen.ReasonCount {
	out := []gen.ReasonCount{}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, gen.ReasonCount{Reason: reason, Count: counts[reason]})
	}
	return out
}

// UploadFile keeps a file that comes as the body or as a form.
func (s *Server) UploadFile(ctx context.Context, req gen.UploadFileRequestObject) (gen.UploadFileResponseObject, error) {
	up := app.UploadRequest{
		Name: value(req.Params.Name), Mapping: value(req.Params.Mapping), Backfill: value(req.Params.Backfill),
		Again: value(req.Params.Again), AsOf: millis(req.Params.AsOf), Body: req.Body,
	}
	if req.MultipartBody != nil {
		if err := readForm(req.MultipartBody, &up); err != nil {
			return nil, err
		}
	}
	if len(up.Name) > maxName || len(up.Mapping) > maxMapping {
		return nil, fault.New(fault.TooLarge, "the name or the mapping is too long").WithHint("a name has at most %d bytes, a mapping %d", maxName, maxMapping)
	}
	if up.Name == "" {
		up.Name = "upload"
	}
	f, err := s.app.Upload(ctx, up)
	if err != nil {
		return nil, err
	}
	return gen.UploadFile202JSONResponse(s.file(f)), nil
}

// readForm reads the fields of a form up to its file, which stays to be read.
func readForm(form *multipart.Reader, up *app.UploadRequest) error {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return fault.New(fault.Invalid, "the form holds no file").WithHint("add a part named file, as the last one")
		}
		if err != nil {
			return requestError(err)
		}
		if part.FormName() == "file" {
			if up.Name == "" {
				up.Name = part.FileName()
			}
			up.Body = part
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(part, maxMapping+1))
		if err != nil {
			return requestError(err)
		}
		if err := setField(up, part.FormName(), string(b)); err != nil {
			return err
		}
	}
}

func setField(up *app.UploadRequest, name, given string) error {
	var err error
	switch name {
	case "name":
		up.Name = given
	case "mapping":
		up.Mapping = given
	case "backfill":
		up.Backfill, err = strconv.ParseBool(given)
	case "again":
		up.Again, err = strconv.ParseBool(given)
	case "as_of":
		var t time.Time
		t, err = time.Parse(time.RFC3339, given)
		up.AsOf = t.UnixMilli()
	default:
		return fault.New(fault.Invalid, "the form has a part %q", name).WithHint("the parts are name, mapping, backfill, again, as_of and, last, file")
	}
	if err != nil {
		return fault.New(fault.Invalid, "the part %s of the form cannot be read", name).
			WithHint("backfill and again are true or false, as_of is RFC 3339").Because(err)
	}
	return nil
}

// RedriveFile drives the waiting rejects of a file through ingest again.
func (s *Server) RedriveFile(ctx context.Context, req gen.RedriveFileRequestObject) (gen.RedriveFileResponseObject, error) {
	mapping := ""
	if req.Body != nil {
		mapping = value(req.Body.Mapping)
	}
	f, err := s.app.StartRedrive(ctx, req.Id, mapping)
	if err != nil {
		return nil, err
	}
	return gen.RedriveFile202JSONResponse(s.file(f)), nil
}

// rejectPlace is where a page of rejects ended.
type rejectPlace struct {
	File string
	Line int64
}

// ListRejects answers a page of the rejects of all files.
func (s *Server) ListRejects(ctx context.Context, req gen.ListRejectsRequestObject) (gen.ListRejectsResponseObject, error) {
	page, err := s.rejectPage(ctx, "", req.Params.After, req.Params.Limit)
	return gen.ListRejects200JSONResponse(page), err
}

// ListFileRejects answers a page of a file's rejects, or all of them for download.
func (s *Server) ListFileRejects(ctx context.Context, req gen.ListFileRejectsRequestObject) (gen.ListFileRejectsResponseObject, error) {
	f, err := s.app.File(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	if value(req.Params.Format) == gen.ListFileRejectsParamsFormatNdjson {
		body := stream(func(w io.Writer) error { return s.writeRejects(ctx, f.ID, w) })
		return rejectDownload{gen.ListFileRejects200ApplicationxNdjsonResponse{Body: body}, f.ID}, nil
	}
	page, err := s.rejectPage(ctx, f.ID, req.Params.After, req.Params.Limit)
	return gen.ListFileRejects200JSONResponse(page), err
}

type rejectDownload struct {
	gen.ListFileRejects200ApplicationxNdjsonResponse
	file string
}

func (d rejectDownload) filename() string { return "rejects-" + d.file + ".ndjson" }

func (s *Server) writeRejects(ctx context.Context, file string, w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for place := (rejectPlace{}); ; {
		rs, err := s.app.Rejects(ctx, app.RejectQuery{File: file, AfterFile: place.File, AfterLine: place.Line, Limit: maxLimit})
		if err != nil {
			return err
		}
		for _, r := range rs {
			if err := e.Encode(rejectOf(r)); err != nil {
				return err
			}
			place = rejectPlace{r.File, r.Line}
		}
		if len(rs) < maxLimit {
			return nil
		}
	}
}

func (s *Server) rejectPage(ctx context.Context, file string, after *string, asked *int) (gen.RejectPage, error) {
	page := gen.RejectPage{Rejects: []gen.Reject{}}
	limit, err := pageLimit(asked)
	if err != nil {
		return page, err
	}
	var place rejectPlace
	if err := openCursor(after, &place); err != nil {
		return page, err
	}
	rs, err := s.app.Rejects(ctx, app.RejectQuery{File: file, AfterFile: place.File, AfterLine: place.Line, Limit: limit})
	if err != nil {
		return page, err
	}
	for _, r := range rs {
		page.Rejects = append(page.Rejects, rejectOf(r))
	}
	if len(rs) == limit {
		page.Next = cursor(rejectPlace{rs[limit-1].File, rs[limit-1].Line})
	}
	counts, err := s.app.RejectCounts(ctx, file)
	page.Reasons = reasonCounts(counts)
	return page, err
}

func rejectOf(r app.Reject) gen.Reject {
	return gen.Reject{
		File: r.File, Line: r.Line, Reason: r.Reason, Message: r.Message, Text: r.Text, Header: text(r.Header),
		At: moment(r.At), RedrivenBy: text(r.Redrive),
	}
}

// stream runs write in its own goroutine and returns what it writes. An error of write becomes that of the reader; closing
// the reader ends write.
func stream(write func(io.Writer) error) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(fault.Do(func() error { return write(w) })) }()
	return r
}
