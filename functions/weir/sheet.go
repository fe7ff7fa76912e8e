package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// sheet is a CSV table that was read whole: a header, and rows of as many cells.
type sheet struct {
	name  string
	heads []string
	rows  [][]string
	lines []int // on which each row begins
}

// maxSheet is the length of a table in bytes: it is held in memory.
const maxSheet = 512 << 20

// readSheet reads a CSV file, or standard input for "-".
func (c *cli) readSheet(name string) (*sheet, error) {
	if name == "-" {
		return parseSheet("standard input", c.in)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, cannotOpen(name, err)
	}
	defer f.Close()
	return parseSheet(name, f)
}

func parseSheet(name string, in io.Reader) (*sheet, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxSheet+1))
	if err != nil {
		return nil, cannotOpen(name, err)
	}
	if len(text) > maxSheet {
		return nil, fault.New(fault.TooLarge, "%s is longer than %d MiB", name, maxSheet>>20).WithHint("take a sample of its rows")
	}
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) || bytes.HasPrefix(text, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return nil, fault.New(fault.Invalid, "%s is compressed", name).WithHint("pass it plain: gzip -dc %s | weir … --csv -", name)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	s := &sheet{name: name}
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF) && s.heads == nil:
			return nil, fault.New(fault.Invalid, "%s is empty", name).WithHint("its first line names the columns")
		case errors.Is(err, io.EOF):
			return s, s.check()
		case err != nil:
			return nil, s.broken(err)
		case s.heads == nil:
			for i := range row {
				row[i] = strings.TrimSpace(row[i])
			}
			s.heads = row
			continue
		}
		line, _ := r.FieldPos(0)
		s.rows, s.lines = append(s.rows, row), append(s.lines, line)
	}
}

// check refuses what is no table.
func (s *sheet) check() error {
	if len(s.heads) == 1 {
		for _, mark := range []string{";", "\t", "|"} {
			if strings.Contains(s.heads[0], mark) {
				return fault.New(fault.Invalid, "%s has one column, named %q", s.name, s.heads[0]).WithHint("separate the columns by commas, not by %q", mark)
			}
		}
	}
	if len(s.rows) == 0 {
		return fault.New(fault.Invalid, "%s has a header and no rows", s.name).WithHint("give it at least one row")
	}
	return nil
}

// broken explains an error of the CSV itself.
func (s *sheet) broken(err error) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return fault.New(fault.Invalid, "%s cannot be read as CSV", s.name).WithHint("write rows of cells separated by commas").Because(err)
	}
	if errors.Is(at.Err, csv.ErrFieldCount) {
		return fault.New(fault.Invalid, "%s:%d: the row has another number of cells than the header's %d", s.name, at.Line, len(s.heads)).
			WithHint("give every row the header's columns, and quote cells that hold commas")
	}
	return fault.New(fault.Invalid, "%s:%d:%d: %v", s.name, at.Line, at.Column, at.Err).WithHint("write a quote within a quoted cell twice")
}

// column returns the place of a column.
func (s *sheet) column(name string) (int, error) {
	at := slices.Index(s.heads, name)
	if at < 0 {
		return 0, fault.New(fault.NotFound, "%s has no column %q", s.name, name).WithHint("it has %s", s.names())
	}
	if slices.Contains(s.heads[at+1:], name) {
		return 0, fault.New(fault.Invalid, "the column %q stands twice in %s", name, s.name).WithHint("rename one of the two")
	}
	return at, nil
}

// has reports whether there is a column of a name.
func (s *sheet) has(name string) bool { return slices.Contains(s.heads, name) }

// names lists the columns for a hint.
func (s *sheet) names() string {
	const most = 30
	if len(s.heads) > most {
		return strings.Join(s.heads[:most], ", ") + " and " + strconv.Itoa(len(s.heads)-most) + " more"
	}
	return strings.Join(s.heads, ", ")
}

// missing reports whether a cell holds nothing.
func missing(cell string) bool {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "", "na", "nan", "n/a", "null", "none":
		return true
	}
	return false
}

// complete drops the rows in which one of the columns is missing when asked to, and refuses them otherwise.
func (s *sheet) complete(columns []int, drop bool) (dropped int, err error) {
	kept := 0
	for i, row := range s.rows {
		gap := slices.IndexFunc(columns, func(at int) bool { return missing(row[at]) })
		if gap >= 0 && !drop {
			return 0, fault.New(fault.Invalid, "%s: the cell is missing", s.at(i, columns[gap])).
				WithHint("fill it, or leave such rows out with --drop-missing")
		}
		if gap < 0 {
			s.rows[kept], s.lines[kept] = row, s.lines[i]
			kept++
		}
	}
	dropped = len(s.rows) - kept
	if kept == 0 {
		return dropped, fault.New(fault.Invalid, "every row of %s misses a cell", s.name).WithHint("leave out the column that is empty with --columns")
	}
	s.rows, s.lines = s.rows[:kept], s.lines[:kept]
	return dropped, nil
}

// at is the place of a cell for people: the file, the line and the column's name.
func (s *sheet) at(row, column int) string {
	return s.name + ":" + strconv.Itoa(s.lines[row]) + ": column " + strconv.Quote(s.heads[column])
}

// number reads a cell as a finite number.
func (s *sheet) number(row, column int) (float64, error) {
	v, ok := parseNumber(s.rows[row][column])
	if !ok {
		return 0, fault.New(fault.Invalid, "%s: %q is no number", s.at(row, column), s.rows[row][column]).
			WithHint("write numbers like 1234.5, without separators of thousands or units")
	}
	return v, nil
}

func parseNumber(cell string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// yes reads a cell as an outcome: 1 or 0, true or false, yes or no; or, where the value of the event is named, that one
// against every other.
func (s *sheet) yes(row, column int, event string) (bool, error) {
	cell := strings.TrimSpace(s.rows[row][column])
	if event != "" {
		return cell == event, nil
	}
	switch strings.ToLower(cell) {
	case "1", "1.0", "true", "t", "yes", "y", "是":
		return true, nil
	case "0", "0.0", "false", "f", "no", "n", "否":
		return false, nil
	}
	return false, fault.New(fault.Invalid, "%s: %q is neither yes nor no", s.at(row, column), cell).
		WithHint("use 1 and 0, yes and no, or true and false; or name the value that means yes with --event-is")
}

// numeric reports whether every cell of a column that holds something holds a number.
func (s *sheet) numeric(column int) bool {
	some := false
	for _, row := range s.rows {
		if missing(row[column]) {
			continue
		}
		if _, ok := parseNumber(row[column]); !ok {
			return false
		}
		some = true
	}
	return some
}

// levels returns the different texts of a column in the order of their bytes, or nil when there are more than most.
func (s *sheet) levels(column, most int) []string {
	seen := map[string]bool{}
	var out []string
	for _, row := range s.rows {
		if cell := strings.TrimSpace(row[column]); !seen[cell] {
			if len(out) == most {
				return nil
			}
			seen[cell] = true
			out = append(out, cell)
		}
	}
	slices.Sort(out)
	return out
}

// requireEvent refuses a named value that no row has: it is a slip of the pen.
func (s *sheet) requireEvent(column int, event string) error {
	if event == "" || slices.ContainsFunc(s.rows, func(row []string) bool { return strings.TrimSpace(row[column]) == event }) {
		return nil
	}
	e := fault.New(fault.NotFound, "the column %q never is %q", s.heads[column], event)
	if levels := s.levels(column, 10); levels != nil {
		return e.WithHint("it is one of %s", strings.Join(levels, ", "))
	}
	return e.WithHint("name a value that stands in the column")
}
