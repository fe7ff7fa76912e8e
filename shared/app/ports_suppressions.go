package app

import "context"

// Suppression says that nothing goes out to somebody by a channel, whatever consent says.
type Suppression struct {
	Channel string
	Who     string // SuppressedUser of a user's key, or the reference of an address (contact.Index.Ref)
	Topic   string // "" for whatever it is about
	Reason  SuppressionReason
	Source  string // who or what brought it: link, api, cli
	Note    string
	At      int64
}

// SuppressionReason is why an entry is there.
type SuppressionReason string

// The reasons of suppressions.
const (
	Unsubscribed SuppressionReason = "unsubscribed" // consent that is given later lifts it
	Bounced      SuppressionReason = "bounced"
	Complained   SuppressionReason = "complained"
	ByHand       SuppressionReason = "manual"
)

// SuppressedUser is the Who of a user.
func SuppressedUser(key string) string { return "user:" + key }

// Suppressions is the list of those whom nothing goes out to. It holds no address: an address stands there as its reference.
type Suppressions interface {
	// Find returns the entries of any of who on a channel, of every topic.
	Find(ctx context.Context, channel string, who []string) ([]Suppression, error)
	// Put stores an entry by (Channel, Who, Topic); one that is there is replaced.
	Put(ctx context.Context, s Suppression) error
	// Remove removes an entry; one that is not there is no error.
	Remove(ctx context.Context, channel, who, topic string) error
	// List returns up to limit entries by (Who, Channel, Topic), after the place of `after`; the zero Suppression for the first page.
	List(ctx context.Context, after Suppression, limit int) ([]Suppression, error)
}
