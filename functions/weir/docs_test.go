package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docPages are the pages whose examples are run: a block ```csv NAME is a file, and a block ```console holds commands after
// "$ " and what they print. Spaces count as one, so that columns may be aligned on the page; numbers may differ in their last
// digits, as those of a fit do between processors, and with them versions of models.
var docPages = []string{"../../docs/models.md"}

func TestDocExamples(t *testing.T) {
	for _, page := range docPages {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		sample, err := filepath.Abs("sample")
		if err != nil {
			t.Fatal(err)
		}
		d := docRun{t: t, dir: t.TempDir()}
		d.shell("weir import --mapping '" + sample + "/cdnow.mapping.yaml' --backfill --as-of 1997-09-30T00:00:00Z '" + sample + "/cdnow_sample.txt.gz'")
		parts := strings.Split(string(raw), "\n```")
		commands := 0
		for i := 1; i < len(parts); i += 2 {
			head, body, _ := strings.Cut(parts[i], "\n")
			kind, name, _ := strings.Cut(head, " ")
			switch kind {
			case "csv":
				if err := os.WriteFile(filepath.Join(d.dir, name), []byte(body+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			case "console":
				got, n := d.block(body)
				commands += n
				if !sameText(got, body) && !*update {
					t.Errorf("%s shows\n%s\nbut it is\n%s", page, body, got)
				}
				parts[i] = head + "\n" + strings.TrimSuffix(got, "\n")
			}
		}
		if commands < 10 {
			t.Errorf("%s has %d examples", page, commands)
		}
		if text := strings.Join(parts, "\n```"); *update && text != string(raw) {
			if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var modelVersion = regexp.MustCompile("^[0-9a-f]{12}$")

// sameText compares word by word.
func sameText(got, want string) bool {
	words := func(text string) []string { return strings.Fields(strings.ReplaceAll(text, ",", " , ")) }
	a, b := words(got), words(want)
	return slices.EqualFunc(a, b, func(x, y string) bool {
		p, isNumber := parseNumber(strings.TrimRight(x, "%:"))
		q, too := parseNumber(strings.TrimRight(y, "%:"))
		return x == y || modelVersion.MatchString(x) && modelVersion.MatchString(y) || isNumber && too && math.Abs(p-q) <= 2e-4*math.Abs(q)
	})
}

// docRun runs the commands of a page over one base.
type docRun struct {
	t   *testing.T
	dir string
}

func (d docRun) shell(line string) string {
	d.t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Env = d.dir, append(os.Environ(), "WEIR_DATA="+filepath.Join(d.dir, "data"))
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		d.t.Fatalf("%s: %v", line, err)
	}
	return string(out)
}

// block runs the commands of a block and returns it as it should be.
func (d docRun) block(body string) (text string, commands int) {
	var b strings.Builder
	lines := strings.Split(body, "\n")
	for i := 0; i < len(lines); i++ {
		line, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			continue
		}
		b.WriteString(lines[i] + "\n")
		for strings.HasSuffix(line, "\\") && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, "\\") + lines[i]
			b.WriteString(lines[i] + "\n")
		}
		commands++
		b.WriteString(columns(d.shell(line)))
	}
	return b.String(), commands
}

// columns aligns what a command prints, separated by tabs when it does not write to a terminal.
func columns(text string) string {
	var b strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		n, end := strings.Count(lines[i], "\t"), i+1
		for n > 0 && end < len(lines) && strings.Count(lines[end], "\t") == n {
			end++
		}
		if n == 0 {
			b.WriteString(lines[i])
			i = end
			continue
		}
		var rows [][]string
		for _, line := range lines[i:end] {
			rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
		heads := rows[0]
		for at := range heads {
			if allNumbers(rows[1:], at) {
				heads[at] = ">" + heads[at]
			}
		}
		t := newTable(heads...)
		t.rows = rows[1:]
		t.align(&b)
		i = end
	}
	return b.String()
}

func allNumbers(rows [][]string, at int) bool {
	some := false
	for _, row := range rows {
		cell := strings.TrimRight(row[at], "%+")
		if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" {
			return false
		}
		some = some || cell != ""
	}
	return some
}
