package score

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// The rules by which values become scores 1 to 5.
const (
	// TiesMinRank: 1 + floor(5·(minrank−1)/n). Equal values share a score, buckets may be uneven.
	TiesMinRank = "min_rank"
	// TiesNtileFirst: even buckets. Frequency is ranked with ties broken by the user's key; recency and money, which tie
	// rarely, are cut at the linear-interpolated quintiles.
	TiesNtileFirst = "ntile_first"
	// TiesFixed: cuts from the strategy.
	TiesFixed = "fixed"
)

// How the Chinese eight measure money, and where they cut.
const (
	MoneyTotal   = "total"
	MoneyAverage = "average"
	CutMean      = "mean"
	CutMedian    = "median"
	CutFixed     = "fixed"
)

// Cuts are the thresholds that turn values into scores. They are computed from a base once, published, and never change:
// with them the scores of a user depend on no other user. Values are whole numbers (days, purchase days, minor units), and a
// score is counted by comparing integers.
type Cuts struct {
	Version  string `json:"version"`  // 12 hex digits of the hash of everything below
	AsOf     int64  `json:"as_of"`    // unix milliseconds: when the base was measured
	Strategy string `json:"strategy"` // version of the strategy that asked for them
	Basis    string `json:"basis"`    // hash of the settings they follow from: cuts fit every strategy with this basis
	Ties     string `json:"ties"`
	Currency string `json:"currency"`
	Users    int64  `json:"users"` // of the base
	N        int64  `json:"n"`     // of them, with a purchase

	// Recency holds four numbers of days, ascending: R = 5 − how many of them the days since the last purchase exceed.
	Recency []int64 `json:"recency_days"`
	// Frequency holds four numbers of purchase days, ascending: F = 1 + how many of them the user exceeds.
	Frequency []FrequencyCut `json:"frequency"`
	// Monetary holds four amounts in minor units, ascending: M = 1 + how many of them the net spend exceeds.
	Monetary []int64 `json:"monetary_minor"`

	CN    CNCuts    `json:"cn"`
	Tiers []TierCut `json:"tiers"`
}

// FrequencyCut is exceeded by larger values, and at the same value by users whose key is larger, when it names a key.
type FrequencyCut struct {
	Value int64  `json:"value"`
	Key   string `json:"key,omitempty"`
}

// CNCuts are the three cuts of the Chinese eight: near when recency ≤ Recency; frequent and valuable above the others.
type CNCuts struct {
	MKind     string `json:"m_kind"`
	Cut       string `json:"cut"`
	Recency   int64  `json:"recency_days"`
	Frequency int64  `json:"frequency"`
	Monetary  int64  `json:"monetary_minor"`
}

// TierCut is a value tier and the least net spend (minor units) that reaches it.
type TierCut struct {
	Name  string  `json:"name"`
	Top   float64 `json:"top"`
	Least int64   `json:"least_minor"`
	Rest  bool    `json:"rest,omitempty"` // everybody else: Least means nothing
}

func (c *CNCuts) known() bool { return c.Cut != "" }

func (c *Cuts) scored() bool {
	return len(c.Recency) == 4 && len(c.Frequency) == 4 && len(c.Monetary) == 4
}

// ParseCuts reads published cuts and checks that they are whole: their version must be the hash of their content.
func ParseCuts(text []byte) (*Cuts, error) {
	c := new(Cuts)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fault.New(fault.Invalid, "the cuts are not valid JSON").Because(err).WithHint("publish new cuts")
	}
	if want := c.hash(); c.Version != want {
		return nil, fault.New(fault.Invalid, "the cuts say version %q but their content is version %q", c.Version, want).
			WithHint("cuts are immutable: publish new ones instead of editing them")
	}
	return c, nil
}

// JSON is the published form of the cuts.
func (c *Cuts) JSON() []byte {
	b, err := json.Marshal(c)
	if err != nil { // a struct of numbers and strings always marshals
		panic(err)
	}
	return b
}

