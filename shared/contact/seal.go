package contact

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// KeyBytes is the length of every key.
const KeyBytes = 32

// Ref is the reference of an address: "ref:" and 96 bits of a keyed hash. Of a billion addresses two share one with a
// probability below 10⁻¹⁰.
const (
	refPrefix = "ref:"
	refBytes  = 12
	refLength = len(refPrefix) + refBytes*4/3
)

// IsRef reports whether a text has the form of a reference.
func IsRef(s string) bool { return len(s) == refLength && strings.HasPrefix(s, refPrefix) }

// Index makes references. It is not safe for concurrent use.
type Index struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

// NewIndex returns the index of a base under its index key.
func NewIndex(key []byte) *Index { return &Index{mac: hmac.New(sha256.New, key)} }

// hash is a keyed hash of texts, none of which runs into the next.
func (x *Index) hash(texts ...string) []byte {
	x.mac.Reset()
	for _, s := range texts {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(s)))
		x.mac.Write(length[:])
		x.mac.Write([]byte(s))
	}
	return x.mac.Sum(x.sum[:0])
}

// Ref returns the reference of a normalised address of a kind.
func (x *Index) Ref(kind, address string) string {
	return refPrefix + base64.RawURLEncoding.EncodeToString(x.hash("address", kind, address)[:refBytes])
}

// Tombstone is the keyed hash of a user's id, in hexadecimal digits: what is left of an id that was forgotten.
func (x *Index) Tombstone(id string) string {
	const digits = "0123456789abcdef"
	sum := x.hash("forgotten", id)[:16]
	out := make([]byte, 0, 2*len(sum))
	for _, b := range sum {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}

// content is the keyed form of the hash of an event's content.
func (x *Index) content(plain [16]byte) [16]byte {
	return [16]byte(x.hash("content", string(plain[:]))[:16])
}

// sealVersion begins everything sealed.
const sealVersion = 1

// Seal encrypts with AES-256-GCM under a key of KeyBytes. bound is what the text belongs to, and must be given again to open it.
// The nonce is a keyed hash of bound and text: sealing the same again gives the same bytes, and no two texts share a nonce (but
// with a chance of 2⁻⁹⁶ a pair).
func Seal(key, bound, text []byte) ([]byte, error) {
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, derive(key, "nonce"))
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(bound)))
	mac.Write(length[:])
	mac.Write(bound)
	mac.Write(text)
	nonce := mac.Sum(nil)[:aead.NonceSize()]
	out := make([]byte, 0, 1+len(nonce)+len(text)+aead.Overhead())
	out = append(append(out, sealVersion), nonce...)
	return aead.Seal(out, nonce, text, bound), nil
}

// Open decrypts what Seal made. Forbidden when the key, what it is bound to or the bytes are others.
func Open(key, bound, sealed []byte) ([]byte, error) {
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(sealed) < 1+n+aead.Overhead() || sealed[0] != sealVersion {
		return nil, errSealed
	}
	text, err := aead.Open(nil, sealed[1:1+n], sealed[1+n:], bound)
	if err != nil {
		return nil, errSealed
	}
	return text, nil
}

var errSealed = fault.New(fault.Forbidden, "sealed data cannot be opened").
	WithHint("its key was destroyed, or another base sealed it")

func sealer(key []byte) (cipher.AEAD, error) {
	if len(key) != KeyBytes {
		return nil, fault.New(fault.Internal, "a key has %d bytes, not %d", len(key), KeyBytes)
	}
	block, err := aes.NewCipher(derive(key, "seal"))
	if err != nil {
		return nil, fault.New(fault.Internal, "a key cannot be used").Because(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fault.New(fault.Internal, "a key cannot be used").Because(err)
	}
	return aead, nil
}

// derive makes a key for one use of another key.
func derive(key []byte, use string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use))
	return mac.Sum(nil)
}
