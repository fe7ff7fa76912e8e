package eventfile

import (
	"bytes"
	"fmt"
	"io"
	"unsafe"

	"github.com/weir-engine/weir/shared/event"
)

// joinBytes bounds a record that goes over several lines, so that a quote nobody closed cannot swallow the file.
const joinBytes = 128 << 10

// records cuts lines into cells: RFC 4180 with any delimiter of one byte, or runs of white space without quotes. Cells are
// valid until the next call.
type records struct {
	in        *lines
	delimiter byte // 0: white space
	cells     []string
	raw       []byte // the record's text
	start     int64  // its first line
	joined    []byte // a record of several lines
	buf       []byte // cells whose quotes were taken off
}

// next returns the cells of the next record that is not blank, a *badRecord, a *longLine, or the error of the file.
func (c *records) next() ([]string, error) {
	for {
		text, err := c.in.next()
		c.start = c.in.line
		if err != nil {
			return nil, err
		}
		c.raw = text
		if c.delimiter == 0 {
			if c.fields(text); len(c.cells) > 0 {
				return c.cells, nil
			}
			continue
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if bytes.IndexByte(text, '"') < 0 {
			c.split(text)
			return c.cells, nil
		}
		return c.quoted(text)
	}
}

func (c *records) first() int64 { return c.start }

func (c *records) text() []byte { return c.raw }

var quoteMark = []byte{'"'}

// badRecord is the error for a record with misplaced quotes.
type badRecord struct{ text string }

func (e *badRecord) Error() string { return e.text }

func view(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b))
}

func (c *records) fields(text []byte) {
	c.cells = c.cells[:0]
	for i := 0; i < len(text); {
		for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
			i++
		}
		start := i
		for i < len(text) && text[i] != ' ' && text[i] != '\t' {
			i++
		}
		if i > start {
			c.cells = append(c.cells, view(text[start:i]))
		}
	}
}

func (c *records) split(text []byte) {
	c.cells = c.cells[:0]
	for {
		j := bytes.IndexByte(text, c.delimiter)
		if j < 0 {
			c.cells = append(c.cells, view(text))
			return
		}
		c.cells = append(c.cells, view(text[:j]))
		text = text[j+1:]
	}
}

// quoted reads a record with quotes, taking in more lines while one is open. When no line closes it, the first line is
// refused and the others are read again as records of their own.
func (c *records) quoted(text []byte) ([]string, error) {
	open, why := c.unquote(text)
	if !open {
		return c.result(why)
	}
	c.joined = append(c.joined[:0], text...)
	head := len(text)
	for open {
		more, err := c.in.next()
		if err != nil || len(c.joined)+1+len(more) > joinBytes {
			return nil, c.unclosed(head, more, err)
		}
		c.joined = append(append(c.joined, '\n'), more...)
		if bytes.Count(more, quoteMark)%2 == 1 { // an even number closes and opens again: reading it all anew each time is quadratic
			open, why = c.unquote(c.joined)
		}
	}
	c.raw = c.joined
	return c.result(why)
}

func (c *records) result(why string) ([]string, error) {
	if why != "" {
		return nil, &badRecord{why}
	}
	return c.cells, nil
}

func (c *records) unclosed(head int, more []byte, err error) error {
	if err == nil {
		c.joined = append(append(c.joined, '\n'), more...)
	}
	if len(c.joined) > head {
		held := err
		if held == io.EOF {
			held = nil
		}
		c.in.giveBack(c.joined[head+1:], held)
	} else if err != nil && err != io.EOF {
		c.in.hold(err)
	}
	c.raw = c.joined[:head]
	return &badRecord{"a quote is not closed"}
}

// unquote cuts text into cells. open reports that it ends inside quotes; why is "" or says what is misplaced.
func (c *records) unquote(text []byte) (open bool, why string) {
	c.cells, c.buf = c.cells[:0], c.buf[:0]
	if cap(c.buf) < len(text) {
		c.buf = make([]byte, 0, 2*len(text)) // the cells alias it: it must not move
	}
	for {
		if len(text) == 0 || text[0] != '"' {
			j := bytes.IndexByte(text, c.delimiter)
			cell := text
			if j >= 0 {
				cell = text[:j]
			}
			if bytes.IndexByte(cell, '"') >= 0 {
				return false, fmt.Sprintf("column %d: a quote inside a cell that does not begin with one; double it and quote the cell", len(c.cells)+1)
			}
			c.cells = append(c.cells, view(cell))
			if j < 0 {
				return false, ""
			}
			text = text[j+1:]
			continue
		}
		start := len(c.buf)
		text = text[1:]
		for {
			j := bytes.IndexByte(text, '"')
			if j < 0 {
				return true, ""
			}
			c.buf = append(c.buf, text[:j]...)
			if text = text[j+1:]; len(text) == 0 || text[0] != '"' {
				break
			}
			c.buf = append(c.buf, '"')
			text = text[1:]
		}
		c.cells = append(c.cells, view(c.buf[start:]))
		if len(text) == 0 {
			return false, ""
		}
		if text[0] != c.delimiter {
			return false, fmt.Sprintf("column %d: text behind the closing quote", len(c.cells))
		}
		text = text[1:]
	}
}

// refuse turns an error of a record into a LineError and leaves other errors as they are.
func (c *records) refuse(header string, err error) error {
	if bad, ok := err.(*badRecord); ok { //nolint:errorlint // never wrapped
		return &LineError{Line: c.start, Text: cut(c.raw), Header: header,
			Reject: &event.Reject{Reason: event.ReasonBadValue, Message: bad.text, Hint: "cells that hold quotes, delimiters or line ends are quoted, quotes inside them doubled"}}
	}
	return lineError(c.in, header, err)
}
