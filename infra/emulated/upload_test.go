package emulated

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
)

type ticket struct {
	Key     string
	URL     string
	Headers map[string]string
	Expires time.Time
}

// prepare asks for the address of an upload.
func (c *cloud) prepare(t *testing.T, body string) (out ticket) {
	t.Helper()
	status, answer := c.ask(t, "editor", "POST", "/v1/uploads", body)
	if status != http.StatusCreated {
		t.Fatal(status, answer)
	}
	must(t, json.Unmarshal([]byte(answer), &out))
	return out
}

// send puts bytes where a ticket says.
func (t *ticket) send(test *testing.T, url, body string, headers map[string]string) int {
	test.Helper()
	r, err := http.NewRequestWithContext(test.Context(), http.MethodPut, url, strings.NewReader(body))
	must(test, err)
	for name, v := range headers {
		r.Header.Set(name, v)
	}
	response, err := http.DefaultClient.Do(r)
	must(test, err)
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

// An address of the bucket takes the file that it was signed for, once, and nothing else.
func TestPresignedUpload(t *testing.T) {
	c := openCloud(t, Options{Fast: true, RetryAfter: &atOnce})
	if c.API == "" {
		t.Skip("the API's function is not built")
	}
	text := `{"type":"track","userId":"u","event":"Opened","messageId":"1","timestamp":"2024-01-01T00:00:00Z"}` + "\n"
	size := strconv.Itoa(len(text))
	one := c.prepare(t, `{"name":"a b.ndjson","size":`+size+`,"backfill":true}`)
	if left := time.Until(one.Expires); left > 15*time.Minute || left < 10*time.Minute {
		t.Errorf("the address is good for %s", left)
	}
	if !strings.HasPrefix(one.URL, c.Objects) || !strings.Contains(one.URL, "/events/main/") {
		t.Errorf("the address is %s", one.URL)
	}
	for name, bad := range map[string]struct {
		url, body string
		headers   map[string]string
	}{
		"another workspace":  {strings.Replace(one.URL, "/events/main/", "/events/other/", 1), text, one.Headers},
		"another folder":     {strings.Replace(one.URL, "/events/main/", "/canonical/main/", 1), text, one.Headers},
		"too large":          {one.URL, text + "x", one.Headers},
		"too small":          {one.URL, text[1:], one.Headers},
		"over what is there": {one.URL, text, nil}, // If-None-Match is part of what is signed
	} {
		if status := one.send(t, bad.url, bad.body, bad.headers); status != http.StatusForbidden && status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := one.send(t, one.URL, text, one.Headers); status != http.StatusOK {
		t.Fatal(status)
	}
	if status := one.send(t, one.URL, text, one.Headers); status != http.StatusPreconditionFailed {
		t.Errorf("it came twice: %d", status)
	}
	state := func(key string) (s struct {
		Arrived bool
		File    *struct{ Status, Name string }
		Refused string
	}) {
		status, answer := c.ask(t, "viewer", "GET", "/v1/uploads/"+strings.ReplaceAll(key, " ", "%20"), "")
		if status != http.StatusOK {
			t.Fatal(status, answer)
		}
		must(t, json.Unmarshal([]byte(answer), &s))
		return s
	}
	c.until(t, "the file is in", func() bool {
		s := state(one.Key)
		return s.File != nil && s.File.Status == string(app.FileDone) && s.File.Name == "a b.ndjson"
	})
	two := c.prepare(t, `{"name":"again.ndjson","size":`+size+`}`)
	if s := state(two.Key); s.Arrived || s.File != nil {
		t.Error(s)
	}
	if status := two.send(t, two.URL, text, two.Headers); status != http.StatusOK {
		t.Fatal(status)
	}
	c.until(t, "known content is refused", func() bool { return state(two.Key).Refused != "" })
	for name, body := range map[string]string{
		"traversal": `{"name":"../x","size":1}`, "a path": `{"name":"a/b","size":1}`, "nothing": `{"name":"x","size":0}`,
	} {
		if status, answer := c.ask(t, "editor", "POST", "/v1/uploads", body); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}
