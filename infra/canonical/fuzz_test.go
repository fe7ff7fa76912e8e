package canonical

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// FuzzCanon damages one place of a canonical file: reading ends, and fails with a way out or gives rows.
func FuzzCanon(f *testing.F) {
	c := openTest(f, 1)
	keepUsers(f, c, "f1", 30, 3, 20, 1)
	path := filepath.Join(c.files.(Folder).Dir, "bucket=00", "month=2025-01", "f1-00000.parquet")
	content, err := os.ReadFile(path)
	must(f, err)
	f.Add(100, []byte{1}, 0)
	f.Add(len(content)-100, []byte{0xff, 0xff, 0xff}, 0)
	f.Add(0, []byte{}, 7)
	f.Fuzz(func(t *testing.T, at int, with []byte, cut int) {
		damaged := bytes.Clone(content)
		for i, b := range with[:min(len(with), 64)] {
			damaged[(uint(at)+uint(i))%uint(len(damaged))] ^= b
		}
		damaged = damaged[:uint(len(damaged))-uint(cut)%uint(len(damaged))]
		own := openTest(t, 1)
		name := filepath.Join(own.files.(Folder).Dir, "bucket=00", "month=2025-01", "f1-00000.parquet")
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, damaged, 0o644))
		for _, filter := range []app.RowFilter{{Bucket: -1}, {Bucket: -1, Keys: []string{"user-00000007"}}} {
			for _, err := range own.Read(ctx, filter) {
				if err != nil && fault.HintOf(err) == "" {
					t.Fatal(err)
				}
			}
		}
	})
}
