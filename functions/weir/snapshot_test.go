package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// TestSnapshotFolders writes one snapshot after another: who reads the one before goes on, older ones and failed ones are gone.
func TestSnapshotFolders(t *testing.T) {
	dir := t.TempDir()
	write := func(content string, fail error) error {
		_, _, err := publishFolder(dir, func(files snapshot.Files) (*snapshot.Manifest, error) {
			for _, name := range []string{"users-0001.weir", snapshot.ManifestName} {
				w, err := files.Create(name)
				if err != nil {
					return nil, err
				}
				_, err = w.Write([]byte(content))
				if err := errors.Join(err, w.Close()); err != nil {
					return nil, err
				}
			}
			return &snapshot.Manifest{Layout: snapshot.Layout, Shards: []snapshot.File{{Path: "users-0001.weir"}}, Plan: []byte(content)}, fail
		})
		return err
	}
	folders := func() (list []string) {
		all, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if e.IsDir() {
				list = append(list, e.Name())
			}
		}
		return list
	}
	for _, content := range []string{"one", "two", "three"} {
		before := folders()
		if err := write(content, nil); err != nil {
			t.Fatal(err)
		}
		now := folders()
		if want := min(len(before)+1, 2); len(now) != want {
			t.Fatalf("after %s there are %v", content, now)
		}
		if len(before) > 0 {
			if _, err := os.Stat(filepath.Join(dir, before[len(before)-1], "users-0001.weir")); err != nil {
				t.Errorf("after %s the one before is gone: %v", content, err)
			}
		}
	}
	manifest, err := os.ReadFile(filepath.Join(dir, snapshot.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	before := folders()
	if err := write("four", errors.New("the disk is full")); err == nil {
		t.Error("a failed snapshot is published")
	}
	after, err := os.ReadFile(filepath.Join(dir, snapshot.ManifestName))
	if err != nil || string(after) != string(manifest) || len(folders()) != len(before) {
		t.Errorf("a failed snapshot leaves %v, %v", folders(), err)
	}
	read := snapshotReader(dir)
	if _, err := read("../users"); err == nil {
		t.Error("a path outside the folder is read")
	}
	names := folders()
	if b, err := read(names[len(names)-1] + "/users-0001.weir"); err != nil || string(b) != "three" {
		t.Errorf("the newest holds %s, %v", b, err)
	}
}
