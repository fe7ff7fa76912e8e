package embedded

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// How often Watch looks on its own, for file systems that tell nothing, and how long a file must not change to be complete.
const (
	watchEvery  = 2 * time.Second
	watchSettle = 300 * time.Millisecond
)

// Watch calls changed when something changed in the bucket of the data folder dir: once at the start if there are files, and
// from then on whenever files came, went or became others. It waits until every file has kept its size and time for a
// moment, and does not see names that begin with a dot or end in .tmp or .part; so whoever lists the bucket in changed sees
// complete files. changed runs on the caller's goroutine; what happens meanwhile is told afterwards. Watch returns when ctx
// ends, with nil, or when the folder cannot be read.
func Watch(ctx context.Context, dir string, changed func()) error {
	w := watcher{root: filepath.Join(dir, eventsDir), every: watchEvery, settle: watchSettle}
	return w.run(ctx, changed)
}

type watcher struct {
	root          string
	every, settle time.Duration
	silent        bool              // do not ask the system for notice
	notify        *fsnotify.Watcher // nil: looking on our own alone
}

// fileState is what tells a file from what it was.
type fileState struct {
	size     int64
	modified int64 // unix nanoseconds
}

func (w *watcher) run(ctx context.Context, changed func()) error {
	var events chan fsnotify.Event
	var failures chan error
	if !w.silent {
		if notify, err := fsnotify.NewWatcher(); err == nil {
			w.notify, events, failures = notify, notify.Events, notify.Errors
			defer func() { _ = notify.Close() }()
		}
	}
	told, last := map[string]fileState{}, map[string]fileState(nil)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-events:
			if !open {
				events = nil
			}
			timer.Reset(w.settle)
			continue
		case _, open := <-failures: // an overflow: the next look finds what was missed
			if !open {
				failures = nil
			}
			timer.Reset(w.settle)
			continue
		case <-timer.C:
		}
		now, err := w.look()
		if err != nil {
			return disk.Fault(err, "watch %s", w.root)
		}
		switch {
		case maps.Equal(now, told):
			timer.Reset(w.every)
		case last == nil || !maps.Equal(now, last): // somebody is still writing
			timer.Reset(w.settle)
		default:
			told = now
			changed()
			timer.Reset(w.settle)
		}
		last = now
	}
}

// look lists the complete files and asks for notice of every folder.
func (w *watcher) look() (map[string]fileState, error) {
	files := map[string]fileState{}
	err := filepath.WalkDir(w.root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != w.root: // removed while we look
			return nil
		case err != nil:
			return err
		case e.IsDir() && path != w.root && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.IsDir():
			if w.notify != nil {
				_ = w.notify.Add(path) // without notice the next look on our own sees it
			}
			return nil
		case app.Incomplete(e.Name()):
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // removed while we look
		}
		files[path] = fileState{info.Size(), info.ModTime().UnixNano()}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no folder %s", w.root).WithHint("open the data folder for writing once: that makes it")
	}
	return files, err
}
