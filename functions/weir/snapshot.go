package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// snapshotMade is the outcome of weir snapshot.
type snapshotMade struct {
	Folder   string  `json:"folder"`
	Manifest string  `json:"manifest"`
	AsOf     string  `json:"as_of"`
	Strategy string  `json:"strategy_version"`
	Users    int64   `json:"users"`
	Rows     int64   `json:"rows"`
	Rate     float64 `json:"sampling_rate"`
	Weight   float64 `json:"weight"`
	Shards   int     `json:"shards"`
	Bytes    int64   `json:"bytes"` // of the shards
	IDs      bool    `json:"pseudonymous_ids"`
}

func (c *cli) snapshotCommand() *cobra.Command {
	var out, keyFile string
	var asOf instant
	cmd := &cobra.Command{
		Use: "snapshot --out DIR", Short: "Write the base as columns without personal data, for what-ifs", Args: cobra.NoArgs,
		Long: `Writes the whole base as columns for what-ifs in a browser or elsewhere: shards, a Parquet file for other tools, and manifest.json,
which says what they are. They hold no keys of users, no identities and no traits but those that the published strategy's conditions
read. Bases of more than five million users are sampled by a hash of their keys; the manifest has the weight.

With --ids FILE each user has a pseudonymous id, a hash keyed with the content of FILE: who has the file can find users by it.

A snapshot stands in a folder of its own inside DIR, and manifest.json, written last, points into it: readers of the one before go
on undisturbed. The two newest are kept.`,
		Example: "  weir snapshot --out ./snapshot\n  weir whatif --snapshot ./snapshot --strategy new.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return &usageError{err: errors.New("name the folder with --out DIR")}
			}
			req := app.SnapshotRequest{AsOf: asOf.millis()}
			if keyFile != "" {
				key, err := readFile(keyFile)
				if err != nil {
					return err
				}
				if req.IDKey = bytes.TrimSpace(key); req.IDKey == nil {
					req.IDKey = []byte{}
				}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				m, folder, err := publishFolder(out, func(files snapshot.Files) (*snapshot.Manifest, error) {
					return b.app.Snapshot(cmd.Context(), req, files)
				})
				if err != nil {
					return err
				}
				made := snapshotMade{
					Folder: folder, Manifest: filepath.Join(out, snapshot.ManifestName), AsOf: whenMillis(m.AsOf), Strategy: m.Strategy.Version,
					Users: m.Users, Rows: m.Rows, Rate: 1, Weight: 1, Shards: len(m.Shards), IDs: m.IDs,
				}
				if m.Sampling != nil {
					made.Rate, made.Weight = m.Sampling.Rate, m.Sampling.Weight
				}
				for _, f := range m.Shards {
					made.Bytes += f.Bytes
				}
				return c.print(made, func(w io.Writer) {
					fmt.Fprintf(w, "%s of %s users as of %s in %d shards, %s bytes: %s\n", number(made.Rows), number(made.Users), made.AsOf, made.Shards, number(made.Bytes), made.Manifest)
				})
			})
		},
	}
	cmd.AddCommand(c.snapshotStatusCommand())
	cmd.Flags().StringVar(&out, "out", "", "folder that the snapshot is written into")
	cmd.Flags().StringVar(&keyFile, "ids", "", "file with a secret of at least 16 bytes: gives every user a pseudonymous id")
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	return cmd
}

func (c *cli) snapshotStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say how old the snapshot is that the base keeps of itself", Args: cobra.NoArgs,
		Long: `Says of which moment the stored snapshot is and how old it is. weir run makes a new one every day and after each publication; POST
/v1/snapshot asks for one at once. The console's what-ifs run on it. Ends with 1 when there is none.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				s, err := b.api.SnapshotState(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(s, func(w io.Writer) {
					fmt.Fprintf(w, "%s of %s users as of %s, made %s ago", number(s.Rows), number(s.Users), s.AsOf.Format(time.RFC3339), time.Duration(s.AgeSeconds)*time.Second)
					if s.Late {
						fmt.Fprint(w, "; it should have been made anew")
					}
					if s.Stale {
						fmt.Fprint(w, "; another strategy, other cuts or other models are in force since")
					}
					fmt.Fprintln(w)
				})
			})
		},
	}
}

// folderFiles are the files of one folder.
type folderFiles string

func (f folderFiles) Create(path string) (io.WriteCloser, error) {
	return os.OpenFile(filepath.Join(string(f), path), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
}

func (f folderFiles) Read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), path))
}

// unfinished begins the names of folders that a snapshot is being written to.
const unfinished = ".unfinished-"

// publishFolder writes files into a new folder inside dir, and then a manifest that points at them in place of the one before.
func publishFolder(dir string, write func(snapshot.Files) (*snapshot.Manifest, error)) (m *snapshot.Manifest, folder string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, "", fault.New(fault.Invalid, "the folder %s cannot be made", dir).WithHint("choose another with --out").Because(err)
	}
	temp, err := os.MkdirTemp(dir, unfinished)
	if err != nil {
		return nil, "", fault.New(fault.Unavailable, "the folder %s cannot be written", dir).WithHint("check its permissions and free space").Because(err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if m, err = write(folderFiles(temp)); err != nil {
		return nil, "", err
	}
	text, err := m.JSON()
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(text)
	name := time.Now().UTC().Format("20060102T150405.000000000Z") + "-" + hex.EncodeToString(sum[:4])
	if err := os.Chmod(temp, 0o755); err != nil {
		return nil, "", err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return nil, "", err
	}
	if text, err = m.In(name).JSON(); err != nil {
		return nil, "", err
	}
	if err := replaceFile(dir, snapshot.ManifestName, text); err != nil {
		return nil, "", err
	}
	return m, filepath.Join(dir, name), removeOld(dir, name)
}

// replaceFile puts a file in place at once.
func replaceFile(dir, name string, content []byte) error {
	temp, err := os.CreateTemp(dir, "."+name+"-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	if _, err := temp.Write(content); err != nil {
		_ = temp.Close()
		return err
	}
	if err := errors.Join(temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), filepath.Join(dir, name))
}

// removeOld removes all snapshots but the current one and the one before it.
func removeOld(dir, current string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var names []string // in the order of their names, which begin with the time
	for _, e := range entries {
		if e.IsDir() && e.Name() != current && strings.Contains(e.Name(), "Z-") && !strings.HasPrefix(e.Name(), ".") {
			if _, err := os.Stat(filepath.Join(dir, e.Name(), snapshot.ManifestName)); err == nil {
				names = append(names, e.Name())
			}
		}
	}
	for i := range max(len(names)-1, 0) {
		if err := os.RemoveAll(filepath.Join(dir, names[i])); err != nil {
			return err
		}
	}
	return nil
}

// snapshotReader reads the files of a snapshot.
func snapshotReader(dir string) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if !filepath.IsLocal(path) {
			return nil, fault.New(fault.Invalid, "the snapshot names a file %s outside its folder", path).WithHint("make a new one with weir snapshot")
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return nil, fault.New(fault.NotFound, "there is no %s", filepath.Join(dir, path)).WithHint("make a snapshot with weir snapshot --out %s", dir).Because(err)
		}
		return b, nil
	}
}
