package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// snapshotState says what a stored snapshot is of, and how old it is.
func (s *Server) snapshotState(ctx context.Context, shot app.StoredSnapshot) (gen.SnapshotState, error) {
	live, err := s.app.Live(ctx)
	if err != nil {
		return gen.SnapshotState{}, err
	}
	age, err := s.app.SnapshotAge(ctx, shot)
	return gen.SnapshotState{
		Generation: shot.Generation, AsOf: moment(shot.AsOf), MadeAt: moment(shot.Started), AgeSeconds: age / 1000, Late: age >= app.SnapshotLate,
		Stale: shot.Tuple != live.Tuple(), Users: shot.Users, Rows: shot.Rows,
	}, err
}

// readFrom tells which snapshot an answer was read from; nil for none.
func (s *Server) readFrom(ctx context.Context, shot *app.StoredSnapshot) (*gen.SnapshotState, error) {
	if shot == nil {
		return nil, nil
	}
	state, err := s.snapshotState(ctx, *shot)
	return &state, err
}

// SnapshotState answers the stored snapshot without what is in it.
func (s *Server) SnapshotState(ctx context.Context) (gen.SnapshotState, error) {
	shot, err := s.app.CurrentSnapshot(ctx)
	if err != nil {
		return gen.SnapshotState{}, err
	}
	return s.snapshotState(ctx, shot)
}

// GetSnapshot answers the manifest of the current snapshot.
func (s *Server) GetSnapshot(ctx context.Context, req gen.GetSnapshotRequestObject) (gen.GetSnapshotResponseObject, error) {
	shot, err := s.app.CurrentSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	state, err := s.snapshotState(ctx, shot)
	if err != nil {
		return nil, err
	}
	// The tag names the state too: the age that an answer tells grows, but what it means changes with these alone.
	tag := `"` + shot.Generation + "-" + strconv.FormatBool(state.Late) + "-" + strconv.FormatBool(state.Stale) + `"`
	if matches(value(req.Params.IfNoneMatch), tag) {
		return notModified{tag}, nil
	}
	m, err := s.app.SnapshotManifest(ctx, shot)
	if err != nil {
		return nil, err
	}
	out := gen.Snapshot{
		Generation: state.Generation, AsOf: state.AsOf, MadeAt: state.MadeAt, AgeSeconds: state.AgeSeconds, Late: state.Late, Stale: state.Stale,
		Layout: m.Layout, Zone: m.Zone, Currency: m.Currency, StrategyVersion: m.Strategy.Version, StrategySettings: settingsOf(m), StrategyText: m.Strategy.Text,
		CutsVersion: text(m.Cuts.Version), CutsBasis: text(m.Cuts.Basis), Users: m.Users, Rows: m.Rows, Bytes: shot.Bytes,
		PseudonymousIds: m.IDs, Plan: m.Plan, Columns: []gen.SnapshotColumn{}, RefusedColumns: m.Refused, Shards: []gen.SnapshotShard{},
	}
	if m.Models != nil {
		out.Models = &gen.SnapshotModels{Version: m.Models.Version, Set: m.Models.Set}
	}
	if m.Sampling != nil {
		out.Sampling = &gen.SnapshotSampling{Rate: m.Sampling.Rate, Weight: m.Sampling.Weight}
	}
	for _, c := range m.Columns {
		out.Columns = append(out.Columns, gen.SnapshotColumn{Ref: c.Ref, Kind: c.Kind, Scale: c.Scale, Values: some(c.Values)})
	}
	for _, f := range m.Shards {
		out.Shards = append(out.Shards, gen.SnapshotShard{Name: app.ShardName(shot.Generation, f.Path), Rows: f.Rows, Bytes: f.Bytes, Sha256: f.SHA256})
	}
	return gen.GetSnapshot200JSONResponse{Body: out, Headers: gen.GetSnapshot200ResponseHeaders{ETag: &tag, CacheControl: text("no-cache")}}, nil
}

// matches reports whether If-None-Match names a tag.
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// notModified answers that who asks has the newest already.
type notModified struct{ tag string }

