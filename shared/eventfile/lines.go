package eventfile

import (
	"bytes"
	"fmt"
	"io"

	"github.com/weir-engine/weir/shared/event"
)

// lines cuts a source into lines. A line is returned without its end (LF or CRLF) and is valid until the next call.
type lines struct {
	src     *source
	whole   []byte // the current block, to give back
	rest    []byte // what is left of it
	err     error  // what follows the current block
	carry   []byte // a line that began in an earlier block
	pending []byte // lines that were read ahead and given back: all but the last end in LF
	held    error  // what follows the pending lines
	unread  bool   // pending is not empty, though it may hold one empty line
	limit   int
	line    int64 // the line returned last, from 1
}

func newLines(src *source, limit int) *lines {
	if limit <= 0 {
		limit = event.DefaultLimits.LineBytes
	}
	return &lines{src: src, limit: limit}
}

// longLine is the error for a line beyond the limit: its beginning and its whole length.
type longLine struct {
	head  string
	bytes int64
}

func (e *longLine) Error() string { return "line too long" }

func (e *longLine) reject(limit int) *event.Reject {
	return &event.Reject{Reason: event.ReasonTooLong, Message: fmt.Sprintf("the line has %d bytes, more than the limit of %d", e.bytes, limit),
		Hint: "split the event, or leave large fields out; the text kept here is the beginning"}
}

// peek makes the beginning of the source visible without consuming it.
func (l *lines) peek() ([]byte, error) {
	if len(l.rest) == 0 && l.err == nil {
		l.fetch()
	}
	if l.err != nil && l.err != io.EOF && len(l.rest) == 0 {
		return nil, l.err
	}
	return l.rest, nil
}

// fetch replaces the current block, of which nothing is left, by the next.
func (l *lines) fetch() {
	if l.whole != nil {
		l.src.giveBack(l.whole)
	}
	l.whole, l.err = l.src.next()
	l.rest = l.whole
}

// next returns the next line, io.EOF at the end, a *longLine for one beyond the limit, or what is wrong with the file.
func (l *lines) next() ([]byte, error) {
	if l.unread || l.held != nil {
		return l.nextPending()
	}
	if j := bytes.IndexByte(l.rest, '\n'); j >= 0 && j <= l.limit {
		text := l.rest[:j]
		l.rest = l.rest[j+1:]
		l.line++
		return trimCR(text), nil
	}
	return l.nextSlow()
}

func trimCR(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}

// nextSlow assembles a line that ends in a later block, or with the file.
func (l *lines) nextSlow() ([]byte, error) {
	l.carry = l.carry[:0]
	total := int64(0)
	for {
		j := bytes.IndexByte(l.rest, '\n')
		part := l.rest
		if j >= 0 {
			part, l.rest = l.rest[:j], l.rest[j+1:]
		} else {
			l.rest = nil
		}
		total += int64(len(part))
		if room := l.limit + 1 - len(l.carry); room > 0 {
			l.carry = append(l.carry, part[:min(len(part), room)]...)
		}
		if j >= 0 {
			break
		}
		if l.err != nil {
			if total == 0 || l.err != io.EOF {
				return nil, l.err
			}
			break
		}
		l.fetch()
	}
	l.line++
	if text := trimCR(l.carry); total <= int64(l.limit)+1 && len(text) <= l.limit {
		return text, nil
	}
	return nil, &longLine{head: cut(l.carry), bytes: total}
}

// nextPending returns what was given back.
func (l *lines) nextPending() ([]byte, error) {
	if !l.unread {
		err := l.held
		l.held = nil
		l.line++
		return nil, err
	}
	text := l.pending
	if j := bytes.IndexByte(text, '\n'); j >= 0 {
		text, l.pending = text[:j], text[j+1:]
	} else {
		l.pending, l.unread = nil, false
	}
	l.line++
	return trimCR(text), nil
}

// giveBack makes lines that were read ahead, joined by LF, the next ones again; held follows them.
func (l *lines) giveBack(text []byte, held error) {
	n := int64(bytes.Count(text, []byte{'\n'})) + 1
	joined := append([]byte(nil), text...)
	if l.unread {
		joined = append(append(joined, '\n'), l.pending...)
	}
	if held != nil {
		l.held = held
		n++
	}
	l.pending, l.unread = joined, true
	l.line -= n
}

// cut returns the beginning of a line that is too long to keep.
func cut(b []byte) string {
	return string(bytes.ToValidUTF8(b[:min(len(b), textBytes)], []byte("\uFFFD")))
}

// hold makes err the next result.
func (l *lines) hold(err error) {
	l.held = err
	l.line--
}
