package journey

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Record is the append-only account of one change of a user's STATE: the versions it was decided under, the moves with their
// reasons, the messages it asked for, and the state it left behind, from which STATE can be restored.
type Record struct {
	Seq         int64        `json:"seq"` // counts the user's decisions from 1
	AsOf        int64        `json:"as_of"`
	Strategy    string       `json:"strategy"`
	Cuts        string       `json:"cuts"`
	Model       string       `json:"model"`
	Baseline    bool         `json:"baseline"`
	Why         string       `json:"why,omitempty"` // why it is a baseline, or cuts when cuts changed alone
	Transitions []Transition `json:"transitions"`
	Messages    []string     `json:"messages"` // ids of the intents
	State       StateAfter   `json:"state"`
}

// StateAfter is the content of a STATE beside its versions.
type StateAfter struct {
	Stage    string         `json:"stage"`
	From     string         `json:"from,omitempty"`
	Since    int32          `json:"since"` // days since 1970-01-01
	SinceMs  int64          `json:"since_ms"`
	Segments []string       `json:"segments,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Episodes []EpisodeAfter `json:"episodes,omitempty"`
}

// EpisodeAfter is one rule's episodes.
type EpisodeAfter struct {
	Rule    string `json:"rule"`
	Counter int64  `json:"counter"`
	Start   int64  `json:"start"`
	Open    bool   `json:"open"`
}

func (d *deciding) record() Record {
	n := &d.next
	r := Record{
		Seq: n.Seq, AsOf: n.DecidedAt, Strategy: n.Strategy, Cuts: n.Cuts, Model: n.Model, Baseline: d.set, Why: d.why,
		Transitions: d.transitions, Messages: make([]string, len(d.intents)),
		State: StateAfter{
			Stage: n.Stage, From: n.From, Since: int32(n.Since), SinceMs: n.SinceMs, Segments: n.Segments, Tags: n.Tags,
		},
	}
	if r.Transitions == nil {
		r.Transitions = []Transition{}
	}
	for i := range d.intents {
		r.Messages[i] = d.intents[i].ID
	}
	for _, ep := range n.Episodes {
		r.State.Episodes = append(r.State.Episodes, EpisodeAfter(ep))
	}
	return r
}

// Restore returns the STATE that the decision left behind: a user's STATE is that of their last record.
func (r *Record) Restore() profile.State {
	a := &r.State
	s := profile.State{
		Stage: a.Stage, From: a.From, Since: zone.Day(a.Since), SinceMs: a.SinceMs, Segments: a.Segments, Tags: a.Tags,
		DecidedAt: r.AsOf, Strategy: r.Strategy, Cuts: r.Cuts, Model: r.Model, Seq: r.Seq,
	}
	for _, ep := range a.Episodes {
		s.Episodes = append(s.Episodes, profile.Episode(ep))
	}
	return s
}

// IntentID names the message of one episode: 128 bits of the SHA-256 of user, rule and counter, each with its length before
// it, as hex.
func IntentID(user, rule string, counter int64) string {
	b := make([]byte, 0, len(user)+len(rule)+24)
	b = append(binary.AppendUvarint(b, uint64(len(user))), user...)
	b = append(binary.AppendUvarint(b, uint64(len(rule))), rule...)
	b = binary.BigEndian.AppendUint64(b, uint64(counter))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
