// Package functions builds the Lambda functions by build.sh; here is what has to hold of the stand-ins that they are built with.
package functions

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// roundTrip is run inside the copy of the module: what the stand-in writes, the module's reader reads.
const roundTrip = `package brotli

import (
	"bytes"
	"io"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, 2, 65535, 65536, 65537, 200000} {
		raw := bytes.Repeat([]byte("weir\x00\xff "), size/7+1)[:size]
		for _, step := range []int{1000, 1 << 20} {
			var packed bytes.Buffer
			w := NewWriterLevel(&packed, 5)
			for rest := raw; len(rest) > 0; rest = rest[min(step, len(rest)):] {
				if n, err := w.Write(rest[:min(step, len(rest))]); err != nil || n != min(step, len(rest)) {
					t.Fatal(n, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if back, err := io.ReadAll(NewReader(&packed)); err != nil || !bytes.Equal(back, raw) {
				t.Errorf("%d bytes in steps of %d: %d came back, %v", size, step, len(back), err)
			}
		}
	}
}
`

func TestBrotliWriter(t *testing.T) {
	dir := t.TempDir()
	place, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/andybalholm/brotli").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(place)), "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal("the module is not there", err)
	}
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		switch name := filepath.Base(file); {
		case name == "http.go", name == "encoder.go", name == "writer.go", strings.HasSuffix(name, "_test.go"):
		default:
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(name, text)
		}
	}
	writer, err := os.ReadFile("brotliwriter.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	write("writer.go", writer)
	write("round_test.go", []byte(roundTrip))
	write("go.mod", []byte("module github.com/andybalholm/brotli\n\ngo 1.24\n"))
	test := exec.CommandContext(t.Context(), "go", "test", ".")
	test.Dir = dir
	if out, err := test.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
