// Package snapshot keeps a base of users as files without personal data, for what-ifs away from the base: shards of columns
// (package whatif), a manifest that says what they are, and a copy as Parquet for other tools.
package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

// Layout is the version of the manifest; shards and plans have their own.
const Layout = 1

// Names of files.
const (
	ManifestName = "manifest.json"
	TableName    = "users.parquet"
)

// ColID is the column of pseudonymous ids: the first 63 bits of a keyed hash of the user's key.
const ColID = "~id"

// ColDue is the column of the days on which users could change next if nothing happens; null where that is not known, or never.
const ColDue = "~due"

// Manifest says what a snapshot is.
type Manifest struct {
	Layout   int       `json:"layout"`
	AsOf     int64     `json:"as_of_ms"`   // unix milliseconds: the moment that the columns are of
	Made     int64     `json:"made_at_ms"` // unix milliseconds
	Zone     string    `json:"zone"`       // its table is in Plan
	Currency string    `json:"currency"`
	Strategy Strategy  `json:"strategy"`
	Cuts     Basis     `json:"cuts"` // their numbers are in Plan
	Models   *Models   `json:"models"`
	Users    int64     `json:"users"` // of the base
	Rows     int64     `json:"rows"`
	Sampling *Sampling `json:"sampling"` // null: every user is in it
	IDs      bool      `json:"pseudonymous_ids"`
	Plan     []byte    `json:"plan"` // of the strategy, as package wire has it
	Columns  []Column  `json:"columns"`
	Refused  []string  `json:"refused_columns"` // that have too many different values
	Shards   []File    `json:"shards"`          // in order
	Table    File      `json:"table"`           // the same as Parquet
}

// Strategy is the strategy that the columns were filled under.
type Strategy struct {
	Version  string          `json:"version"`
	Text     string          `json:"text"`
	Settings json.RawMessage `json:"settings"` // the text as strategy.Strategy, with its defaults filled in
}

// Basis is what cuts follow from: they fit every strategy of the same basis.
type Basis struct {
	Version string `json:"version"`
	Basis   string `json:"basis"`
}

// Models are the models that the columns were scored with.
type Models struct {
	Version string          `json:"version"`
	Set     json.RawMessage `json:"set"`
}

// Sampling says how the users of a sample were drawn: those whose key has a hash below the rate.
type Sampling struct {
	Rate   float64 `json:"rate"`
	Weight float64 `json:"weight"` // how many users each row stands for: users / rows
}

// File is a file of the snapshot, by its path from the manifest.
type File struct {
	Path   string `json:"path"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Column is a column that shards have. Values are those of a dictionary over all shards, as conditions write them; they are left
// out where there are more than a thousand.
type Column struct {
	Ref    string   `json:"ref"`
	Kind   string   `json:"kind"`
	Scale  int64    `json:"scale"`
	Values []string `json:"values,omitempty"`
}

// JSON returns the manifest as it is written.
func (m *Manifest) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// In returns the manifest with the paths of its files as seen from above a folder.
func (m *Manifest) In(folder string) *Manifest {
	c := *m
	c.Shards = append([]File{}, m.Shards...)
	for i := range c.Shards {
		c.Shards[i].Path = folder + "/" + c.Shards[i].Path
	}
	c.Table.Path = folder + "/" + c.Table.Path
	return &c
}

// Snapshot is an opened one.
type Snapshot struct {
	Manifest *Manifest
	Start    *wire.Plan    // of its strategy
	Engine   *score.Engine // of its strategy, with its models
	read     func(path string) ([]byte, error)
}

// Open reads the manifest. read returns a file by its path from the manifest. Invalid when the manifest is damaged or has another
// layout.
func Open(read func(path string) ([]byte, error)) (*Snapshot, error) {
	text, err := read(ManifestName)
	if err != nil {
		return nil, fault.Wrap(err, "read the manifest of the snapshot")
	}
	var layout struct {
		Layout int `json:"layout"`
	}
	if err := json.Unmarshal(text, &layout); err != nil {
		return nil, damaged("its manifest is not valid JSON").Because(err)
	}
	if layout.Layout != Layout {
		return nil, fault.New(fault.Invalid, "the snapshot has layout %d, this program reads layout %d", layout.Layout, Layout).WithHint("make a new one with weir snapshot")
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, damaged("its manifest cannot be read").Because(err)
	}
	s := &Snapshot{Manifest: m, read: read}
	if s.Start, err = wire.ParsePlan(m.Plan); err != nil {
		return nil, err
	}
	if s.Engine, err = s.Compile([]byte(m.Strategy.Text)); err != nil {
		return nil, fault.Wrap(err, "compile the strategy of the snapshot")
	}
	if len(s.Start.Engagement) == 0 { // plans of before did not have it
		for _, e := range s.Engine.Strategy().Engagement {
			s.Start.Engagement = append(s.Start.Engagement, wire.Points{Name: e.Name, When: e.When, Points: e.Points})
		}
	}
	if m.Models == nil {
		return s, nil
	}
	models, err := score.ParseModels(m.Models.Set)
	if err != nil {
		return nil, fault.Wrap(err, "read the models of the snapshot")
	}
	s.Engine, err = s.Engine.With(models)
	return s, err
}

func damaged(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "the snapshot is damaged: "+format, args...).WithHint("make a new one with weir snapshot")
}

// Compile compiles a strategy under the zone table of the snapshot. Invalid when the strategy counts days in another zone.
func (s *Snapshot) Compile(text []byte) (*score.Engine, error) {
	parsed, err := strategy.Parse(text)
	if err != nil {
		return nil, err
	}
	if parsed.Zone != s.Start.Zone.Name() {
		return nil, fault.New(fault.Invalid, "a change of zone cannot be previewed: the snapshot counts days in %s, the strategy in %s", s.Start.Zone.Name(), parsed.Zone).
			WithHint("publish the strategy to see this change")
	}
	return score.New(parsed, s.Start.Zone)
}

// Base loads the shards and checks their hashes.
func (s *Snapshot) Base() (*whatif.Base, error) {
	base := whatif.NewBase(s.Start.Zone)
	for _, f := range s.Manifest.Shards {
		b, err := s.read(f.Path)
		if err != nil {
			return nil, fault.Wrap(err, "read %s of the snapshot", f.Path)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, damaged("%s is not what the manifest says", f.Path)
		}
		if err := base.Add(b); err != nil {
			return nil, fault.Wrap(err, "load %s", f.Path)
		}
	}
	if int64(base.Rows()) != s.Manifest.Rows {
		return nil, damaged("its shards have %d rows, its manifest %d", base.Rows(), s.Manifest.Rows)
	}
	return base, nil
}

// Files is where a snapshot is written; what is open is closed before the next file is opened.
type Files interface {
	Create(path string) (io.WriteCloser, error)
	Read(path string) ([]byte, error)
}
