package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// Pages.
const (
	defaultLimit = 50
	maxLimit     = 1000
)

// pageLimit returns the size of a page.
func pageLimit(given *int) (int, error) {
	switch {
	case given == nil:
		return defaultLimit, nil
	case *given < 1 || *given > maxLimit:
		return 0, fault.New(fault.Invalid, "limit is %d", *given).WithHint("use a limit between 1 and %d", maxLimit)
	}
	return *given, nil
}

// cursor packs the place after which the next page begins. Clients pass it back as it is.
func cursor(place any) *string {
	b, err := json.Marshal(place)
	if err != nil {
		return nil // places are strings and numbers
	}
	return text(base64.RawURLEncoding.EncodeToString(b))
}

// openCursor reads a cursor into place; nil and "" are the first page and leave place as it is.
func openCursor(given *string, place any) error {
	if given == nil || *given == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(*given)
	if err == nil {
		err = json.Unmarshal(b, place)
	}
	if err != nil {
		return fault.New(fault.Invalid, "after is not a cursor of this list").
			WithHint("pass the value of next from the page before, or leave it out for the first page").Because(err)
	}
	return nil
}

// millis returns a moment in unix milliseconds, 0 for none.
func millis(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// instant returns nil for 0, so that an absent moment is left out of the JSON.
func instant(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := moment(ms)
	return &t
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
