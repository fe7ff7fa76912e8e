package app

import "unsafe"

// asString views bytes that no longer change as a string.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
