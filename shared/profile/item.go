package profile

// MaxItem is the size up to which DynamoDB writes an item for one write unit and reads it for one read unit.
const MaxItem = 1024

// Attributes of a user's item as DynamoDB stores it. Names count, so they are one letter each.
const (
	attrKey     = 1 // k: string, workspace + "/" + user key
	attrVersion = 1 // v: number
	attrFacts   = 1 // f: binary
	attrState   = 1 // s: binary, absent when nothing was decided
	attrRecent  = 1 // r: binary, absent when empty
	attrMarks   = 1 // m: binary, absent when empty
	workspace   = 2 // "0/"
	versionSize = 3 // a number of up to four digits
	markSize    = 20
)

// ItemSize returns the size in bytes of a user's item as DynamoDB counts it: the names and values of all attributes. marks is
// the number of (file, chunk) marks of unfinished files, each 16 bytes of the file's id and the chunk.
func ItemSize(key string, facts, state, recent []byte, marks int) int {
	size := attrKey + workspace + len(key) + attrVersion + versionSize + attrFacts + len(facts)
	if len(state) > 0 {
		size += attrState + len(state)
	}
	if len(recent) > 0 {
		size += attrRecent + len(recent)
	}
	if marks > 0 {
		size += attrMarks + marks*markSize
	}
	return size
}
