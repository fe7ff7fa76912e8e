package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// OutboxChannel is the name of the channel that writes messages into a folder.
const OutboxChannel = "outbox"

// outbox implements app.Channel: each message becomes one file, named by the intent's id.
type outbox struct {
	dir     string
	options Options
}

// letter is the form of a message in the outbox.
type letter struct {
	ID      string `json:"id"`
	User    string `json:"user_id"`
	Rule    string `json:"rule"`
	Channel string `json:"channel"`
	At      string `json:"at"` // RFC 3339, UTC
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

// Send implements app.Channel. A message whose file exists is left as it is.
func (o *outbox) Send(ctx context.Context, m app.Message) error {
	if o.options.ReadOnly {
		return errReadOnly()
	}
	if err := ctx.Err(); err != nil {
		return canceled(err)
	}
	if m.ID == "" {
		return fault.New(fault.Invalid, "a message needs an id")
	}
	path := filepath.Join(o.dir, safeName(m.ID)+".json")
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	text, err := json.MarshalIndent(letter{
		ID: m.ID, User: m.User, Rule: m.Rule, Channel: m.Channel, Subject: m.Subject, Body: m.Body,
		At: time.UnixMilli(m.At).UTC().Format(time.RFC3339),
	}, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "write the message %q", m.ID).Because(err)
	}
	if err := writeWhole(path, append(text, '\n'), o.options.NoSync); err != nil {
		return fileFault(err, "write the message %q into the outbox", m.ID)
	}
	return nil
}

// Idempotent implements app.Channel.
func (o *outbox) Idempotent() bool { return true }

// safeName makes any text a file name: what is not a letter, digit, '~', '_', '-' or an inner '.' is written as %XX.
func safeName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '~', c == '_', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
