package profile

// MaxItem is the size up to which DynamoDB writes an item for one write unit and reads it for one read unit.
const MaxItem = 1024

// Attributes of a user's item as infra/aws stores it. Names count, so they are short.
const (
	attrKeys    = 2 + 9 + 2 // pk: a string such as main#p#3f, sk: the user's key
	attrVersion = 1         // v: number
	attrFacts   = 1         // f: binary
	attrState   = 1         // s: binary, absent when nothing was decided
	attrLog     = 1         // d: binary, the pointer to the newest decision record, absent when nothing was decided
	attrRecent  = 1         // r: binary, absent when empty
	attrMarks   = 1         // m: binary, absent when empty
	versionSize = 3         // a number of up to four digits
	logSize     = 24        // of an object of up to 2 MB, and a number of decisions up to 127
	markSize    = 37
)

// ItemSize returns the size in bytes of a user's item as DynamoDB counts it: the names and values of all attributes. marks is
// the number of (file, chunk) marks of unfinished files, each the 32 letters of the file's id, the chunk and two counts.
func ItemSize(key string, facts, state, recent []byte, marks int) int {
	size := attrKeys + len(key) + attrVersion + versionSize + attrFacts + len(facts)
	if len(state) > 0 {
		size += attrState + len(state) + attrLog + logSize
	}
	if len(recent) > 0 {
		size += attrRecent + len(recent)
	}
	if marks > 0 {
		size += attrMarks + marks*markSize
	}
	return size
}
