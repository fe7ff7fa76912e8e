package porttest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

var snapshotTests = []test{
	{"a file reads back, and is replaced as a whole", func(t *testing.T, p app.Ports) {
		for _, content := range []string{"first", "", "\x00\xffa longer one"} {
			must(t, p.Shots.Put(ctx, "20260101T000000Z-1", "users-0001.weir.br", strings.NewReader(content)))
			same(t, "the content", string(get[[]byte](t)(p.Shots.Get(ctx, "20260101T000000Z-1", "users-0001.weir.br"))), content)
		}
	}},
	{"a large file", func(t *testing.T, p app.Ports) {
		large := bytes.Repeat([]byte("0123456789abcdef"), 18<<20/16+1)
		for range 2 {
			must(t, p.Shots.Put(ctx, "g", "users.parquet", bytes.NewReader(large)))
			same(t, "the content", get[[]byte](t)(p.Shots.Get(ctx, "g", "users.parquet")), large)
		}
	}},
	{"a source that breaks leaves what was there", func(t *testing.T, p app.Ports) {
		must(t, p.Shots.Put(ctx, "g", "f", strings.NewReader("whole")))
		broken := io.MultiReader(bytes.NewReader(make([]byte, 9<<20)), failing{})
		if err := p.Shots.Put(ctx, "g", "f", broken); err == nil {
			t.Fatal("a broken source was stored")
		}
		same(t, "the content", string(get[[]byte](t)(p.Shots.Get(ctx, "g", "f"))), "whole")
	}},
	{"generations and their removal", func(t *testing.T, p app.Ports) {
		same(t, "the generations of nothing", get[[]string](t)(p.Shots.Generations(ctx)), []string(nil))
		for _, generation := range []string{"b", "a", "ab"} {
			for _, name := range []string{"x", "y.br"} {
				must(t, p.Shots.Put(ctx, generation, name, strings.NewReader(generation+name)))
			}
		}
		same(t, "the generations", get[[]string](t)(p.Shots.Generations(ctx)), []string{"a", "ab", "b"})
		must(t, p.Shots.Remove(ctx, "a"))
		must(t, p.Shots.Remove(ctx, "a"))
		must(t, p.Shots.Remove(ctx, "never"))
		same(t, "the generations", get[[]string](t)(p.Shots.Generations(ctx)), []string{"ab", "b"})
		_, err := p.Shots.Get(ctx, "a", "x")
		wantCode(t, err, fault.NotFound)
		same(t, "the content", string(get[[]byte](t)(p.Shots.Get(ctx, "ab", "x"))), "abx")
	}},
	{"what is not there, and names that are none", func(t *testing.T, p app.Ports) {
		_, err := p.Shots.Get(ctx, "g", "f")
		wantCode(t, err, fault.NotFound)
		for _, name := range []string{"", ".", "..", ".hidden", "a/b", `a\b`, "a b", "é", "x.", strings.Repeat("x", 201)} {
			wantCode(t, p.Shots.Put(ctx, name, "f", strings.NewReader("x")), fault.Invalid)
			wantCode(t, p.Shots.Put(ctx, "g", name, strings.NewReader("x")), fault.Invalid)
			_, err := p.Shots.Get(ctx, "g", name)
			wantCode(t, err, fault.Invalid)
			wantCode(t, p.Shots.Remove(ctx, name), fault.Invalid)
		}
		same(t, "the generations", get[[]string](t)(p.Shots.Generations(ctx)), []string(nil))
	}},
}

// failing is a source that breaks.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the source broke") }
