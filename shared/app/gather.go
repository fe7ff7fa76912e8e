package app

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Bytes of event lines: in one message of the inbox, which is never longer than QueueBytes even where nothing can be compressed, and
// in one file that Gather writes.
const (
	inboxBytes = 180_000
	gatherFile = 32 << 20
)

// enqueue sends events to the inbox. A line that fits no message goes into the bucket at once, as a file.
func (a *App) enqueue(ctx context.Context, lines [][]byte) error {
	var group, large []byte
	for _, line := range lines {
		if len(line)+1 > inboxBytes {
			large = append(append(large, line...), '\n')
			continue
		}
		if len(group)+len(line)+1 > inboxBytes {
			if err := a.send(ctx, group); err != nil {
				return err
			}
			group = group[:0]
		}
		group = append(append(group, line...), '\n')
	}
	if len(large) > 0 {
		if err := a.collect(ctx, large); err != nil {
			return err
		}
	}
	if len(group) == 0 {
		return nil
	}
	return a.send(ctx, group)
}

func (a *App) send(ctx context.Context, lines []byte) error {
	message, err := packLines(lines)
	if err != nil {
		return err
	}
	if err := a.ports.Inbox.Send(ctx, message); err != nil {
		return fault.Wrap(err, "queue the events")
	}
	return nil
}

// packLines writes lines as a message: gzip in base64, because queues take no control characters and count by the byte.
func packLines(lines []byte) (string, error) {
	var b strings.Builder
	text := base64.NewEncoder(base64.StdEncoding, &b)
	z := gzip.NewWriter(text)
	if _, err := z.Write(lines); err != nil {
		return "", fault.New(fault.Internal, "the events cannot be compressed").Because(err)
	}
	if err := z.Close(); err != nil {
		return "", fault.New(fault.Internal, "the events cannot be compressed").Because(err)
	}
	if err := text.Close(); err != nil {
		return "", fault.New(fault.Internal, "the events cannot be compressed").Because(err)
	}
	return b.String(), nil
}

// unpackLines reads a message. Invalid for one that packLines did not write.
func unpackLines(message string) ([]byte, error) {
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(message)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "a message holds no events").WithHint("only the API sends to this queue").Because(err)
	}
	lines, err := io.ReadAll(io.LimitReader(z, inboxBytes+1))
	if err != nil || len(lines) > inboxBytes || len(lines) == 0 || lines[len(lines)-1] != '\n' {
		return nil, fault.New(fault.Invalid, "a message holds no whole events").WithHint("only the API sends to this queue").Because(err)
	}
	return lines, nil
}

// InboxMessage is a message as it comes out of the inbox.
type InboxMessage struct {
	ID   string // the same each time the message comes
	Body string
	Sent int64 // unix milliseconds
}

// Gathered is what became of messages.
type Gathered struct {
	Keys   []string         // of the files
	Events int              // lines in them
	Bad    map[string]error // by id: messages that hold no events
}

// Gather writes the events of messages into files of the bucket, few as they are. The same messages make the same files, in whatever
// order they come, so that a repetition changes nothing; messages that come again in other company make another file, whose events
// are known then by their ids. A message is done when Gather has returned without an error.
func Gather(ctx context.Context, to Uploads, messages []InboxMessage) (Gathered, error) {
	sorted := slices.Clone(messages)
	slices.SortFunc(sorted, func(x, y InboxMessage) int { return cmp.Compare(x.ID, y.ID) })
	sorted = slices.CompactFunc(sorted, func(x, y InboxMessage) bool { return x.ID == y.ID })
	out := Gathered{Bad: map[string]error{}}
	var text []byte
	first := int64(0)
	flush := func() error {
		if len(text) == 0 {
			return nil
		}
		sum := sha256.Sum256(text)
		key := fmt.Sprintf("api-%d-%s.ndjson", first, hex.EncodeToString(sum[:8]))
		if _, err := to.Put(ctx, key, bytes.NewReader(text)); err != nil {
			return fault.Wrap(err, "keep the events")
		}
		out.Keys, out.Events = append(out.Keys, key), out.Events+bytes.Count(text, []byte("\n"))
		text, first = text[:0], 0
		return nil
	}
	for _, m := range sorted {
		lines, err := unpackLines(m.Body)
		if err != nil {
			out.Bad[m.ID] = err
			continue
		}
		if len(text)+len(lines) > gatherFile {
			if err := flush(); err != nil {
				return out, err
			}
		}
		text = append(text, lines...)
		if first == 0 || m.Sent < first {
			first = m.Sent
		}
	}
	return out, flush()
}
