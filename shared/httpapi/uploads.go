package httpapi

import (
	"context"
	"net/url"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// PrepareUpload answers where the bytes of a file go: into the bucket, or to this server.
func (s *Server) PrepareUpload(ctx context.Context, req gen.PrepareUploadRequestObject) (gen.PrepareUploadResponseObject, error) {
	if req.Body == nil {
		return nil, fault.New(fault.Invalid, "the upload is not described").WithHint(`send {"name": NAME, "size": BYTES}`)
	}
	b := req.Body
	if len(b.Name) > maxName || len(value(b.Mapping)) > maxMapping {
		return nil, fault.New(fault.TooLarge, "the name or the mapping is too long").WithHint("a name has at most %d bytes, a mapping %d", maxName, maxMapping)
	}
	t, err := s.app.PrepareUpload(ctx, app.UploadRequest{
		Name: b.Name, Mapping: value(b.Mapping), Backfill: value(b.Backfill), Again: value(b.Again), AsOf: millis(b.AsOf),
	}, b.Size)
	if err != nil {
		return nil, err
	}
	out := gen.PrepareUpload201JSONResponse{Key: t.Key, Url: t.URL, Headers: t.Headers, Expires: moment(t.Expires)}
	if out.Url == "" {
		out.Url = "/v1/uploads/" + url.PathEscape(t.Key)
	}
	if out.Headers == nil {
		out.Headers = map[string]string{"Content-Type": "application/octet-stream"}
	}
	return out, nil
}

// PutUpload takes the bytes of an upload.
func (s *Server) PutUpload(ctx context.Context, req gen.PutUploadRequestObject) (gen.PutUploadResponseObject, error) {
	f, err := s.app.PutUpload(ctx, req.Key, req.Body)
	if err != nil {
		return nil, err
	}
	file := s.file(f)
	return gen.PutUpload202JSONResponse{Key: req.Key, Arrived: true, File: &file}, nil
}

// GetUpload answers what became of an upload.
func (s *Server) GetUpload(ctx context.Context, req gen.GetUploadRequestObject) (gen.GetUploadResponseObject, error) {
	state, err := s.app.UploadOf(ctx, req.Key)
	if err != nil {
		return nil, err
	}
	out := gen.GetUpload200JSONResponse{Key: req.Key, Arrived: state.Arrived, Refused: text(state.Refused)}
	if state.File != nil {
		file := s.file(*state.File)
		out.File = &file
	}
	return out, nil
}
