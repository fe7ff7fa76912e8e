package main

import (
	"math"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

func TestSheets(t *testing.T) {
	s, err := parseSheet("t.csv", strings.NewReader("\xef\xbb\xbf a ,b\n1,\"x\ny\"\n 2 ,\"say \"\"hi\"\"\"\r\nNA,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.names() != "a, b" || len(s.rows) != 3 || s.lines[1] != 4 || s.rows[1][1] != `say "hi"` {
		t.Errorf("%+v", s)
	}
	if v, err := s.number(1, 0); v != 2 || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	if dropped, err := s.complete([]int{0}, true); dropped != 1 || err != nil || len(s.rows) != 2 {
		t.Errorf("%d rows left out, %v", dropped, err)
	}
	for _, text := range []string{"", "a\n", "a;b\n1;2\n", "a,b\n1\n", "a\n\"x\n", "a\tb\n1\t2\n", "\x1f\x8b\x08", "a\n1\"2\n"} {
		if _, err := parseSheet("t.csv", strings.NewReader(text)); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	twice, err := parseSheet("t.csv", strings.NewReader("a,a\n1,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twice.column("a"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a column that stands twice: %v", err)
	}
}

func TestOutcomes(t *testing.T) {
	s := &sheet{name: "t.csv", heads: []string{"e"}}
	for cell, want := range map[string]string{
		"1": "yes", "TRUE": "yes", "Yes": "yes", "是": "yes", "0": "no", "no": "no", "False": "no", "否": "no", "2": "", "maybe": "", "": "",
	} {
		s.rows, s.lines = [][]string{{cell}}, []int{2}
		got := ""
		if is, err := s.yes(0, 0, ""); err == nil {
			got = map[bool]string{true: "yes", false: "no"}[is]
		}
		if got != want {
			t.Errorf("%q is %q, want %q", cell, got, want)
		}
	}
	s.rows = [][]string{{" gold "}}
	if is, err := s.yes(0, 0, "gold"); !is || err != nil {
		t.Errorf("gold: %v, %v", is, err)
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{fixed(-0.001, 2), "0.00"}, {fixed(-1.5, 1), "-1.5"}, {fixed(math.Copysign(0, -1), 0), "0"}, {pText(0.04999), "0.0500"}, {pText(2e-28), "2.0e-28"},
		{bar(0.5, 1, 4), "██"}, {bar(0.53, 1, 4), "██▏"}, {bar(2, 1, 3), "███"}, {bar(0, 1, 3), ""}, {bar(1, 0, 3), ""}, {bar(math.NaN(), 1, 3), ""},
		{figure(nil), ""}, {figure(new(float64)), "0"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Any table gives results or refusals that say what to do.
func FuzzSheet(f *testing.F) {
	f.Add("x,t_x,T\n1,2,3\n0,0,4\n", "x", "t_x")
	f.Add("a,b\n1,yes\n2,no\n3,yes\n4,no\n", "a", "b")
	f.Add("a,b\n\"1\n\",\"y\"\"\"\n", "a", "b")
	f.Fuzz(func(t *testing.T, text, one, other string) {
		if len(text) > 4096 {
			return
		}
		check := func(err error) {
			if err != nil && (fault.Is(err, fault.Internal) || fault.HintOf(err) == "") {
				t.Fatalf("%q: %v", text, err)
			}
		}
		fresh := func() *sheet {
			s, err := parseSheet("t.csv", strings.NewReader(text))
			check(err)
			return s
		}
		if fresh() == nil || len(fresh().rows) > 64 {
			return
		}
		_, err := survival(fresh(), survivalFlags{duration: one, event: other, drop: true})
		check(err)
		_, err = clusterRows(fresh(), clusterFlags{columns: []string{one}, k: 2, seed: 1, scale: true, drop: true})
		check(err)
		_, err = regress(fresh(), logitFlags{target: other, columns: []string{one}, penalty: 1, standardize: true, drop: true})
		check(err)
		for _, kind := range modelKinds {
			_, err = fresh().histories(kind)
			check(err)
		}
	})
}
