package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
)

// scriptEnv makes the test binary a process that runs the script in the folder it names.
const scriptEnv = "WEIR_TEST_SCRIPT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(scriptEnv); dir != "" {
		if err := runScript(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runScript runs the script from the step it had come to, with fsync, and notes each step it has finished.
func runScript(dir string) error {
	steps := script()
	note := filepath.Join(dir, "steps")
	text, err := os.ReadFile(note)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	done, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	w := &world{dir: filepath.Join(dir, "base"), sync: true, now: at(steps[0].at)}
	if _, err := os.Stat(filepath.Join(dir, "phone")); err == nil {
		w.channel = filePhone(filepath.Join(dir, "phone"))
	}
	for i := done; i < len(steps); i++ {
		w.now = at(steps[i].at)
		if w.store == nil {
			if err := w.start(); err != nil {
				return err
			}
		}
		if err := steps[i].do(w); err != nil {
			return fmt.Errorf("%s: %w", steps[i].name, err)
		}
		temporary := note + ".new"
		if err := os.WriteFile(temporary, []byte(strconv.Itoa(i+1)), 0o644); err != nil {
			return err
		}
		if err := os.Rename(temporary, note); err != nil {
			return err
		}
	}
	if w.store == nil { // killed after the last step
		return nil
	}
	return w.stop()
}

// filePhone is a channel that does not know what it sent: each call adds a line to the file.
type filePhone string

func (p filePhone) Send(_ context.Context, m app.Message) error {
	f, err := os.OpenFile(string(p), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s\n", m.ID); err != nil {
		return err
	}
	return f.Close()
}

func (p filePhone) Idempotent() bool { return false }

// TestKills ends the process with SIGKILL at random moments of the script, starts it again until it is through, and compares
// with the run that nobody killed.
func TestKills(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 12
	}
	clean := [2]*cleanRun{runClean(t, false), runClean(t, true)}
	r := rand.New(rand.NewPCG(19, 97))
	start := time.Now()
	whole := time.Duration(0)
	for done, round := 0, 0; done < kills; round++ {
		dir := filepath.Join(t.TempDir(), strconv.Itoa(round))
		if err := os.MkdirAll(filepath.Join(dir, "base"), 0o755); err != nil {
			t.Fatal(err)
		}
		silent := round % 2
		if silent == 1 {
			if err := os.WriteFile(filepath.Join(dir, "phone"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for whole != 0 && done < kills && n < 10 && killed(t, dir, time.Duration(r.Int64N(int64(whole)))) {
			done++
			n++
		}
		began := time.Now()
		if killed(t, dir, 0) {
			t.Fatal("nobody killed it")
		}
		if whole == 0 {
			whole = time.Since(began)
		}
		for _, d := range compareKilled(t, clean[silent], dir, silent == 1, n) {
			t.Errorf("round %d, %d kills: %s", round, n, d)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d kills in %s; a run takes %s", kills, time.Since(start).Round(time.Millisecond), whole.Round(time.Millisecond))
}

// killed runs the process and kills it after a while (0: not at all). It reports whether the process died of it.
func killed(t *testing.T, dir string, after time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), scriptEnv+"="+dir)
	var errors strings.Builder
	cmd.Stderr = &errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return true
	}
	t.Fatalf("the process failed: %v: %s", err, errors.String())
	return false
}

func compareKilled(t *testing.T, c *cleanRun, dir string, silent bool, kills int) []string {
	t.Helper()
	last := len(c.steps) - 1
	w := &world{dir: filepath.Join(dir, "base"), now: at(c.steps[last].at)}
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	got := remember(t, w)
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if !silent {
		return differences(c.records[last], got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "phone"))
	if err != nil {
		t.Fatal(err)
	}
	sent := newPhone()
	for _, id := range strings.Fields(string(text)) {
		sent.sent[id]++
		sent.text[id] = c.end.text[id]
	}
	return c.compareSends(last, got, sent, kills)
}
