package segment

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// MaxBuckets is the largest number of random buckets.
const MaxBuckets = 1_000_000

// Bucket returns the random bucket of a user, from 0 to n-1: the same for one salt, one user and one n wherever and whenever it
// is asked for, and independent between salts. It is ⌊h·n / 2^64⌋ for h the XXH64 hash (seed 0) of the salt, a zero byte and
// the user's canonical id, all as UTF-8. n is at least 1.
func Bucket(salt, user string, n int) int {
	var room [128]byte
	text := append(append(append(room[:0], salt...), 0), user...)
	at, _ := bits.Mul64(xxhash.Sum64(text), uint64(n))
	return int(at)
}

// bucket reads bucket("SALT", n).
func (p *parser) bucket(t token) (*Node, *Error) {
	const form = `bucket("salt", 100)`
	if !p.is("(") {
		return nil, p.fail("found " + p.tok.describe() + " after bucket").expect(form)
	}
	args, err := p.elements("(", ")")
	if err != nil {
		return nil, err
	}
	if len(args) != 2 || args[0].Op != OpString || args[0].Str == "" || args[1].Op != OpNumber {
		return nil, errorAt(p.lex.src, t.offset, "bucket takes a salt in quotes and the number of buckets, both written out").expect(form)
	}
	n := args[1].Num
	if n < 2 || n > MaxBuckets || n != float64(int(n)) {
		return nil, errorAt(p.lex.src, args[1].Offset, string(appendNumber(nil, n))+" is no number of buckets").expect("a whole number from 2 to 1000000")
	}
	p.nodes -= len(args)
	return p.refNode(t.offset, Ref{Kind: RefBucket, Name: args[0].Str, Window: int(n)})
}

func (c *checker) bucket(n *Node, r *Ref) *Error {
	if r.Window < 2 || r.Window > MaxBuckets {
		return c.fail(n, "a bucket has no number of buckets").expect("a whole number from 2 to 1000000")
	}
	r.Type = TNumber
	return nil
}

func (r *Ref) appendBucket(dst []byte) []byte {
	dst = appendQuoted(append(dst, "bucket("...), r.Name)
	dst = appendNumber(append(dst, ", "...), float64(r.Window))
	return append(dst, ')')
}
