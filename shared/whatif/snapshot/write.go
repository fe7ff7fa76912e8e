package snapshot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/fill"
)

// MaxRows is the most users that a snapshot holds; of larger bases it holds a sample.
const MaxRows = 5_000_000

// MinKey is the least length in bytes of the key of pseudonymous ids.
const MinKey = 16

// Options say how a snapshot is made.
type Options struct {
	Users int64 // of the base
	AsOf  int64 // unix milliseconds
	Made  int64 // unix milliseconds
	Text  []byte
	IDKey []byte // makes pseudonymous ids; nil: none
	Rows  int64  // the most rows; 0: MaxRows
	Shard int    // rows of a shard; 0: whatif.MaxShardRows
	Due   bool   // there is a column of who is due when: see Writer.Due
	Named bool   // shards are named by their content too, so that a name never means two contents
}

// Writer writes a snapshot user by user. Memory is bounded by two shards. It is not safe for concurrent use.
type Writer struct {
	o       Options
	files   Files
	engine  *score.Engine
	cuts    *score.Cuts
	fill    *fill.Filler
	columns catalogue
	m       *Manifest
	due     int64  // of the user who is added next
	below   uint64 // users whose key has a hash up to it are in the sample
}

// NewWriter starts a snapshot of a base under a strategy with its models, and with its cuts (nil: none).
func NewWriter(e *score.Engine, cuts *score.Cuts, o Options, files Files) (*Writer, error) {
	if o.IDKey != nil && len(o.IDKey) < MinKey {
		return nil, fault.New(fault.Invalid, "the key of the pseudonymous ids has %d bytes", len(o.IDKey)).WithHint("use a secret of at least %d bytes", MinKey)
	}
	plan, err := fill.Plan(e, e, cuts)
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(e.Strategy())
	if err != nil {
		return nil, fault.Wrap(err, "write the settings of the strategy")
	}
	w := &Writer{o: o, files: files, engine: e, cuts: cuts, below: math.MaxUint64}
	w.m = &Manifest{
		Layout: Layout, AsOf: o.AsOf, Made: o.Made, Zone: e.Zone().Name(), Currency: e.Strategy().Currency,
		Strategy: Strategy{Version: e.StrategyVersion(), Text: string(o.Text), Settings: settings}, Users: o.Users, IDs: o.IDKey != nil, Plan: plan.Encode(), Shards: []File{}, Refused: []string{},
	}
	if cuts != nil {
		w.m.Cuts = Basis{Version: cuts.Version, Basis: cuts.Basis}
	}
	if models := e.Models(); models != nil {
		w.m.Models = &Models{Version: models.Version, Set: models.JSON()}
	}
	if w.o.Rows == 0 {
		w.o.Rows = MaxRows
	}
	if o.Users > w.o.Rows {
		rate := float64(w.o.Rows) / float64(o.Users)
		w.m.Sampling = &Sampling{Rate: rate}
		w.below = uint64(float64(rate*(1<<63))) << 1
	}
	options := fill.Options{ShardRows: o.Shard}
	if o.IDKey != nil {
		options.ID, options.IDRef = w.id, ColID
	}
	if o.Due {
		options.Due, options.DueRef = func() int64 { return w.due }, ColDue
	}
	w.fill = fill.New(e, cuts, o.AsOf, options, w.shard)
	return w, nil
}

// id is the pseudonymous id of a user.
func (w *Writer) id(key string) int64 {
	h := hmac.New(sha256.New, w.o.IDKey)
	h.Write([]byte(key))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)
}

// Due says when the user who is added next could change if nothing happens, in unix milliseconds; 0: nothing is known.
func (w *Writer) Due(ms int64) { w.due = ms }

// Add appends a user. f and st are as for score.Engine.Score.
func (w *Writer) Add(key string, f *profile.Facts, st *profile.State) error {
	if w.m.Sampling != nil && xxhash.Sum64String("weir snapshot\x00"+key) > w.below {
		return nil
	}
	w.m.Rows++
	return w.fill.Add(key, f, st)
}

// Resume takes over the shards that another writer of the same snapshot wrote before it was interrupted, and what it refused. The
// next user to add is the one after their last. Invalid when a shard is not what the list says.
func (w *Writer) Resume(shards []File, refused []string) error {
	for _, f := range shards {
		b, err := w.files.Read(f.Path)
		if err != nil {
			return fault.Wrap(err, "read %s of the snapshot", f.Path)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
			return damaged("%s is not what was written", f.Path)
		}
		_, cols, err := whatif.Open(b)
		if err != nil {
			return err
		}
		w.columns.add(cols)
		w.m.Shards = append(w.m.Shards, f)
		w.m.Rows += f.Rows
	}
	w.m.Refused = append(w.m.Refused, refused...)
	return nil
}

// Shards are those written so far. Whenever there is one more after Add, it ends with the user who was added.
func (w *Writer) Shards() []File { return w.m.Shards }

// Refused lists the columns that were left out so far.
func (w *Writer) Refused() []string { return slices.Concat(w.m.Refused, w.fill.Refused()) }

// shard writes one shard.
func (w *Writer) shard(b []byte) error {
	h, cols, err := whatif.Open(b)
	if err != nil {
		return err
	}
	w.columns.add(cols)
	mark := ""
	if w.o.Named {
		sum := sha256.Sum256(b)
		mark = "-" + hex.EncodeToString(sum[:6])
	}
	path := shardName(len(w.m.Shards), mark)
	f, err := w.put(path, func(to io.Writer) error { _, err := to.Write(b); return err })
	if err != nil {
		return err
	}
	f.Rows = int64(h.Rows)
	w.m.Shards = append(w.m.Shards, f)
	return nil
}

// put writes a file and tells its size and hash.
func (w *Writer) put(path string, do func(to io.Writer) error) (File, error) {
	out, err := w.files.Create(path)
	if err != nil {
		return File{}, err
	}
	to := &measured{to: out}
	if err := do(to); err != nil {
		_ = out.Close()
		return File{}, err
	}
	return File{Path: path, Bytes: to.n, SHA256: hex.EncodeToString(to.sum())}, out.Close()
}

// Close writes the table and the manifest, which it returns.
func (w *Writer) Close() (*Manifest, error) {
	if err := w.fill.Close(); err != nil {
		return nil, err
	}
	if w.m.Sampling != nil && w.m.Rows > 0 {
		w.m.Sampling.Weight = float64(w.m.Users) / float64(w.m.Rows)
	}
	w.m.Refused = w.Refused()
	w.m.Columns = w.columns.list()
	var err error
	if w.m.Table, err = w.put(TableName, w.table); err != nil {
		return nil, fault.Wrap(err, "write the table of the snapshot")
	}
	w.m.Table.Rows = w.m.Rows
	text, err := w.m.JSON()
	if err != nil {
		return nil, err
	}
	_, err = w.put(ManifestName, func(to io.Writer) error { _, err := to.Write(text); return err })
	return w.m, err
}

// table copies the shards into Parquet, one at a time.
func (w *Writer) table(to io.Writer) error {
	t, err := newTable(to, &w.columns)
	if err != nil {
		return err
	}
	for _, f := range w.m.Shards {
		b, err := w.files.Read(f.Path)
		if err != nil {
			return err
		}
		h, cols, err := whatif.Open(b)
		if err != nil {
			return err
		}
		if err := t.add(h, cols); err != nil {
			return err
		}
	}
	return t.close()
}
