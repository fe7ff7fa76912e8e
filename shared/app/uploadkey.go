package app

import (
	"io/fs"
	"path"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Incomplete reports whether a file's name says that somebody is still writing it: buckets do not show it.
func Incomplete(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".part")
}

// CheckUploadKey refuses keys that would lie outside the bucket or could not be listed: a key is a path with slashes.
func CheckUploadKey(key string) error {
	ok := fs.ValidPath(key) && key != "." && !strings.ContainsRune(key, 0)
	for part := range strings.SplitSeq(key, "/") {
		ok = ok && !strings.HasPrefix(part, ".")
	}
	if !ok || Incomplete(path.Base(key)) {
		return fault.New(fault.Invalid, "%q is not a name for an event file", key).
			WithHint("use a path without empty or dotted parts that does not end in .tmp or .part")
	}
	return nil
}
