package eventfile

import (
	"io"

	"github.com/weir-engine/weir/shared/fault"
)

func openParquet(r io.ReaderAt, size int64, o *Options) (*Reader, error) {
	return nil, fault.New(fault.Invalid, "Parquet cannot be read yet")
}
