package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// Keys of the documents of proposals. Texts and previews stand under the hash of what they hold and never change.
const (
	docProposals        = "proposal/n/"       // + number, ten digits
	docProposalTexts    = "proposal/text/"    // + SHA-256 of the text
	docProposalPreviews = "proposal/preview/" // + ProposalPreview.Hash
)

// Limits of proposals.
const (
	maxProposalTitle   = 200  // bytes
	maxProposalNote    = 4000 // bytes, of a note and of a review's comment
	maxProposalReviews = 30
	maxLiveProposals   = 100
	proposalTries      = 20 // how often a write is tried when others write, too
)

// ProposalState is what became of a proposal.
type ProposalState string

// The states of a proposal. In the first three it can still be published.
const (
	ProposalOpen       ProposalState = "open"
	ProposalApproved   ProposalState = "approved"
	ProposalPublishing ProposalState = "publishing" // a publication has taken it and not ended
	ProposalRejected   ProposalState = "rejected"
	ProposalWithdrawn  ProposalState = "withdrawn"
	ProposalPublished  ProposalState = "published"
	ProposalSuperseded ProposalState = "superseded" // its author proposed another one in its place
)

// Proposal is a strategy that somebody wants in force. Its text never changes; what people say of it is added.
type Proposal struct {
	Number          int64         `json:"number"` // counts from 1
	State           ProposalState `json:"state"`
	Title           string        `json:"title"`
	Note            string        `json:"note,omitempty"`
	Author          string        `json:"author"`
	At              int64         `json:"at"`
	Base            string        `json:"base"`          // the version that it was written against
	BaseSequence    int64         `json:"base_sequence"` // and its number
	Version         string        `json:"version"`       // of the text
	Text            string        `json:"text"`          // SHA-256 of it
	IncludeExisting bool          `json:"include_existing,omitempty"`
	Rollback        int64         `json:"rollback,omitempty"`    // number of the publication whose text it is; 0: none
	Replaces        int64         `json:"replaces,omitempty"`    // number of the proposal in whose place it stands
	ReplacedBy      int64         `json:"replaced_by,omitempty"` // number of the proposal that stands in its place
	Seen            *Preview      `json:"seen,omitempty"`        // what the author saw before proposing
	Preview         string        `json:"preview,omitempty"`     // hash of the newest one; "": none yet
	Users           int64         `json:"users,omitempty"`       // of that preview
	Moved           int64         `json:"moved,omitempty"`
	Reviews         []Review      `json:"reviews,omitempty"`
	Ended           int64         `json:"ended,omitempty"`       // when it was withdrawn, published, rejected or superseded
	EndedBy         string        `json:"ended_by,omitempty"`    // by whom
	Publication     int64         `json:"publication,omitempty"` // number of the publication
	Emergency       bool          `json:"emergency,omitempty"`   // a rollback that was published without the approval that is demanded

	Stale bool `json:"-"` // another strategy than its base is in force
	doc   Doc
}

// Review is what somebody said of a proposal.
type Review struct {
	By      string  `json:"by"`
	At      int64   `json:"at"`
	Verdict Verdict `json:"verdict"`
	Comment string  `json:"comment,omitempty"`
	Preview string  `json:"preview,omitempty"` // the preview that was there to be seen
}

// Verdict is a review's outcome.
type Verdict string

// The verdicts.
const (
	VerdictApprove Verdict = "approve"
	VerdictReject  Verdict = "reject"
)

// Live reports whether it can still be published.
func (p *Proposal) Live() bool {
	return p.State == ProposalOpen || p.State == ProposalApproved || p.State == ProposalPublishing
}

// ProposeRequest is a strategy to be reviewed.
type ProposeRequest struct {
	Text            []byte
	Title           string
	Note            string
	By              string // who proposes
	From            string // version the author started from; "" does not check
	Rollback        string // version or number of a publication whose text is proposed, in place of Text
	IncludeExisting bool
	Replaces        int64    // a proposal of the same author that this one stands in place of
	Seen            *Preview // what the author saw of it
}

func (r *ProposeRequest) check() error {
	switch {
	case r.By == "":
		return fault.New(fault.Invalid, "nobody proposes").WithHint("say who you are")
	case len(r.Title) > maxProposalTitle || len(r.Note) > maxProposalNote:
		return fault.New(fault.TooLarge, "the title or the note is too long").
			WithHint("a title has at most %d bytes, a note %d", maxProposalTitle, maxProposalNote)
	}
	return nil
}

