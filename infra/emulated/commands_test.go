package emulated

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The command line against a deployment: a file goes into the bucket by a signed address and is imported by the built function, and what
// came of it is read by the API, with the role of the token.
func TestCommandsAgainstDeployment(t *testing.T) {
	c := openCloud(t, Options{Fast: true, RetryAfter: &atOnce, Parameters: map[string]string{"OidcIssuer": Issuer, "OidcAudience": Audience, "OidcClient": Audience}})
	if c.API == "" {
		t.Skip("the API's function is not built")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "weir")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./functions/weir")
	build.Dir = root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(dir, "one.ndjson")
	must(t, os.WriteFile(file, []byte(`{"type":"track","userId":"ada","event":"Opened","messageId":"1","timestamp":"2024-01-01T00:00:00Z"}`+"\n"+`{"type":"track"}`+"\n"), 0o600))
	weir := func(role string, args ...string) (out, said string, code int) {
		token, err := c.Token(role, []string{role}, nil)
		must(t, err)
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "WEIR_URL="+c.API, "WEIR_TOKEN="+token)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run() // its exit code says
		return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	}
	for _, step := range []struct {
		role, line string
		code       int
		has        string
	}{
		{"editor", "import --backfill " + file, 3, "1 files: 2 events, 1 accepted, 0 duplicates, 1 rejected, 1 users"},
		{"viewer", "import --backfill " + file, 1, "the role viewer may not do this"},
		{"viewer", "files list", 0, "one.ndjson"},
		{"viewer", "files list --json", 0, `"usd":`},
		{"viewer", "rejects list --json", 0, `"rejects":[{`},
		{"viewer", "users show ada --json", 0, `"user_id":"ada"`},
		{"viewer", "users show nobody", 1, "nobody"},
		{"viewer", "strategy status", 0, "is in force"},
		{"viewer", "jobs list --json", 0, `"jobs":`},
		{"none", "files list", 1, "it takes the role viewer"},
	} {
		out, said, code := weir(step.role, strings.Fields(step.line)...)
		if code != step.code || !strings.Contains(out+said, step.has) {
			t.Errorf("weir %s as %s: code %d, want %d with %q\n%s%s", step.line, step.role, code, step.code, step.has, out, said)
		}
	}
	signInByCommand(t, program, dir, c.API)
}

// signInByCommand signs in by weir login, as in a browser, works without a token in the environment, and signs out.
func signInByCommand(t *testing.T, program, dir, address string) {
	t.Helper()
	start := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "WEIR_URL="+address, "XDG_CONFIG_HOME="+filepath.Join(dir, "settings"), "WEIR_TOKEN=")
		return cmd
	}
	login := start("login", "--port", "0")
	said, err := login.StderrPipe()
	must(t, err)
	must(t, login.Start())
	page, heard := "", ""
	for lines := bufio.NewScanner(said); page == "" && lines.Scan(); {
		text := strings.TrimSpace(lines.Text())
		heard += text + "\n"
		if strings.HasPrefix(text, "http://") {
			page = text
		}
	}
	if page == "" {
		t.Fatalf("weir login names no address:\n%s", heard)
	}
	from, err := url.Parse(page)
	must(t, err)
	wrong, err := http.Get(from.Query().Get("redirect_uri") + "?code=stolen&state=wrong")
	must(t, err)
	_ = wrong.Body.Close()
	if wrong.StatusCode != http.StatusBadRequest {
		t.Errorf("another sign-in's answer: %d", wrong.StatusCode)
	}
	done, err := http.PostForm(page, url.Values{"person": {"ada"}, "role": {"viewer"}, "answer": {"yes"}})
	must(t, err)
	_ = done.Body.Close()
	must(t, login.Wait())
	kept := filepath.Join(dir, "settings", "weir", "logins.json")
	info, err := os.Stat(kept)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the token: %s", info.Mode())
	}
	if out, err := start("files", "list").CombinedOutput(); err != nil || !strings.Contains(string(out), "one.ndjson") {
		t.Errorf("after signing in: %v\n%s", err, out)
	}
	text, err := os.ReadFile(kept)
	must(t, err)
	ends := regexp.MustCompile(`"expires": "[^"]*"`)
	must(t, os.WriteFile(kept, ends.ReplaceAll(text, []byte(`"expires": "2020-01-01T00:00:00Z"`)), 0o600))
	if out, err := start("files", "list").CombinedOutput(); err != nil {
		t.Errorf("a token that had ended is not renewed: %v\n%s", err, out)
	}
	if renewed, err := os.ReadFile(kept); err != nil || bytes.Contains(renewed, []byte("2020-01-01")) {
		t.Errorf("the renewed token is not kept: %v", err)
	}
	must(t, start("logout").Run())
	if out, err := start("files", "list").CombinedOutput(); err == nil || !strings.Contains(string(out), "weir login") {
		t.Errorf("after signing out: %v\n%s", err, out)
	}
}
