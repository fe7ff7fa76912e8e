package eventfile

// texter is a format that can show what its last event was read from.
type texter interface {
	text() (text, header string)
}

// Text returns the line of the last event, cut to 64 KiB, and of a CSV file its header line: what a LineError would hold, for
// callers that refuse an event themselves.
func (r *Reader) Text() (text, header string) {
	if t, ok := r.events.(texter); ok {
		return t.text()
	}
	return "", ""
}
