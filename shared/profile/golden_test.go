package profile

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weir-engine/weir/shared/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file in testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func hexLines(b []byte) string {
	text := hex.EncodeToString(b)
	var lines []string
	for len(text) > 100 {
		lines, text = append(lines, text[:100]), text[100:]
	}
	return strings.Join(append(lines, text), "\n") + "\n"
}

// TestVersion1 pins the encodings: files that were written once stay readable for ever, and give the same facts. When a
// version 2 comes, its test stands beside this one, which only decodes then.
func TestVersion1(t *testing.T) {
	s := richSchema(t)
	f := fold(s, richUser(42).stream)
	golden(t, "facts_v1.hex", hexLines(EncodeFacts(nil, f)))
	stored := decode(t, fromHex(t, "facts_v1.hex"))
	view, err := json.MarshalIndent(s.View(stored), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "facts_v1.json", string(view)+"\n")

	golden(t, "state_v1.hex", hexLines(EncodeState(nil, richState(42, testStart))))
	var state State
	if err := DecodeState(fromHex(t, "state_v1.hex"), &state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(richState(42, testStart), &state); diff != "" {
		t.Error(diff)
	}

	var r Recent
	for i, e := range richUser(42).stream {
		if i < 5 {
			r.Add(e.id, e.ev.Time)
		}
	}
	golden(t, "recent_v1.hex", hexLines(EncodeRecent(nil, &r)))
	var known Recent
	if err := DecodeRecent(fromHex(t, "recent_v1.hex"), &known); err != nil {
		t.Fatal(err)
	}
	for i, e := range richUser(42).stream {
		if known.Has(e.id) != (i < 5) {
			t.Errorf("event %d: known %v", i, known.Has(e.id))
		}
	}
}

func fromHex(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDamagedBytes cuts and flips every byte of an encoding: no decoder panics, and a cut is always noticed.
func TestDamagedBytes(t *testing.T) {
	s := richSchema(t)
	for _, whole := range [][]byte{EncodeFacts(nil, fold(s, richUser(1).stream)), EncodeFacts(nil, fold(schemaOf(t, everything(), s.Zone()), longStream(1, 300)))} {
		f := &Facts{}
		for i := range whole {
			if err := DecodeFacts(whole[:i], f); err == nil {
				t.Fatalf("%d of %d bytes were accepted", i, len(whole))
			}
			for _, flip := range []byte{1, 0x80, 0xff} {
				b := append([]byte(nil), whole...)
				b[i] ^= flip
				_ = DecodeFacts(b, f)
			}
		}
		if err := DecodeFacts(append(whole, 0), f); err == nil {
			t.Fatal("a byte too many was accepted")
		}
	}
	for name, err := range map[string]error{
		"facts": DecodeFacts([]byte{99}, &Facts{}), "state": DecodeState([]byte{99}, &State{}), "recent": DecodeRecent([]byte{99}, &Recent{}),
	} {
		if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s of a later version: %v", name, err)
		}
	}
}
