package parity

import (
	"encoding/json"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/fill"
)

// columnUsers is how many users of a block are also evaluated as columns.
const columnUsers = 500

// columns packs users into columns as a what-if reads them, evaluates the strategy over them, and hashes both. Every user must be there
// what the scores say.
func (b *block) columns() error {
	asOf := baseMs + 30*dayMs
	base := whatif.NewBase(b.e.Zone())
	filler := fill.New(b.e, b.cuts, asOf, fill.Options{ShardRows: columnUsers / 2}, func(shard []byte) error {
		b.h.bytes(shard)
		return base.Add(shard)
	})
	users := b.made[:min(columnUsers, len(b.made))]
	for i := range users {
		if err := filler.Add(users[i].key, users[i].facts, nil); err != nil {
			return err
		}
	}
	if err := filler.Close(); err != nil {
		return err
	}
	spec, err := fill.Spec(b.e, b.e, b.cuts)
	if err != nil {
		return err
	}
	preview, err := base.Compare(spec)
	if err != nil {
		return err
	}
	report, err := json.Marshal(preview.Report())
	if err != nil {
		return err
	}
	b.h.bytes(report)
	for i := range users {
		b.e.Score(users[i].key, users[i].facts, nil, b.cuts, asOf, &b.r)
		if row := preview.Row(i); !equalRow(&row, &b.r) {
			return fault.New(fault.Internal, "user %d is another as columns than as scores: stage %s and %s", i, row.Stage, b.r.Stage)
		}
	}
	return nil
}

func equalRow(row *whatif.Row, r *score.Result) bool {
	return row.R == r.R && row.F == r.F && row.M == r.M && row.RFM == r.RFM && row.RFMCN == r.RFMCN && row.Tier == r.Tier &&
		row.Candidate == r.Candidate && row.Stage == r.Stage && slices.Equal(row.Tags, r.Tags) && slices.Equal(row.Segments, r.Segments) &&
		row.Churn == r.ChurnWarning
}
