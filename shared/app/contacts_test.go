package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

func identified(id, user, anonymous, when, traits string) string {
	return fmt.Sprintf(`{"type":"identify","messageId":"%s","userId":"%s","anonymousId":"%s","timestamp":"%s","traits":%s}`+"\n", id, user, anonymous, when, traits)
}

// holds lists the files of a folder that hold a text, without those that events arrived in.
func holds(t *testing.T, dir, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if e != nil && e.Name() == "events" {
				return filepath.SkipDir
			}
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Contact data is in its room alone: nothing that the base keeps holds an address, and everything that reads it goes on.
func TestContactDataHasItsRoom(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-03-02T00:00:00Z")
	b.load(identified("1", "ann", "", "2026-03-01T00:00:00Z", `{"name":"N","email":" Ann@EXAMPLE.com","phone":"+49 30 123456"}`) +
		`{"type":"track","messageId":"2","userId":"ann","event":"Signed Up","timestamp":"2026-03-01T01:00:00Z","properties":{"email":"Ann@example.com"},"context":{"traits":{"email":"second@example.com"}}}` + "\n" +
		bought("3", "bob", "2026-03-01T02:00:00Z", 5))
	for _, text := range []string{"xample.com", "XAMPLE", "123456", "30 123"} {
		if files := holds(t, b.dir, text); files != nil {
			t.Errorf("%q stands in %v", text, files)
		}
	}
	address, err := b.app.Address(ctx, "ann", contact.Email)
	if err != nil || address != "Ann@example.com" {
		t.Errorf("the address is %q, %v", address, err)
	}
	if phone, err := b.app.Address(ctx, "ann", contact.Phone); err != nil || phone != "+4930123456" {
		t.Errorf("the number is %q, %v", phone, err)
	}
	if _, err := b.app.Address(ctx, "bob", contact.Email); !fault.Is(err, fault.NotFound) {
		t.Errorf("bob: %v", err)
	}
	found, err := b.app.FindContact(ctx, contact.Email, "Ann@Example.com ")
	if err != nil || fmt.Sprint(found) != "[ann]" {
		t.Errorf("found %v, %v", found, err)
	}
	if found, err := b.app.FindContact(ctx, contact.Email, "second@example.com"); err != nil || len(found) != 0 {
		t.Errorf("an address that is not the user's own found %v, %v", found, err)
	}
	page, err := b.app.Users(ctx, app.UserQuery{Where: `traits.email != null`, Limit: 9})
	if err != nil || page.Total != 1 {
		t.Errorf("%d users have an e-mail address, %v", page.Total, err)
	}
	if r, err := b.app.Rebuild(ctx, nil); err != nil || r.Changed != 0 {
		t.Errorf("the rebuild changed %d, %v", r.Changed, err)
	}
	rows, _, err := b.app.Timeline(ctx, "ann", 0, "", 9)
	if err != nil || len(rows) != 2 || !strings.Contains(rows[1].Traits, `"email":"ref:`) || rows[1].Contact == "" || len(rows[1].Sealed) == 0 {
		t.Errorf("the timeline is %+v, %v", rows, err)
	}
	if n, err := b.app.RotateKeys(ctx); err != nil || n != 1 {
		t.Errorf("%d keys, %v", n, err)
	}
	if again, err := b.app.Address(ctx, "ann", contact.Email); err != nil || again != address {
		t.Errorf("after the rotation the address is %q, %v", again, err)
	}
	if n, err := os.Stat(filepath.Join(b.dir, "keys")); err != nil || n.Mode().Perm() != 0o600 {
		t.Errorf("the keys have the mode %v, %v", n.Mode(), err)
	}
}

// The current address is the one that FACTS refer to, in whatever order and under whichever id it came.
func TestCurrentAddress(t *testing.T) {
	ctx := context.Background()
	lines := []string{
		identified("1", "ann", "", "2026-02-01T00:00:00Z", `{"email":"one@example.com"}`),
		identified("2", "", "x", "2026-02-02T00:00:00Z", `{"email":"two@example.com"}`),
		identified("3", "ann", "x", "2026-02-03T00:00:00Z", `{"plan":"p"}`),
		identified("4", "ann", "", "2026-02-01T12:00:00Z", `{"email":"late@example.com"}`),
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
		b := newBase(t, "2026-03-02T00:00:00Z")
		for _, i := range order {
			b.load(strings.Replace(lines[i], `"userId":"",`, "", 1))
		}
		for _, id := range []string{"ann", "anon:x"} {
			if address, err := b.app.Address(ctx, id, contact.Email); err != nil || address != "two@example.com" {
				t.Errorf("%v: the address of %s is %q, %v", order, id, address, err)
			}
		}
		b.load(identified("5", "ann", "", "2026-02-04T00:00:00Z", `{"email":null}`))
		if _, err := b.app.Address(ctx, "ann", contact.Email); !fault.Is(err, fault.NotFound) {
			t.Errorf("a withdrawn address: %v", err)
		}
	}
}

// A base without contact data has neither keys nor rooms.
func TestWithoutContactDataNoKeys(t *testing.T) {
	b := newBase(t, "2026-03-02T00:00:00Z")
	b.load(bought("3", "bob", "2026-03-01T02:00:00Z", 5) + identified("1", "bob", "", "2026-03-01T00:00:00Z", `{"email":"","phone":null}`))
	if _, err := os.Stat(filepath.Join(b.dir, "keys")); !os.IsNotExist(err) {
		t.Errorf("there are keys: %v", err)
	}
}

// original opens the sealed column of a row.
func original(t testing.TB, p app.Ports, row app.Row) string {
	t.Helper()
	rooms, err := p.Contacts.Rooms(context.Background(), []string{row.Key})
	if err != nil {
		t.Fatal(err)
	}
	text, err := contact.Open(rooms[0].Key, app.RowBound(&row), row.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Fatalf("sealed was %q", text)
	}
	return string(text)
}

func TestSealedColumn(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-03-02T00:00:00Z")
	b.load(identified("1", "ann", "", "2026-03-01T00:00:00Z", `{"email":" Ann@EXAMPLE.com","age":3}`))
	rows, _, err := b.app.Timeline(ctx, "ann", 0, "", 9)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	if got := original(t, b.store.Ports(nil), rows[0]); got != `{"traits":{"email":" Ann@EXAMPLE.com"}}` {
		t.Errorf("sealed was %s", got)
	}
}
