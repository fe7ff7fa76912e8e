package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/strategy"
)

// SuppressionRequest names whom nothing shall go out to any more, or again: by an address or by a user's id.
type SuppressionRequest struct {
	Channel string // "" is email
	Address string
	User    string
	Who     string // of an entry of the list, instead of the two
	Topic   string
	Reason  SuppressionReason // "" is manual
	Source  string
	Note    string
}

// Limits of what people write into the list.
const maxSuppressionNote = 1000

var suppressionReasons = []SuppressionReason{ByHand, Unsubscribed, Bounced, Complained}

// who finds out whom a request means.
func (a *App) who(ctx context.Context, r *SuppressionRequest) (string, error) {
	r.Channel = orDefault(r.Channel, strategy.ChannelEmail)
	given := 0
	for _, s := range []string{r.Address, r.User, r.Who} {
		if s != "" {
			given++
		}
	}
	switch {
	case r.Channel != strategy.ChannelEmail && r.Channel != strategy.ChannelOutbox:
		return "", fault.New(fault.Invalid, "no channel is called %q", r.Channel).WithHint("use email or outbox")
	case given != 1:
		return "", fault.New(fault.Invalid, "say whom: an address or a user").WithHint("give one of the two")
	case r.Who != "":
		return r.Who, nil
	case r.User != "":
		key, _, err := a.canonical(ctx, r.User)
		return SuppressedUser(key), err
	}
	address, ok := contact.Normalize(contact.Email, r.Address)
	if !ok {
		return "", fault.New(fault.Invalid, "that is no e-mail address").WithHint("an address such as name@example.com")
	}
	key, err := a.ports.Contacts.Index(ctx)
	if err != nil {
		return "", fault.Wrap(err, "read the base's keys")
	}
	return contact.NewIndex(key).Ref(contact.Email, address), nil
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Suppress puts somebody on the list of those whom nothing goes out to. It holds from the next message on. Of an address the list keeps
// a reference alone.
func (a *App) Suppress(ctx context.Context, r SuppressionRequest) (Suppression, error) {
	who, err := a.who(ctx, &r)
	if err != nil {
		return Suppression{}, err
	}
	if r.Reason == "" {
		r.Reason = ByHand
	}
	if !slices.Contains(suppressionReasons, r.Reason) {
		return Suppression{}, fault.New(fault.Invalid, "%q is no reason", r.Reason).WithHint("use manual, unsubscribed, bounced or complained")
	}
	if len(r.Note) > maxSuppressionNote || len(r.Topic) > strategy.MaxName || len(who) > 2*maxSuppressionNote {
		return Suppression{}, fault.New(fault.TooLarge, "the note or the topic is too long").WithHint("a note has at most %d bytes", maxSuppressionNote)
	}
	now, err := a.now(ctx)
	if err != nil {
		return Suppression{}, err
	}
	s := Suppression{Channel: r.Channel, Who: who, Topic: r.Topic, Reason: r.Reason, Source: r.Source, Note: r.Note, At: now}
	return s, wrapped(a.ports.Suppressions.Put(ctx, s), "put somebody on the suppression list")
}

// Unsuppress takes an entry off the list. Consent is another matter: what a user withdrew stays withdrawn.
func (a *App) Unsuppress(ctx context.Context, r SuppressionRequest) error {
	who, err := a.who(ctx, &r)
	if err != nil {
		return err
	}
	found, err := a.ports.Suppressions.Find(ctx, r.Channel, []string{who})
	if err != nil {
		return fault.Wrap(err, "read the suppression list")
	}
	if !slices.ContainsFunc(found, func(s Suppression) bool { return s.Topic == r.Topic }) {
		return fault.New(fault.NotFound, "there is no such entry on the suppression list").WithHint("see: weir suppression list")
	}
	return wrapped(a.ports.Suppressions.Remove(ctx, r.Channel, who, r.Topic), "take somebody off the suppression list")
}

// SuppressionList returns a page of the list; the next one begins after the last entry.
func (a *App) SuppressionList(ctx context.Context, after Suppression, limit int) ([]Suppression, error) {
	page, err := a.ports.Suppressions.List(ctx, after, min(max(limit, 1), 1000))
	return page, wrapped(err, "read the suppression list")
}

// listed returns why the suppression list stops a message, "" when it does not.
func (a *App) listed(ctx context.Context, channel, topic, key, address string, c outreach.Consent) (string, error) {
	who := []string{SuppressedUser(key)}
	if address != "" {
		index, err := a.ports.Contacts.Index(ctx)
		if err != nil {
			return "", fault.Wrap(err, "read the base's keys")
		}
		normal, _ := contact.Normalize(contact.Email, address)
		who = append(who, contact.NewIndex(index).Ref(contact.Email, normal))
	}
	found, err := a.ports.Suppressions.Find(ctx, channel, who)
	if err != nil {
		return "", fault.Wrap(err, "read the suppression list")
	}
	for _, s := range found {
		lifted := s.Reason == Unsubscribed && c.Given && c.At > s.At
		if (s.Topic == "" || s.Topic == topic) && !lifted {
			return "suppressed: " + string(s.Reason) + ", since " + time.UnixMilli(s.At).UTC().Format(time.DateOnly), nil
		}
	}
	return "", nil
}

// noPublic stands in links where nobody has said where this base is reached.
const noPublic = "https://weir.invalid"

// unsubscribeAddress is the address of the page that ends messages like one.
func (a *App) unsubscribeAddress(ctx context.Context, s outreach.Subscription) (string, error) {
	secret, err := a.ports.Contacts.Index(ctx)
	if err != nil {
		return "", fault.Wrap(err, "read the base's keys")
	}
	return strings.TrimRight(orDefault(a.public, noPublic), "/") + "/v1/unsubscribe?t=" + outreach.Sign(secret, s), nil
}

// Subscription reads the token of a link to unsubscribe. It changes nothing and does not look whether there is such a user.
func (a *App) Subscription(ctx context.Context, token string) (outreach.Subscription, error) {
	secret, err := a.ports.Contacts.Index(ctx)
	if err != nil {
		return outreach.Subscription{}, fault.Wrap(err, "read the base's keys")
	}
	return outreach.Open(secret, token)
}

// Unsubscribe ends what a token names; with everything the channel as a whole. It holds from the next message on, pending ones too, and
// becomes a fact of the user by an event. It is safe to repeat, and says the same of users that are not there.
func (a *App) Unsubscribe(ctx context.Context, token string, everything bool) (outreach.Subscription, error) {
	s, err := a.Subscription(ctx, token)
	if err != nil {
		return s, err
	}
	if everything {
		s.Topic = ""
	}
	now, err := a.now(ctx)
	if err != nil {
		return s, err
	}
	entry := Suppression{Channel: s.Channel, Who: SuppressedUser(s.Key), Topic: s.Topic, Reason: Unsubscribed, Source: "link", At: now}
	if err := a.ports.Suppressions.Put(ctx, entry); err != nil {
		return s, fault.Wrap(err, "keep that somebody unsubscribed")
	}
	line, err := unsubscribeEvent(s, now)
	if err != nil {
		return s, err
	}
	return s, wrapped(a.Collect(ctx, [][]byte{line}), "keep that somebody unsubscribed")
}

// unsubscribeEvent is the event by which consent is withdrawn. Repeated on one day it is the same event.
func unsubscribeEvent(s outreach.Subscription, now int64) ([]byte, error) {
	at := time.UnixMilli(now).UTC()
	sum := sha256.Sum256([]byte(strings.Join([]string{s.Channel, s.Topic, s.Key, at.Format(time.DateOnly)}, "\x00")))
	e := map[string]any{
		"type": "identify", "messageId": "unsubscribe-" + hex.EncodeToString(sum[:12]), "timestamp": at.Format("2006-01-02T15:04:05.000Z07:00"),
		"traits": map[string]bool{outreach.ConsentTrait(s.Channel, s.Topic): false},
	}
	if id, anonymous := strings.CutPrefix(s.Key, "anon:"); anonymous {
		e["anonymousId"] = id
	} else {
		e["userId"] = s.Key
	}
	line, err := json.Marshal(e)
	if err != nil {
		return nil, fault.New(fault.Internal, "an event cannot be written").Because(err)
	}
	return line, nil
}
