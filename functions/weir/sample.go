package main

import (
	"bytes"
	"context"
	_ "embed"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// The purchases of the CDNOW sample; sample/SOURCE.md says where they come from.
var (
	//go:embed sample/cdnow_sample.txt.gz
	samplePurchases []byte
	//go:embed sample/cdnow.mapping.yaml
	sampleMapping string
)

// sampleName is what the sample's file is called in the list of files.
const sampleName = "cdnow_sample.txt.gz"

// sampleMoment is the end of the calibration period of the sample: what came later is there to compare forecasts with.
var sampleMoment = time.Date(1997, time.September, 30, 0, 0, 0, 0, time.UTC)

// loadSample imports the sample into an empty base, as history, and holds the clock at its moment. An import that was
// interrupted goes on.
func (c *cli) loadSample(ctx context.Context, b *base) error {
	files, _, err := b.app.Files(ctx, "", 1)
	if err != nil {
		return err
	}
	interrupted := len(files) == 1 && files[0].Name == sampleName && files[0].Status != app.FileDone
	if len(files) > 0 && !interrupted {
		return nil
	}
	bars := newProgress(c.err)
	defer bars.close()
	_, err = b.app.Import(ctx, app.ImportRequest{
		Name: sampleName, Source: bytes.NewReader(samplePurchases), Size: int64(len(samplePurchases)), Mapping: sampleMapping,
		Backfill: true, AsOf: sampleMoment.UnixMilli(), Progress: bars.show,
	})
	if err != nil {
		return fault.Wrap(err, "load the sample")
	}
	bars.finish()
	return b.app.PinClock(ctx, sampleMoment.UnixMilli())
}