func (c *Cuts) hash() string {
	bare := *c
	bare.Version = ""
	return shortHash(bare.JSON())
}

func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// basisOf hashes the settings that cuts follow from.
func basisOf(s *strategy.Strategy) string {
	tiers := make([]TierCut, len(s.Tiers))
	for i, t := range s.Tiers {
		tiers[i] = TierCut{Name: t.Name, Top: t.Top}
	}
	b, err := json.Marshal(struct {
		RFM      strategy.RFM
		Tiers    []TierCut
		Currency string
		Zone     string
		Purchase strategy.Purchase
		Refund   strategy.Refund
	}{s.RFM, tiers, s.Currency, s.Zone, s.Purchase, s.Refund})
	if err != nil {
		panic(err)
	}
	return shortHash(b)
}

// CutsBuilder gathers the values of a base and computes its cuts. Memory: for each dimension 4 bytes for each of the values
// that are not small, and a table of 256 KiB for those that are; with ntile_first also the keys, front-coded. It is not safe
// for concurrent use.
type CutsBuilder struct {
	s        *strategy.Strategy
	version  string
	asOf     int64
	day      zone.Day
	users    int64
	ties     string
	recency  column
	freq     column
	money    column
	averages column
	keys     keyList
}

// NewCuts starts the cuts of a base at a moment (unix milliseconds).
func (e *Engine) NewCuts(asOf int64) *CutsBuilder {
	return &CutsBuilder{s: e.s, version: e.version, asOf: asOf, day: e.zone.Day(asOf), ties: orElse(e.s.RFM.Ties, TiesMinRank)}
}

// Add adds one user; one who never bought counts for nothing. Adding users by ascending key keeps ntile_first cheap.
func (b *CutsBuilder) Add(key string, f *profile.Facts) {
	b.users++
	var h history
	h.read(f, b.day)
	if h.days > 0 {
		b.add(key, &h)
	}
}

func (b *CutsBuilder) add(key string, h *history) {
	b.recency.add(int64(h.recency))
	b.freq.add(int64(h.days))
	b.money.add(h.spend)
	if b.s.RFM.CN.MKind == MoneyAverage {
		b.averages.add(h.average())
	}
	if b.ties == TiesNtileFirst {
		b.keys.add(key, int64(h.days))
	}
}

// Build computes the cuts. Without any buyer there is nothing to compare with: then quantile cuts score nobody.
func (b *CutsBuilder) Build() *Cuts {
	c := &Cuts{
		AsOf: b.asOf, Strategy: b.version, Basis: basisOf(b.s), Ties: b.ties, Currency: b.s.Currency,
		Users: b.users, N: b.money.n,
		Recency: []int64{}, Frequency: []FrequencyCut{}, Monetary: []int64{}, Tiers: []TierCut{},
	}
	switch {
	case b.ties == TiesFixed:
		b.fixed(c)
	case b.money.n == 0:
	case b.ties == TiesNtileFirst:
		b.ntileFirst(c)
	default:
		b.minRank(c)
	}
	b.chinese(c)
	b.tiers(c)
	c.Version = c.hash()
	return c
}

// minRank cuts where 1 + floor(5·(minrank−1)/n) steps. The score passes k when at least k·n/5 users are worse, so the cut is
// the value at rank ceil(k·n/5) − 1. Recency ranks from the longest ago; its cut is turned round to "at most this many days".
func (b *CutsBuilder) minRank(c *Cuts) {
	n := b.money.n
	for k := int64(1); k <= 4; k++ {
		j := (k*n+4)/5 - 1
		c.Frequency = append(c.Frequency, FrequencyCut{Value: b.freq.at(j)})
		c.Monetary = append(c.Monetary, b.money.at(j))
		c.Recency = append(c.Recency, b.recency.at(n-1-j)-1)
	}
	slices.Reverse(c.Recency)
}