// VisitGetSnapshotResponse implements gen.GetSnapshotResponseObject.
func (n notModified) VisitGetSnapshotResponse(w http.ResponseWriter) error {
	w.Header().Set("ETag", n.tag)
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusNotModified)
	return nil
}

// GetSnapshotShard answers a shard, compressed as the caller takes it.
func (s *Server) GetSnapshotShard(ctx context.Context, req gen.GetSnapshotShardRequestObject) (gen.GetSnapshotShardResponseObject, error) {
	packed, err := s.app.SnapshotShard(ctx, req.Name)
	if err != nil {
		return nil, err
	}
	takes := value(req.Params.AcceptEncoding)
	if accepts(takes, "br") {
		return shard{packed, "br"}, nil
	}
	plain, err := app.Unpack(packed)
	if err != nil || !accepts(takes, "gzip") {
		return shard{plain, ""}, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err == nil {
		_, err = z.Write(plain)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fault.Wrap(err, "compress the shard")
	}
	return shard{b.Bytes(), "gzip"}, nil
}

// accepts reports whether Accept-Encoding allows an encoding by its name.
func accepts(header, encoding string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q, weighed := strings.CutPrefix(strings.TrimSpace(quality), "q=")
			v, err := strconv.ParseFloat(q, 64)
			return !weighed || err == nil && v > 0
		}
	}
	return false
}

// shard is the answer of a shard. It may be kept by whoever asked, for its name means nothing else ever.
type shard struct {
	content  []byte
	encoding string
}

// VisitGetSnapshotShardResponse implements gen.GetSnapshotShardResponseObject.
func (a shard) VisitGetSnapshotShardResponse(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(a.content)))
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if a.encoding != "" {
		h.Set("Content-Encoding", a.encoding)
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(a.content)
	return err
}

// TakeSnapshot begins to make a snapshot.
func (s *Server) TakeSnapshot(ctx context.Context, _ gen.TakeSnapshotRequestObject) (gen.TakeSnapshotResponseObject, error) {
	job, err := s.begin(ctx, gen.JobSnapshot, struct{}{})
	if err != nil {
		return nil, err
	}
	return gen.TakeSnapshot202JSONResponse(job), nil
}

// TryStrategy begins a what-if over the stored snapshot.
func (s *Server) TryStrategy(ctx context.Context, req gen.TryStrategyRequestObject) (gen.TryStrategyResponseObject, error) {
	if req.Body == nil {
		return nil, noText()
	}
	if err := strategySize(req.Body.Text); err != nil {
		return nil, err
	}
	if _, err := s.app.CurrentSnapshot(ctx); err != nil {
		return nil, err
	}
	if _, err := s.app.ValidateStrategy(ctx, []byte(req.Body.Text)); err != nil {
		return nil, err
	}
	one, err := s.begin(ctx, gen.JobWhatIf, app.WhatIfJob{Text: req.Body.Text})
	return gen.TryStrategy202JSONResponse(one), err
}

// GetSnapshotTable answers the Parquet copy of the snapshot, or where it is.
func (s *Server) GetSnapshotTable(ctx context.Context, _ gen.GetSnapshotTableRequestObject) (gen.GetSnapshotTableResponseObject, error) {
	name, content, url, err := s.app.SnapshotTable(ctx)
	if err != nil {
		return nil, err
	}
	if url != "" {
		return gen.GetSnapshotTable303Response{Headers: gen.GetSnapshotTable303ResponseHeaders{Location: &url}}, nil
	}
	return gen.GetSnapshotTable200ApplicationvndApacheParquetResponse{
		Body: bytes.NewReader(content), ContentLength: int64(len(content)),
		Headers: gen.GetSnapshotTable200ResponseHeaders{ContentDisposition: text(`attachment; filename="` + name + `"`)},
	}, nil
}

// settingsOf are the settings of the strategy of a snapshot; null where one was made before they stood in it.
func settingsOf(m *snapshot.Manifest) json.RawMessage {
	if len(m.Strategy.Settings) == 0 {
		return json.RawMessage("null")
	}
	return m.Strategy.Settings
}
