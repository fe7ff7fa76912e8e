package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

// inbox is a queue in memory.
type inbox struct {
	messages []InboxMessage
	fail     int // this send and those after it fail; 0: none
}

func (q *inbox) Send(_ context.Context, message string) error {
	if q.fail > 0 && len(q.messages)+1 >= q.fail {
		return fault.New(fault.Unavailable, "the queue is away")
	}
	n := len(q.messages)
	q.messages = append(q.messages, InboxMessage{ID: fmt.Sprintf("m%03d", (n*7)%100), Body: message, Sent: int64(1000 + n)})
	return nil
}

// folder is a bucket in memory of which only Put is asked.
type folder struct {
	Uploads
	files map[string]string
	fail  int // the put with this number fails
	puts  int
}

func (f *folder) Put(_ context.Context, key string, r io.Reader) (Upload, error) {
	if f.puts++; f.puts == f.fail {
		return Upload{}, fault.New(fault.Unavailable, "the bucket is away")
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return Upload{}, err
	}
	if old, ok := f.files[key]; ok && old != string(text) {
		return Upload{}, fault.New(fault.Conflict, "another content")
	}
	f.files[key] = string(text)
	return Upload{Key: key, Size: int64(len(text))}, nil
}

func (f *folder) lines() (all []string) {
	for _, text := range f.files {
		all = append(all, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	}
	slices.Sort(all)
	return all
}

// What goes through the inbox comes out whole, in messages that a queue takes, however large and whatever bytes it has.
func TestInbox(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{1})
	random := make([]byte, 170_000)
	_, _ = noise.Read(random)
	var lines [][]byte
	for i := range 1000 {
		lines = append(lines, fmt.Appendf(nil, `{"n":%d,"text":"\u0001\uffff%s"}`, i, strings.Repeat("x", i)))
	}
	lines = append(lines, []byte(base64.StdEncoding.EncodeToString(random))[:inboxBytes-1], []byte(`{"large":"`+strings.Repeat("y", 300_000)+`"}`))
	q, f := &inbox{}, &folder{files: map[string]string{}}
	a := &App{ports: Ports{Inbox: q, Uploads: f, Clock: func() int64 { return 1 }}}
	if err := a.Collect(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	for _, m := range q.messages {
		if len(m.Body) > QueueBytes || strings.ContainsFunc(m.Body, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("a message has %d bytes, or other characters than ASCII", len(m.Body))
		}
	}
	if len(f.files) != 1 || len(q.messages) < 3 {
		t.Errorf("%d files at once, %d messages", len(f.files), len(q.messages))
	}
	got, err := Gather(t.Context(), f, q.messages)
	if err != nil || len(got.Bad) != 0 || len(got.Keys) != 1 {
		t.Fatal(got, err)
	}
	var want []string
	for _, line := range lines {
		want = append(want, string(line))
	}
	slices.Sort(want)
	if !slices.Equal(want, f.lines()) {
		t.Error("other lines came out than went in")
	}
}

func TestInboxAway(t *testing.T) {
	a := &App{ports: Ports{Inbox: &inbox{fail: 1}}}
	if err := a.Collect(t.Context(), [][]byte{[]byte("{}")}); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

// The same messages make the same file in any order and however often; what is no message of ours is told apart.
func TestGather(t *testing.T) {
	q := &inbox{}
	a := &App{ports: Ports{Inbox: q}}
	for i := range 30 {
		if err := a.Collect(t.Context(), [][]byte{fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
			t.Fatal(err)
		}
	}
	bomb, err := packLines(bytes.Repeat([]byte("\n"), inboxBytes+1))
	if err != nil {
		t.Fatal(err)
	}
	half, err := packLines([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for id, body := range map[string]string{"a": "", "b": "no base64!", "c": base64.StdEncoding.EncodeToString([]byte("no gzip")), "d": bomb, "e": half} {
		q.messages = append(q.messages, InboxMessage{ID: id, Body: body})
	}
	f := &folder{files: map[string]string{}}
	for range 5 {
		rand.Shuffle(len(q.messages), func(i, j int) { q.messages[i], q.messages[j] = q.messages[j], q.messages[i] })
		got, err := Gather(t.Context(), f, append(slices.Clone(q.messages), q.messages[0]))
		if err != nil || len(got.Bad) != 5 || got.Events != 30 {
			t.Fatal(got, err)
		}
	}
	if len(f.files) != 1 || len(f.lines()) != 30 {
		t.Errorf("%d files with %d lines", len(f.files), len(f.lines()))
	}
	f.fail = f.puts + 1
	if _, err := Gather(t.Context(), f, q.messages); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if got, err := Gather(t.Context(), f, nil); err != nil || len(got.Keys) != 0 {
		t.Error(got, err)
	}
}

// A file does not grow without bounds, however well its messages were compressed.
func TestGatherMany(t *testing.T) {
	message, err := packLines([]byte(strings.Repeat("x", inboxBytes-1) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var all []InboxMessage
	for i := range gatherFile/inboxBytes + 1 {
		all = append(all, InboxMessage{ID: fmt.Sprint(i), Body: message, Sent: int64(i + 1)})
	}
	f := &folder{files: map[string]string{}}
	if got, err := Gather(t.Context(), f, all); err != nil || len(got.Keys) != 2 || got.Events != len(all) {
		t.Error(got.Keys, got.Events, err)
	}
}

func FuzzUnpackLines(f *testing.F) {
	good, err := packLines([]byte("{}\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:10])
	f.Add("")
	f.Fuzz(func(t *testing.T, message string) {
		lines, err := unpackLines(message)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
			return
		}
		again, err := packLines(lines)
		if err != nil || len(again) > QueueBytes {
			t.Error(len(again), err)
		}
		back, err := unpackLines(again)
		if err != nil || !bytes.Equal(back, lines) {
			t.Error("not the same lines")
		}
	})
}
