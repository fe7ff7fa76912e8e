// Package parity scores random profiles and hashes every bit that comes out: FACTS and their encoding, identities, stages, RFM,
// tiers, tags, segments, conditions, the bound on the next change, decisions and their reasons, purchase models, lifetime value,
// reports over a base, the columns of what-ifs, and the functions below them. The hash is the same on amd64 at every level, arm64
// and wasm (G3). A small set is hashed in every test run, a million profiles by `make parity`.
//
// Profiles come in blocks that do not depend on each other, so that targets can share the work and a difference can be found.
package parity

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

//go:embed strategy.yaml
var common string

//go:embed conditions.txt
var conditions string

// heads are what the strategies differ in: zone, money, what silence is, ties, grid and lifecycle.
var heads = []string{
	`weir: 1
zone: Asia/Shanghai
currency: CNY
lifecycle: {preset: commerce, thresholds: {silent_days: 60, churned_days: 120}, dwell_days: {silent: 7}, transitions: {churned: [active, first_purchase]}}
`,
	`weir: 1
zone: Europe/Berlin
currency: EUR
rfm: {ties: ntile_first, grid: eleven, cn: {m_kind: average, cut: median}}
lifecycle: {preset: growth}
`,
	`weir: 1
zone: UTC
currency: JPY
activity: {of: events}
rfm: {ties: fixed, recency: [30, 60, 120, 240], frequency: [1, 2, 4, 8], monetary: [5000, 10000, 25000, 50000], cn: {cut: fixed, fixed: [60, 3, 20000]}}
lifecycle:
  preset: custom
  stages:
    - {name: visitor, when: orders == 0}
    - {name: active, when: 'recency_days * 1.5 < 90 || rfm == "champions"'}
    - {name: former}
`,
}

// kinds are the models that each strategy is scored with.
var kinds = [][]string{{"mbgnbd", "", "nbd"}, {"paretonbd"}, {"bgnbd"}}

// Suite is the strategies that blocks are scored under, compiled. It is safe for concurrent use.
type Suite struct {
	zones    func(name string) *zone.Zone // of users
	engines  []*score.Engine
	programs [][]*segment.Program // by engine
}