// Propose stores a proposal. The same proposal by the same author against the same version is one: a call that died is repeated so.
//
// Errors: Invalid for a text with mistakes, or the one in force; Conflict when another version than From is in force or too many
// proposals wait; Forbidden for a proposal in place of somebody else's.
func (a *App) Propose(ctx context.Context, req ProposeRequest) (Proposal, error) {
	if err := req.check(); err != nil {
		return Proposal{}, err
	}
	p, err := a.newProposal(ctx, &req)
	if err != nil {
		return Proposal{}, err
	}
	for range proposalTries {
		known, err := a.place(ctx, &p)
		if err != nil {
			return Proposal{}, err
		}
		if !known {
			if err := a.keepText(ctx, p.Text, req.Text); err != nil {
				return Proposal{}, err
			}
			err := a.putProposal(ctx, &p)
			if fault.Is(err, fault.Conflict) { // somebody else has this number
				continue
			}
			if err != nil {
				return Proposal{}, fault.Wrap(err, "store the proposal")
			}
		}
		return p, a.supersede(ctx, &p)
	}
	return Proposal{}, busyProposal()
}

func busyProposal() error {
	return fault.New(fault.Unavailable, "too many people write at the same time").WithHint("try again")
}

// newProposal checks a request against the strategy in force.
func (a *App) newProposal(ctx context.Context, req *ProposeRequest) (Proposal, error) {
	now, err := a.now(ctx)
	if err != nil {
		return Proposal{}, err
	}
	current, err := a.Strategy(ctx)
	if err != nil {
		return Proposal{}, err
	}
	if req.From != "" && req.From != current.Version {
		return Proposal{}, fault.New(fault.Conflict, "the strategy in force is %s now, not %s", current.Version, req.From).
			WithHint("look at the difference, take over what changed, and propose again")
	}
	p := Proposal{
		State: ProposalOpen, Title: req.Title, Note: req.Note, Author: req.By, At: now, Base: current.Version, BaseSequence: current.Sequence,
		IncludeExisting: req.IncludeExisting, Replaces: req.Replaces, Seen: req.Seen,
	}
	if req.Rollback != "" {
		old, err := a.StrategyVersion(ctx, req.Rollback)
		if err != nil {
			return p, err
		}
		if old.Sequence >= current.Sequence || req.IncludeExisting {
			return p, fault.New(fault.Invalid, "a rollback is to an earlier publication, and messages nobody").WithHint("see: weir strategy versions")
		}
		req.Text, p.Rollback = []byte(old.Text), old.Sequence
		p.Title = cmp.Or(p.Title, fmt.Sprintf("Back to number %d", old.Sequence))
	}
	if string(req.Text) == current.Text && !req.IncludeExisting {
		return p, fault.New(fault.Invalid, "this is the strategy in force").WithHint("change something before you propose it")
	}
	check, err := a.ValidateStrategy(ctx, req.Text)
	if err != nil {
		return p, err
	}
	p.Version, p.Text = check.Version, hashHex(req.Text)
	p.Title = cmp.Or(p.Title, "Strategy "+p.Version)
	return p, nil
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// place gives a proposal its number, or finds it among those that are there.
func (a *App) place(ctx context.Context, p *Proposal) (known bool, err error) {
	all, err := a.Proposals(ctx)
	if err != nil {
		return false, err
	}
	live := 0
	p.Number, p.doc.Version = 1, 0
	for i, other := range all {
		if i == 0 {
			p.Number = other.Number + 1
		}
		if other.Number == p.Replaces && other.Author != p.Author {
			return false, fault.New(fault.Forbidden, "proposal %d is somebody else's", other.Number).WithHint("propose yours beside it")
		}
		if !other.Live() {
			continue
		}
		live++
		if other.Author == p.Author && other.Text == p.Text && other.BaseSequence == p.BaseSequence && other.Title == p.Title &&
			other.Note == p.Note && other.IncludeExisting == p.IncludeExisting && other.Replaces == p.Replaces {
			*p = other
			return true, nil
		}
	}
	if p.Replaces >= p.Number {
		return false, noProposal(p.Replaces)
	}
	if live >= maxLiveProposals {
		return false, fault.New(fault.Conflict, "%d proposals wait already", live).WithHint("withdraw or decide some first")
	}
	p.doc.Key = fmt.Sprintf("%s%010d", docProposals, p.Number)
	return false, nil
}

// keepText stores a text under its hash; one that is there is the same.
func (a *App) keepText(ctx context.Context, hash string, text []byte) error {
	err := a.ports.Docs.Put(ctx, Doc{Key: docProposalTexts + hash, Value: text, At: a.ports.Clock()})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return wrapped(err, "keep the text of the proposal")
}

// supersede marks the proposal in whose place one stands.
func (a *App) supersede(ctx context.Context, p *Proposal) error {
	if p.Replaces == 0 {
		return nil
	}
	_, err := a.changeProposal(ctx, p.Replaces, func(old *Proposal) error {
		if old.State == ProposalOpen || old.State == ProposalApproved {
			old.State, old.ReplacedBy, old.Ended, old.EndedBy = ProposalSuperseded, p.Number, p.At, p.Author
		}
		return nil
	})
	return err
}

// putProposal stores a record; Conflict when somebody else changed it since it was read.
func (a *App) putProposal(ctx context.Context, p *Proposal) error {
	value, err := json.Marshal(p)
	if err != nil {
		return fault.New(fault.Internal, "the proposal cannot be written").Because(err)
	}
	d := Doc{Key: p.doc.Key, Version: p.doc.Version, Value: value, At: a.ports.Clock()}
	if err := a.ports.Docs.Put(ctx, d); err != nil {
		return err
	}
	d.Version++
	p.doc = d
	return nil
}

// changeProposal changes what is stored of a proposal; whoever is overtaken looks again. change is called with what is stored.
func (a *App) changeProposal(ctx context.Context, number int64, change func(*Proposal) error) (Proposal, error) {
	for range proposalTries {
		p, err := a.Proposal(ctx, number)
		if err != nil {
			return p, err
		}
		if err := change(&p); err != nil {
			return p, err
		}
		if after, err := json.Marshal(p); err == nil && string(after) == string(p.doc.Value) {
			return p, nil
		}
		err = a.putProposal(ctx, &p)
		if !fault.Is(err, fault.Conflict) {
			return p, wrapped(err, "store the proposal")
		}
	}
	return Proposal{}, busyProposal()
}

func noProposal(number int64) error {
	return fault.New(fault.NotFound, "there is no proposal %d", number).WithHint("list them with: weir strategy proposals")
}

// Proposal returns one proposal.
func (a *App) Proposal(ctx context.Context, number int64) (Proposal, error) {
	var p Proposal
	d, err := a.getDoc(ctx, fmt.Sprintf("%s%010d", docProposals, number), &p)
	if err != nil {
		return p, err
	}
	if d.Version == 0 {
		return p, noProposal(number)
	}
	p.doc = d
	current, err := a.Strategy(ctx)
	if err != nil {
		return p, err
	}
	return p, a.seeProposal(ctx, &p, &current)
}

// Proposals returns every proposal, newest first.
func (a *App) Proposals(ctx context.Context) ([]Proposal, error) {
	docs, err := a.ports.Docs.List(ctx, docProposals)
	if err != nil {
		return nil, fault.Wrap(err, "list the proposals")
	}
	current, err := a.Strategy(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Proposal, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Value, &out[i]); err != nil {
			return nil, fault.New(fault.Internal, "document %s cannot be read", d.Key).Because(err)
		}
		out[i].doc = d
		if err := a.seeProposal(ctx, &out[i], &current); err != nil {
			return nil, err
		}
	}
	slices.Reverse(out)
	return out, nil
}

