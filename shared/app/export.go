package app

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
)

// ExportRequest says what to export and how.
type ExportRequest struct {
	Format   string // csv, ndjson or parquet
	AsOf     int64
	Progress func(done, total int64)
}

// Profile is one exported profile. Figures of purchases are null for users without one.
type Profile struct {
	UserID          string    `json:"user_id" parquet:"user_id"`
	FirstSeen       time.Time `json:"first_seen" parquet:"first_seen,timestamp(millisecond)"`
	LastSeen        time.Time `json:"last_seen" parquet:"last_seen,timestamp(millisecond)"`
	Orders          int64     `json:"orders" parquet:"orders"`
	X               *int64    `json:"x" parquet:"x,optional"`
	TX              *float64  `json:"t_x" parquet:"t_x,optional"`
	T               *float64  `json:"T" parquet:"T,optional"`
	MX              *float64  `json:"m_x" parquet:"m_x,optional"`
	SpendMinor      int64     `json:"spend_minor" parquet:"spend_minor"`
	Currency        string    `json:"currency" parquet:"currency,dict"`
	R               *int64    `json:"r" parquet:"r,optional"`
	F               *int64    `json:"f" parquet:"f,optional"`
	M               *int64    `json:"m" parquet:"m,optional"`
	RFMName         string    `json:"rfm_name" parquet:"rfm_name,dict"`
	RFMCN           string    `json:"rfm_cn" parquet:"rfm_cn,dict"`
	Tier            string    `json:"tier" parquet:"tier,dict"`
	Stage           string    `json:"stage" parquet:"stage,dict"`
	StageCandidate  string    `json:"stage_candidate" parquet:"stage_candidate,dict"`
	Tags            []string  `json:"tags" parquet:"tags,list"`
	Segments        []string  `json:"segments" parquet:"segments,list"`
	StrategyVersion string    `json:"strategy_version" parquet:"strategy_version,dict"`
	CutsVersion     string    `json:"cuts_version" parquet:"cuts_version,dict"`
	AsOf            time.Time `json:"as_of" parquet:"as_of,timestamp(millisecond)"`
}

// profileColumns is the header of the CSV, in the order of csvRecord.
var profileColumns = []string{
	"user_id", "first_seen", "last_seen", "orders", "x", "t_x", "T", "m_x", "spend_minor", "currency", "r", "f", "m",
	"rfm_name", "rfm_cn", "tier", "stage", "stage_candidate", "tags", "segments", "strategy_version", "cuts_version", "as_of",
}

// Export writes every profile as of a moment. With a moment other than the base's own the cuts are those of that moment.
func (a *App) Export(ctx context.Context, w io.Writer, req ExportRequest) error {
	put, finish, err := profileWriter(w, req.Format)
	if err != nil {
		return err
	}
	asOf, err := a.AsOf(ctx, req.AsOf)
	if err != nil {
		return err
	}
	live, _, err := a.cutsAt(ctx, asOf)
	if err != nil {
		return err
	}
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	done := int64(0)
	err = a.eachFacts(ctx, live, asOf, func(key string, f *profile.Facts, s *profile.State) error {
		var r score.Result
		live.Engine.Score(key, f, s, live.Cuts, asOf, &r)
		if done++; req.Progress != nil && done%1024 == 0 {
			req.Progress(done, total)
		}
		return put(exported(&r, live, asOf))
	})
	if err != nil {
		return err
	}
	return finish()
}

func exported(r *score.Result, live *Live, asOf int64) *Profile {
	p := &Profile{
		UserID: r.Key, FirstSeen: moment(r.FirstSeen), LastSeen: moment(r.LastSeen), Orders: int64(r.Orders), SpendMinor: r.Spend,
		Currency: live.Engine.Strategy().Currency, RFMName: r.RFM, RFMCN: r.RFMCN, Tier: r.Tier,
		Stage: r.Stage, StageCandidate: r.Candidate, Tags: r.Tags, Segments: r.Segments,
		StrategyVersion: live.Version, AsOf: moment(asOf),
	}
	if live.Cuts != nil {
		p.CutsVersion = live.Cuts.Version
	}
	if r.Orders > 0 {
		x, rr, ff, mm := int64(r.X), int64(r.R), int64(r.F), int64(r.M)
		p.X, p.TX, p.T, p.MX, p.R, p.F, p.M = &x, &r.TX, &r.T, &r.MX, &rr, &ff, &mm
	}
	return p
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// profileWriter returns the writer of a format.
func profileWriter(w io.Writer, format string) (put func(*Profile) error, finish func() error, err error) {
	switch format {
	case "csv":
		c := csv.NewWriter(w)
		if err := c.Write(profileColumns); err != nil {
			return nil, nil, writeFailed(err)
		}
		return func(p *Profile) error { return writeFailed(c.Write(p.csvRecord())) },
			func() error { c.Flush(); return writeFailed(c.Error()) }, nil
	case "ndjson":
		e := json.NewEncoder(w)
		return func(p *Profile) error { return writeFailed(e.Encode(p)) }, func() error { return nil }, nil
	case "parquet":
		pw := parquet.NewGenericWriter[Profile](w, parquet.Compression(&parquet.Zstd))
		return func(p *Profile) error { _, err := pw.Write([]Profile{*p}); return writeFailed(err) },
			func() error { return writeFailed(pw.Close()) }, nil
	}
	return nil, nil, fault.New(fault.Invalid, "%q is no export format", format).WithHint("use csv, ndjson or parquet")
}

func writeFailed(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "the export cannot be written").WithHint("look whether the disk is full").Because(err)
}

func (p *Profile) csvRecord() []string {
	return []string{
		p.UserID, p.FirstSeen.Format(time.RFC3339), p.LastSeen.Format(time.RFC3339), formatInt(p.Orders),
		whole(p.X), decimal(p.TX), decimal(p.T), decimal(p.MX), formatInt(p.SpendMinor), p.Currency,
		whole(p.R), whole(p.F), whole(p.M), p.RFMName, p.RFMCN, p.Tier, p.Stage, p.StageCandidate,
		strings.Join(p.Tags, "|"), strings.Join(p.Segments, "|"), p.StrategyVersion, p.CutsVersion, p.AsOf.Format(time.RFC3339),
	}
}

func whole(n *int64) string {
	if n == nil {
		return ""
	}
	return formatInt(*n)
}

func decimal(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}
