package embedded

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// OutboxChannel is the name of the channel that writes messages into a folder. E-mail goes there too: one machine sends none.
const OutboxChannel = strategy.ChannelOutbox

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
	Locale  string `json:"locale,omitempty"`
	Subject string `json:"subject"`
	Body    string `json:"body"`
	HTML    string `json:"html,omitempty"`
}

// letterPath is the file of a message.
func letterPath(dir, id string) string { return filepath.Join(dir, disk.SafeName(id)+".json") }

// Send implements app.Channel. A message whose file exists is left as it is.
func (o *outbox) Send(ctx context.Context, m app.Message) error {
	if o.options.ReadOnly {
		return errReadOnly()
	}
	if err := ctx.Err(); err != nil {
		return disk.Canceled(err)
	}
	if m.ID == "" {
		return fault.New(fault.Invalid, "a message needs an id")
	}
	path := letterPath(o.dir, m.ID)
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	text, err := json.MarshalIndent(letter{
		ID: m.ID, User: m.User, Rule: m.Rule, Channel: m.Channel, Locale: m.Locale, Subject: m.Subject, Body: m.Body, HTML: m.HTML,
		At: time.UnixMilli(m.At).UTC().Format(time.RFC3339),
	}, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "write the message %q", m.ID).Because(err)
	}
	if err := disk.WriteWhole(path, append(text, '\n'), o.options.NoSync); err != nil {
		return disk.Fault(err, "write the message %q into the outbox", m.ID)
	}
	return nil
}

// Idempotent implements app.Channel.
func (o *outbox) Idempotent() bool { return true }
