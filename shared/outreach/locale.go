package outreach

import (
	"maps"
	"slices"
	"strings"
)

// Locale chooses among translations for a user whose locale is wanted: the same tag, whatever its case and with _ for -; then the tag
// without its last parts, one after another; then the first of the same language, by name; "" when there is none.
func Locale[T any](translations map[string]T, wanted string) string {
	names := slices.Sorted(maps.Keys(translations))
	wanted = strings.ReplaceAll(strings.TrimSpace(wanted), "_", "-")
	for tag := wanted; tag != ""; {
		for _, name := range names {
			if strings.EqualFold(name, tag) {
				return name
			}
		}
		tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)]
	}
	language, _, _ := strings.Cut(wanted, "-")
	for _, name := range names {
		if own, _, _ := strings.Cut(name, "-"); language != "" && strings.EqualFold(own, language) {
			return name
		}
	}
	return ""
}
