package eventfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// result is what a file gives: events as "line kind user name ms properties", rejects as "line reason".
func result(t testing.TB, file []byte, o Options) (got []string, err error) {
	t.Helper()
	r, err := Open(bytes.NewReader(file), int64(len(file)), o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		ev, err := r.Next()
		var line *LineError
		switch {
		case err == io.EOF:
			return got, nil
		case errors.As(err, &line):
			got = append(got, fmt.Sprintf("%d %s", line.Line, line.Reject.Reason))
		case err != nil:
			return got, err
		default:
			if text, _ := r.Text(); text == "" {
				t.Errorf("line %d: the event has no text", r.Line())
			}
			got = append(got, fmt.Sprintf("%d %s %s %s %d %s", r.Line(), ev.Kind, ev.Key(), ev.Name, ev.Time, ev.Properties.JSON()))
		}
	}
}

func want(t testing.TB, got []string, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantFault checks an error about a whole file: its code, that it says how to go on, and a part of its text.
func wantFault(t testing.TB, err error, code fault.Code, part string) {
	t.Helper()
	if fault.CodeOf(err) != code || fault.HintOf(err) == "" || !strings.Contains(err.Error(), part) {
		t.Fatalf("got %s %q (hint %q), want %s with %q", fault.CodeOf(err), err, fault.HintOf(err), code, part)
	}
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zst(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(b, nil)
}

const one = `{"type":"track","userId":"u1","event":"Open","timestamp":"2026-01-01T00:00:00Z","properties":{"a":1}}`
const oneGot = `1 track u1 Open 1767225600000 {"a":1}`

func TestContentDecidesTheFormat(t *testing.T) {
	for name, file := range map[string][]byte{
		"plain": []byte(one), "newline": []byte(one + "\n"), "crlf": []byte(one + "\r\n"), "bom": []byte("\xef\xbb\xbf" + one),
		"gzip": gz([]byte(one)), "zstd": zst([]byte(one)), "two gzip members": append(gz([]byte(one[:20])), gz([]byte(one[20:]))...),
		"blank lines behind": []byte(one + "\n\n  \r\n\t\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := result(t, file, Options{})
			want(t, got, err, oneGot)
		})
	}
	for name, file := range map[string][]byte{"empty": nil, "blank": []byte("\n \n"), "bom": []byte("\xef\xbb\xbf"), "empty gzip": gz(nil), "empty zstd": zst(nil)} {
		t.Run(name, func(t *testing.T) {
			got, err := result(t, file, Options{})
			want(t, got, err)
		})
	}
}

func TestForeignFiles(t *testing.T) {
	for part, file := range map[string]string{
		"JSON array": "[" + one + "]", "no mapping": "a,b\n1,2\n", "Excel": "PK\x03\x04xxxx", "UTF-16": "\xff\xfea\x00", "twice": string(gz(gz([]byte(one)))),
		"binary": "a\x00b", "SQLite": "SQLite format 3\x00", "bzip2": "BZh91AY", "a Parquet file inside": string(gz([]byte("PAR1xxxx"))),
	} {
		_, err := result(t, []byte(file), Options{})
		wantFault(t, err, fault.Invalid, part)
	}
	_, err := result(t, []byte(one), Options{Format: "xml"})
	wantFault(t, err, fault.Invalid, "xml")
}

func TestBadLinesAreRefusedAlone(t *testing.T) {
	file := strings.Join([]string{one, "nonsense", `{"type":"track"}`, "{\"userId\":\"\xff\"}", "", one, `{"a":NaN}`, strings.Replace(one, "2026", "30000", 1)}, "\n")
	got, err := result(t, []byte(file), Options{})
	want(t, got, err, oneGot, "2 bad_json", "3 bad_time", "4 bad_utf8", "6"+oneGot[1:], "7 bad_json", "8 bad_time")
	got, err = result(t, []byte(one), Options{Arrived: 1767225600000 - 86_400_000 - 1})
	want(t, got, err, "1 future")
	got, err = result(t, []byte(one), Options{Arrived: 1767225600000 - 86_400_000})
	want(t, got, err, oneGot)
}

func TestRejectKeepsTheText(t *testing.T) {
	file := []byte(one + "\r\n{broken\r\n")
	r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, _ = r.Next()
	if text, header := r.Text(); text != one || header != "" {
		t.Fatal(text, header)
	}
	_, err = r.Next()
	var line *LineError
	if !errors.As(err, &line) || line.Text != "{broken" || line.Line != 2 || line.Reject.Hint == "" {
		t.Fatalf("%+v", err)
	}
}

func TestTruncatedFiles(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, `{"type":"track","userId":"%x","event":"E","timestamp":%d}`+"\n", uint32(i)*2654435761, 1_700_000_000+i)
	}
	body := []byte(b.String())
	for name, whole := range map[string][]byte{"gzip": gz(body), "zstd": zst(body)} {
		for _, n := range []int{len(whole) - 1, len(whole) / 2, 30} {
			_, err := result(t, whole[:n], Options{MaxRatio: 1 << 30})
			wantFault(t, err, fault.Invalid, "truncated")
		}
		broken := bytes.Clone(whole)
		broken[len(broken)/2] ^= 0xff
		_, err := result(t, broken, Options{MaxRatio: 1 << 30})
		wantFault(t, err, fault.Invalid, name)
	}
}