// ntileFirst cuts recency and money at the quintiles, and frequency between two users of the ranking by (value, key): rank r
// (0-based) is in bucket 1 + #{k: 5·r > k·(n−1)}.
func (b *CutsBuilder) ntileFirst(c *Cuts) {
	n := b.money.n
	for k := int64(1); k <= 4; k++ {
		c.Recency = append(c.Recency, b.recency.quantile(k, 5))
		c.Monetary = append(c.Monetary, b.money.quantile(k, 5))
		last := k * (n - 1) / 5 // the last rank that stays at or below k
		v := b.freq.at(last)
		c.Frequency = append(c.Frequency, FrequencyCut{Value: v, Key: b.keys.nth(v, last-b.freq.below(v))})
	}
}

func (b *CutsBuilder) fixed(c *Cuts) {
	for _, v := range b.s.RFM.Recency {
		c.Recency = append(c.Recency, floorOf(v))
	}
	for _, v := range b.s.RFM.Freq {
		c.Frequency = append(c.Frequency, FrequencyCut{Value: floorOf(v)})
	}
	for _, v := range b.s.RFM.Money {
		c.Monetary = append(c.Monetary, minorOf(v, b.s.Currency))
	}
}

func (b *CutsBuilder) chinese(c *Cuts) {
	cn := b.s.RFM.CN
	if orElse(cn.Cut, CutMean) != CutFixed && b.money.n == 0 {
		return
	}
	c.CN.MKind, c.CN.Cut = orElse(cn.MKind, MoneyTotal), orElse(cn.Cut, CutMean)
	money := &b.money
	if c.CN.MKind == MoneyAverage {
		money = &b.averages
	}
	switch c.CN.Cut {
	case CutFixed:
		c.CN.Recency, c.CN.Frequency, c.CN.Monetary = floorOf(cn.Fixed[0]), floorOf(cn.Fixed[1]), minorOf(cn.Fixed[2], b.s.Currency)
	case CutMedian:
		c.CN.Recency, c.CN.Frequency, c.CN.Monetary = b.recency.quantile(1, 2), b.freq.quantile(1, 2), money.quantile(1, 2)
	default:
		c.CN.Recency, c.CN.Frequency, c.CN.Monetary = b.recency.mean(), b.freq.mean(), money.mean()
	}
}

// tiers gives each tier the spend of its last user: the ceil(top·n)-th largest. Equal spenders are in the same, better tier;
// the last tier has no least spend.
func (b *CutsBuilder) tiers(c *Cuts) {
	n := b.money.n
	if n == 0 {
		return
	}
	for i, t := range b.s.Tiers {
		cut := TierCut{Name: t.Name, Top: t.Top, Rest: i == len(b.s.Tiers)-1}
		if !cut.Rest {
			cut.Least = b.money.at(n - max(ceilShare(t.Top, n), 1))
		}
		c.Tiers = append(c.Tiers, cut)
	}
}

// ceilShare is ceil(share·n) with the share read as a decimal of six places, so that 0.07 of 100 is 7 and not 8.
func ceilShare(share float64, n int64) int64 {
	ppm := int64(float64(share*1e6) + 0.5)
	k := (ppm*(n/1e6) + (ppm*(n%1e6)+999_999)/1e6)
	return min(max(k, 0), n)
}

// floorOf is the largest whole number that does not exceed v: a whole number exceeds one exactly when it exceeds the other.
func floorOf(v float64) int64 {
	i := int64(v)
	if float64(i) > v {
		i--
	}
	return i
}

// minorOf turns an amount in major units into minor units by its decimal digits, half away from zero.
func minorOf(v float64, currency string) int64 {
	raw := strconv.FormatFloat(v, 'f', -1, 64)
	minor, _ := event.Value{Kind: event.Number, Raw: raw}.Scaled(event.MinorDigits(currency))
	return minor
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