// New compiles the suite.
func New() (*Suite, error) {
	berlin, err := central()
	if err != nil {
		return nil, err
	}
	s := &Suite{zones: usersIn(berlin)}
	for i, z := range []*zone.Zone{shanghai(), berlin, zone.UTC} {
		for _, kind := range kinds[i] {
			if err := s.add(heads[i]+common, z, kind); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// add compiles a strategy for a zone, with a model of purchases of a kind unless that is "".
func (s *Suite) add(text string, z *zone.Zone, kind string) error {
	st, err := strategy.Parse([]byte(text))
	if err != nil {
		return fault.Wrap(err, "read a strategy of the parity suite")
	}
	e, err := score.New(st, z)
	if err != nil {
		return fault.Wrap(err, "compile a strategy of the parity suite")
	}
	e = e.WithZones(s.zones)
	if kind != "" {
		if e, err = with(e, kind); err != nil {
			return err
		}
	}
	var programs []*segment.Program
	for _, text := range strings.Split(strings.TrimSpace(conditions), "\n") {
		p, err := e.Compile(text)
		if err != nil {
			return fault.Wrap(err, "compile the condition %s", text)
		}
		programs = append(programs, p)
	}
	s.engines, s.programs = append(s.engines, e), append(s.programs, programs)
	return nil
}

// Sum is the hash of a block, or of one profile in it.
type Sum [32]byte

// Block hashes block n with a number of profiles. each, unless it is nil, is called with every profile's own hash: what it was
// made from and everything that was computed of it. The error names a profile for which a number is not finite, or whose
// encoding or reasons do not give it back.
func (s *Suite) Block(n, profiles int, each func(i int, sum Sum)) (Sum, error) {
	b := s.block(n)
	sums, err := b.users(n, profiles)
	if err != nil {
		return Sum{}, err
	}
	b.bases()
	if err := b.columns(); err != nil {
		return Sum{}, fault.Wrap(err, "evaluate block %d as columns", n)
	}
	for i := range b.made {
		own := newDigest()
		b.h.bytes(sums[i][:])
		own.bytes(sums[i][:])
		if err := b.score(own, drawOf(n, i+profiles), i); err != nil {
			return Sum{}, fault.Wrap(err, "score profile %d of block %d", i, n)
		}
		if own.infinite {
			return Sum{}, fault.New(fault.Internal, "profile %d of block %d: a number is not finite", i, n)
		}
		sum := own.sum()
		b.h.bytes(sum[:])
		if each != nil {
			each(i, sum)
		}
	}
	return b.h.sum(), nil
}

func (s *Suite) block(n int) *block {
	k := n % len(s.engines)
	b := &block{e: s.engines[k], programs: s.programs[k], zones: s.zones, h: newDigest()}
	b.maker = maker{schema: b.e.Schema(), parser: event.NewParser(event.DefaultLimits)}
	return b
}

// block is the work on one block.
type block struct {
	e        *score.Engine
	programs []*segment.Program
	zones    func(name string) *zone.Zone // of users
	maker    maker
	made     []user
	cuts     *score.Cuts
	h        *digest
	encoded  []byte
	again    profile.Facts
	r        score.Result
}

// users makes the users of a block and hashes each.
func (b *block) users(n, profiles int) ([]Sum, error) {
	sums := make([]Sum, profiles)
	for i := range profiles {
		b.maker.digest = newDigest()
		u, err := b.maker.userOf(drawOf(n, i))
		if err != nil {
			return nil, err
		}
		b.encoded = profile.EncodeFacts(b.encoded[:0], u.facts)
		b.maker.digest.texts(u.key)
		b.maker.digest.ints(int(event.UserHash(u.key)))
		b.maker.digest.bytes(b.encoded)
		sums[i] = b.maker.digest.sum()
		b.made = append(b.made, u)
	}
	return sums, nil
}

// conditionsOf: a user is asked one condition of so many, the next user the others.
const conditionsOf = 3

// score hashes everything that is computed of one user.
func (b *block) score(h *digest, d *draw, i int) error {
	u, cuts := &b.made[i], b.cuts
	if d.one(32) {
		cuts = nil
	}
	st := b.maker.state(d, b.e.Strategy().StageNames(), u.asOf)
	b.e.Score(u.key, u.facts, st, cuts, u.asOf, &b.r)
	b.result(h)
	for k := i % conditionsOf; k < len(b.programs); k += conditionsOf {
		h.truth(b.e.Match(b.programs[k], u.facts, st, &b.r, u.asOf))
	}
	h.ints(int(b.e.NextChange(u.key, u.facts, st, cuts, u.asOf)))
	if i%2 == 0 {
		formulas(h, d, &b.r, i)
	}
	functions(h, d)
	if i%8 == 0 {
		decision := journey.Decide(b.e, u.key, u.facts, st, cuts, u.asOf, d.one(2))
		h.bytes(profile.EncodeState(nil, &decision.State))
		for _, intent := range decision.Intents {
			h.texts(intent.ID)
		}
	}
	if i%16 == 0 {
		value := b.e.Value(u.facts, u.asOf)
		h.truth(value.OK)
		h.floats(value.PerPurchase, value.CLV, value.Low, value.High)
		churn := b.e.Churn(u.facts, u.asOf)
		h.ints(churn.LeadDays, len(churn.Reasons))
		for _, r := range churn.Reasons {
			h.texts(r.Feature, r.Text.Zh, r.Text.En)
			h.floats(r.Contribution)
		}
	}
	if i%64 == 0 {
		return b.reasons(h, u, st, cuts)
	}
	return nil
}

func (b *block) result(h *digest) {
	r := &b.r
	h.ints(int(r.FirstSeen), int(r.LastSeen), r.Orders, r.PurchaseDays, r.X, r.TXDays, r.TDays, int(r.Spend), r.RecencyDays, r.SilenceDays, r.R, r.F, r.M, r.Engagement, int(r.Since))
	h.floats(r.TX, r.T, r.MX, r.PAlive, r.Expected, r.ChurnP)
	h.truth(r.ChurnWarning)
	h.texts(r.RFM, r.RFMCN, r.Tier, r.Candidate, r.Stage)
	h.list(r.Tags)
	h.list(r.Segments)
}

// reasons hashes the reasons of every score as JSON, and computes each score again from them; the encoding is read back.
func (b *block) reasons(h *digest, u *user, st *profile.State, cuts *score.Cuts) error {
	reasons := b.e.Explain(u.key, u.facts, st, cuts, u.asOf)
	text, err := json.Marshal(reasons)
	if err != nil {
		return err
	}
	h.bytes(text)
	for _, r := range reasons {
		if value, err := score.ReplayIn(r, b.e.Zone(), b.zones); err != nil || value != r.Value {
			return fault.New(fault.Internal, "the reasons of %s give %q, not %q (%v)", r.Score, value, r.Value, err)
		}
	}
	b.encoded = profile.EncodeFacts(b.encoded[:0], u.facts)
	if err := profile.DecodeFacts(b.encoded, &b.again); err != nil {
		return err
	}
	if again := profile.EncodeFacts(nil, &b.again); string(again) != string(b.encoded) {
		return fault.New(fault.Internal, "the encoding of FACTS is not what it decodes to")
	}
	return nil
}