func TestZipBomb(t *testing.T) {
	bomb := bytes.Repeat([]byte{' '}, 64<<20)
	for _, file := range [][]byte{gz(bomb), zst(bomb)} {
		_, err := result(t, file, Options{})
		wantFault(t, err, fault.TooLarge, "250 times")
		_, err = result(t, file, Options{MaxRatio: 1 << 30, MaxBytes: 1 << 20})
		wantFault(t, err, fault.TooLarge, "1048576 bytes")
	}
}

// spaces is a file of a long line between two good ones that is never in memory.
type spaces struct {
	head, tail string
	size       int64
}

func (s spaces) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for ; n < len(p) && off < s.size; n, off = n+1, off+1 {
		switch at := s.size - off; {
		case off < int64(len(s.head)):
			p[n] = s.head[off]
		case at <= int64(len(s.tail)):
			p[n] = s.tail[int64(len(s.tail))-at]
		default:
			p[n] = 'x'
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestLongLineIsBoundedAndRefusedAlone(t *testing.T) {
	file := spaces{head: one + "\n{\"long\":\"", tail: "\"}\n" + one, size: 200 << 20}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Open(file, file.size, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	_, err = r.Next()
	var line *LineError
	if !errors.As(err, &line) || line.Reject.Reason != event.ReasonTooLong || line.Line != 2 || len(line.Text) != textBytes || !strings.HasPrefix(line.Text, `{"long":"xxx`) {
		t.Fatal(err)
	}
	if ev, err := r.Next(); err != nil || ev.UserID != "u1" || r.Line() != 3 {
		t.Fatal(ev, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Fatalf("%d bytes allocated", grown)
	}
}

func TestLinesAcrossBlocks(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, `{"type":"track","userId":"u%d","event":"E%s","timestamp":%d}`+"\n", i, strings.Repeat("x", i%97), 1_700_000_000+i)
	}
	got, err := result(t, []byte(b.String()), Options{})
	if err != nil || len(got) != 20_000 {
		t.Fatal(len(got), err)
	}
	for i, s := range got {
		if w := fmt.Sprintf("%d track u%d E%s %d ", i+1, i, strings.Repeat("x", i%97), (1_700_000_000+i)*1000); s != w {
			t.Fatalf("got %q, want %q", s, w)
		}
	}
}

func TestCloseStopsEarly(t *testing.T) {
	file := bytes.Repeat([]byte(one+"\n"), 100_000)
	r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Next()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err == nil {
		t.Fatal("read from a closed file")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// broken fails to read from a place on.
type broken struct{ at int64 }

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.at {
		return 0, errors.New("input/output error")
	}
	n := copy(p, bytes.Repeat([]byte("\n"), int(min(int64(len(p)), b.at-off))))
	return n, nil
}

func TestAFileThatCannotBeRead(t *testing.T) {
	for _, at := range []int64{0, 1 << 20} {
		r, err := Open(broken{at}, 2<<20, Options{})
		if err == nil {
			_, err = r.Next()
			_ = r.Close()
		}
		wantFault(t, err, fault.Unavailable, "cannot be read")
	}
	_, err := HashContent(broken{5}, 10)
	wantFault(t, err, fault.Unavailable, "cannot be read")
}

// FuzzReader reads any bytes: whatever they are, reading ends, and every error says what to do.
func FuzzReader(f *testing.F) {
	for _, seed := range [][]byte{[]byte(one + "\nx\n" + one), gz([]byte(one)), zst([]byte(one)), []byte("PAR1xxxxPAR1"), pq(f, []nestedRow{{Type: "track"}})} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := result(t, file, Options{}); err != nil && (fault.CodeOf(err) == fault.Internal || fault.HintOf(err) == "") {
			t.Fatal(err)
		}
	})
}

func TestHashContent(t *testing.T) {
	h, err := HashContent(strings.NewReader("abc"), 3)
	if err != nil || h != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Fatal(h, err)
	}
}