// seeProposal says what the strategy in force makes of a proposal: it is stale when another one than its base is in force, and was
// published when the publication says so, whatever its record has come to.
func (a *App) seeProposal(ctx context.Context, p *Proposal, current *StrategyVersion) error {
	if !p.Live() || current.Sequence <= p.BaseSequence {
		return nil
	}
	p.Stale = true
	next := *current
	if current.Sequence != p.BaseSequence+1 {
		next = StrategyVersion{}
		if _, err := a.getDoc(ctx, fmt.Sprintf("%s%010d", docVersions, p.BaseSequence+1), &next); err != nil {
			return err
		}
	}
	if next.Proposal == p.Number {
		p.published(&next)
	}
	return nil
}

func (p *Proposal) published(v *StrategyVersion) {
	p.State, p.Publication, p.Ended, p.EndedBy, p.Emergency, p.Stale = ProposalPublished, v.Sequence, v.At, v.By, v.Emergency, false
}

// ProposalText returns the text of a proposal.
func (a *App) ProposalText(ctx context.Context, p *Proposal) (string, error) {
	d, err := a.ports.Docs.Get(ctx, docProposalTexts+p.Text)
	if err != nil {
		return "", fault.Wrap(err, "read the text of proposal %d", p.Number)
	}
	if hashHex(d.Value) != p.Text {
		return "", fault.New(fault.Internal, "the text of proposal %d is not the one that was proposed", p.Number)
	}
	return string(d.Value), nil
}

// ProposalDiff compares the text of a proposal with the publication that it was written against.
func (a *App) ProposalDiff(ctx context.Context, p *Proposal) (StrategyDiff, error) {
	var old StrategyVersion
	if _, err := a.getDoc(ctx, fmt.Sprintf("%s%010d", docVersions, p.BaseSequence), &old); err != nil {
		return StrategyDiff{}, err
	}
	text, err := a.ProposalText(ctx, p)
	if err != nil {
		return StrategyDiff{}, err
	}
	d := StrategyDiff{From: p.Base, To: p.Version, Lines: strategy.DiffLines([]byte(old.Text), []byte(text))}
	before, err := strategy.Parse([]byte(old.Text))
	if err != nil {
		return d, nil //nolint:nilerr // written before what an earlier program took became a mistake: its lines tell
	}
	if after, err := strategy.Parse([]byte(text)); err == nil {
		d.Changes = strategy.Changes(before, after)
	}
	return d, nil
}
