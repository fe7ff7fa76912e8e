package strategy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What is made to keep a parser busy is refused soon.
func TestHostile(t *testing.T) {
	rep := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	for name, text := range map[string]string{
		"dashes":    rep("- ", 30<<10),
		"dashlines": rep(rep("- ", 30<<10)+"\n", 1<<20),
		"keys":      rep("a: 1\n", 1<<20),
		"questions": rep("? ", 30<<10),
		"colon":     rep("a: ", 30<<10),
		"flow":      "a: " + rep("[a, ", 700) + strings.Repeat("]", 175),
		"flowlist":  "a: [" + rep("a,\n", 1<<20-10) + "]",
		"quotes":    rep("\"\n", 1<<20),
		"quote":     "a: \"" + rep("x\n", 1<<20-10),
		"literal":   "a: |\n" + rep(" x\n", 1<<20-10),
		"folded":    "a: >\n" + rep(" x\n\n", 1<<20-10),
		"plain":     "a: b\n" + rep(" x\n", 1<<20-10),
		"comments":  rep("#\n", 1<<20),
		"docs":      rep("---\n", 1<<20),
		"anchors":   rep("&a ", 30<<10),
		"tags":      rep("! ", 30<<10),
		"spaces":    rep(" \n", 1<<20),
		"indents": func() string {
			var b strings.Builder
			for i := 0; b.Len() < 1<<19; i++ {
				fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
			}
			return b.String()
		}(),
		"seqkeys": rep("- a: 1\n  b: 2\n", 1<<20),
		"uniq": func() string {
			var b strings.Builder
			for i := 0; b.Len() < 1<<20-40; i++ {
				fmt.Fprintf(&b, "k%d: 1\n", i)
			}
			return b.String()
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse([]byte(text))
			var list *Errors
			if !errors.As(err, &list) {
				t.Fatalf("%v", err)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%v for %d bytes", d, len(text))
			} else {
				t.Log(d.Round(time.Millisecond), list.Problems[0])
			}
		})
	}
}
