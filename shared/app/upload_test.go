package app_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// An upload is prepared, comes once, and is what was announced.
func TestPreparedUpload(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2024-05-01T00:00:00Z")
	text := bought("1", "ada", "2024-04-01T00:00:00Z", 5)
	size := int64(len(text))
	prepare := func(name string) app.UploadTicket {
		ticket, err := b.app.PrepareUpload(ctx, app.UploadRequest{Name: name, Backfill: true}, size)
		if err != nil || ticket.URL != "" || ticket.Expires != b.now+15*60_000 {
			t.Fatal(ticket, err)
		}
		return ticket
	}
	one, other := prepare("a b.ndjson"), prepare("a b.ndjson")
	if one.Key == other.Key {
		t.Error("two uploads have one key")
	}
	if s, err := b.app.UploadOf(ctx, one.Key); err != nil || s.Arrived || s.File != nil {
		t.Error(s, err)
	}
	for body, want := range map[string]fault.Code{text + "x": fault.TooLarge, text[:10]: fault.Invalid, "": fault.Invalid} {
		if _, err := b.app.PutUpload(ctx, one.Key, strings.NewReader(body)); !fault.Is(err, want) {
			t.Errorf("%d bytes: %v", len(body), err)
		}
	}
	f, err := b.app.PutUpload(ctx, one.Key, strings.NewReader(text))
	if err != nil || f.Name != "a b.ndjson" || f.Status != app.FileWaiting || !f.Backfill {
		t.Fatal(f, err)
	}
	if _, err := b.app.PutUpload(ctx, one.Key, strings.NewReader(text)); !fault.Is(err, fault.Conflict) {
		t.Error("it came twice:", err)
	}
	if s, err := b.app.UploadOf(ctx, one.Key); err != nil || !s.Arrived || s.File == nil || s.File.ID != f.ID {
		t.Error(s, err)
	}
	if _, err := b.app.IngestPending(ctx, nil); err != nil || len(b.items()) != 1 {
		t.Error(len(b.items()), err)
	}
	if _, err := b.app.PutUpload(ctx, other.Key, strings.NewReader(text)); !fault.Is(err, fault.Conflict) {
		t.Error("known content:", err)
	}
	if s, err := b.app.UploadOf(ctx, other.Key); err != nil || !s.Arrived || s.Refused == "" {
		t.Error(s, err)
	}
	late := prepare("late.ndjson")
	b.now += 15*60_000 + 1
	if _, err := b.app.PutUpload(ctx, late.Key, strings.NewReader(text)); !fault.Is(err, fault.Forbidden) {
		t.Error("too late:", err)
	}
	for _, key := range []string{"", "nobody", "../x", "1/2"} {
		if _, err := b.app.PutUpload(ctx, key, strings.NewReader(text)); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// Names that lead elsewhere, and sizes that cannot be, are refused.
func TestUploadNames(t *testing.T) {
	b := newBase(t, "2024-05-01T00:00:00Z")
	for name, want := range map[string]fault.Code{
		"": fault.Invalid, ".": fault.Invalid, "..": fault.Invalid, "../x": fault.Invalid, "a/../../b": fault.Invalid, "/etc/passwd": fault.Invalid,
		`..\x`: fault.Invalid, "a/b": fault.Invalid, ".hidden": fault.Invalid, "x.tmp": fault.Invalid, "x.part": fault.Invalid,
		"x\x00": fault.Invalid, "x\n": fault.Invalid, "x.csv" + app.MappingSuffix: fault.Invalid,
		"events/other/x": fault.Forbidden, "../../events/other/x": fault.Forbidden, "../events": fault.Forbidden,
	} {
		if _, err := b.app.PrepareUpload(t.Context(), app.UploadRequest{Name: name}, 1); !fault.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for size, want := range map[int64]fault.Code{0: fault.Invalid, -1: fault.Invalid, 5_000_000_001: fault.TooLarge} {
		if _, err := b.app.PrepareUpload(t.Context(), app.UploadRequest{Name: "x"}, size); !fault.Is(err, want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := b.app.PrepareUpload(t.Context(), app.UploadRequest{Name: "x", Mapping: "no: mapping"}, 1); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	ticket, err := b.app.PrepareUpload(t.Context(), app.UploadRequest{Name: `报表: 一?.ndjson`}, 3)
	if err != nil || strings.ContainsAny(ticket.Key, `:?`) {
		t.Error(ticket, err)
	}
	if _, err := b.app.PutUpload(t.Context(), ticket.Key, io.LimitReader(bytes.NewReader([]byte("abcdef")), 3)); err != nil {
		t.Error(err)
	}
}
