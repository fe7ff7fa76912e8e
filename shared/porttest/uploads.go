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

var uploadTests = []test{
	{"list is sorted and cut by prefix", func(t *testing.T, p app.Ports) {
		for _, key := range []string{"b.ndjson", "in/2.csv", "in/1.csv", "a.ndjson", "inner.csv"} {
			u, err := p.Uploads.Put(ctx, key, strings.NewReader(key))
			must(t, err)
			same(t, "the upload", []any{u.Key, u.Size, u.Modified > 0}, []any{key, int64(len(key)), true})
		}
		for prefix, want := range map[string][]string{
			"":         {"a.ndjson", "b.ndjson", "in/1.csv", "in/2.csv", "inner.csv"},
			"in/":      {"in/1.csv", "in/2.csv"},
			"in":       {"in/1.csv", "in/2.csv", "inner.csv"},
			"in/1.csv": {"in/1.csv"},
			"zzz":      nil,
		} {
			same(t, "the list of "+prefix, uploadKeys(t, p, prefix), want)
		}
	}},
	{"open reads from any place", func(t *testing.T, p app.Ports) {
		putUpload(t, p, "f.txt", "0123456789")
		r := get[app.UploadReader](t)(p.Uploads.Open(ctx, "f.txt", ""))
		same(t, "size", r.Size(), int64(10))
		b := make([]byte, 4)
		for _, at := range []int64{6, 0, 3} {
			n, err := r.ReadAt(b, at)
			if err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			same(t, "what is read", string(b[:n]), "0123456789"[at:at+4])
		}
		if n, err := r.ReadAt(b, 8); n != 2 || !errors.Is(err, io.EOF) {
			t.Fatalf("reading over the end gave %d, %v", n, err)
		}
		must(t, r.Close())
	}},
	{"stat says what list and put say", func(t *testing.T, p app.Ports) {
		put := get[app.Upload](t)(p.Uploads.Put(ctx, "in/f.txt", strings.NewReader("0123456789")))
		up := get[app.Upload](t)(p.Uploads.Stat(ctx, "in/f.txt", ""))
		same(t, "the file", up, put)
		list := get[[]app.Upload](t)(p.Uploads.List(ctx, "in/"))
		list[0].Object = up.Object // which lists do not say
		same(t, "the list", list, []app.Upload{up})
		if up.Object != "" {
			same(t, "its version", get[app.Upload](t)(p.Uploads.Stat(ctx, "in/f.txt", up.Object)), up)
			r := get[app.UploadReader](t)(p.Uploads.Open(ctx, "in/f.txt", up.Object))
			same(t, "size", r.Size(), int64(10))
			must(t, r.Close())
		}
		for key, object := range map[string]string{"in/no.txt": "", "in": "", "in/f.txt": "01J9ZZZZZZZZZZZZZZZZZZZZZZ", "../f": ""} {
			_, err := p.Uploads.Stat(ctx, key, object)
			wantCode(t, err, fault.NotFound)
			_, err = p.Uploads.Open(ctx, key, object)
			wantCode(t, err, fault.NotFound)
		}
	}},
	{"open of nothing is not found", func(t *testing.T, p app.Ports) {
		_, err := p.Uploads.Open(ctx, "no.txt", "")
		wantCode(t, err, fault.NotFound)
		putUpload(t, p, "f.txt", "x")
		_, err = p.Uploads.Open(ctx, "f.txt/below", "")
		wantCode(t, err, fault.NotFound)
	}},
	{"put repeated with the same content", func(t *testing.T, p app.Ports) {
		big := strings.Repeat("weir", 100_000)
		putUpload(t, p, "f.txt", big)
		putUpload(t, p, "f.txt", big)
		same(t, "content", readUpload(t, p, "f.txt"), big)
		same(t, "the list", uploadKeys(t, p, ""), []string{"f.txt"})
	}},
	{"put of other content is a conflict", func(t *testing.T, p app.Ports) {
		putUpload(t, p, "f.txt", "old")
		for _, other := range []string{"new", "ol", "olds", ""} {
			_, err := p.Uploads.Put(ctx, "f.txt", strings.NewReader(other))
			wantCode(t, err, fault.Conflict)
			same(t, "content", readUpload(t, p, "f.txt"), "old")
		}
	}},
	{"put is whole or not at all", func(t *testing.T, p app.Ports) {
		broken := io.MultiReader(bytes.NewReader(make([]byte, 300_000)), failingReader{})
		if _, err := p.Uploads.Put(ctx, "f.txt", broken); err == nil {
			t.Fatal("a source that fails gave no error")
		}
		same(t, "the list", uploadKeys(t, p, ""), []string(nil))
		_, err := p.Uploads.Open(ctx, "f.txt", "")
		wantCode(t, err, fault.NotFound)
		putUpload(t, p, "f.txt", "again")
	}},
	{"an empty file is a file", func(t *testing.T, p app.Ports) {
		putUpload(t, p, "empty", "")
		same(t, "content", readUpload(t, p, "empty"), "")
	}},
	{"delete", func(t *testing.T, p app.Ports) {
		putUpload(t, p, "f.txt", "x")
		must(t, p.Uploads.Delete(ctx, "f.txt"))
		must(t, p.Uploads.Delete(ctx, "f.txt"))
		must(t, p.Uploads.Delete(ctx, "never/was"))
		same(t, "the list", uploadKeys(t, p, ""), []string(nil))
		putUpload(t, p, "f.txt", "other content is welcome now")
	}},
	{"keys stay inside the bucket", func(t *testing.T, p app.Ports) {
		for _, key := range []string{"", "..", "../x", "a/../../x", "/etc/x", "a//b", "a/./b", ".hidden", "a/.hidden/b"} {
			if _, err := p.Uploads.Put(ctx, key, strings.NewReader("x")); err == nil {
				t.Errorf("the key %q was taken", key)
			}
		}
		same(t, "the list", uploadKeys(t, p, ""), []string(nil))
	}},
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("the line broke") }

func putUpload(t *testing.T, p app.Ports, key, content string) {
	t.Helper()
	_, err := p.Uploads.Put(ctx, key, strings.NewReader(content))
	must(t, err)
}

func readUpload(t *testing.T, p app.Ports, key string) string {
	t.Helper()
	r := get[app.UploadReader](t)(p.Uploads.Open(ctx, key, ""))
	content, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	must(t, err)
	must(t, r.Close())
	return string(content)
}

func uploadKeys(t *testing.T, p app.Ports, prefix string) (keys []string) {
	t.Helper()
	for _, u := range get[[]app.Upload](t)(p.Uploads.List(ctx, prefix)) {
		keys = append(keys, u.Key)
	}
	return keys
}
