// Package contact takes contact data out of events: addresses are normalised, replaced by references (keyed hashes) and sealed
// under a key of their user. It is pure: keys come as arguments, nonces follow from what is sealed.
package contact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The kinds of contact data. A field is of a kind when its name is the kind's, whatever its case.
const (
	Email = "email"
	Phone = "phone"
)

// Limits of an address (RFC 5321, section 4.5.3.1; ITU-T E.164).
const (
	maxEmail  = 254
	maxLocal  = 64
	maxPhone  = 15
	minPhone  = 4
	maxOthers = 1024 // bytes of what is no address, and is referred to all the same
)

// Normalize returns the form of an address in which two spellings of one are equal: of an e-mail address without the space
// around it and with its domain in lower case (the part before the @ may differ by case, and stays); of a phone number its
// digits, with the + of the international form. ok is false for what cannot be an address.
func Normalize(kind, text string) (address string, ok bool) {
	text = strings.TrimFunc(text, unicode.IsSpace)
	switch kind {
	case Email:
		return normalizeEmail(text)
	case Phone:
		return normalizePhone(text)
	}
	return text, false
}

func normalizeEmail(text string) (string, bool) {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > maxLocal || at == len(text)-1 || len(text) > maxEmail || !utf8.ValidString(text) {
		return text, false
	}
	for _, r := range text {
		if r <= ' ' || r == 0x7f || unicode.IsSpace(r) || strings.ContainsRune(`<>(),;:\"[]`, r) {
			return text, false
		}
	}
	domain := text[at+1:]
	if strings.Contains(text[:at], "@") || strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") {
		return text, false
	}
	return text[:at+1] + strings.ToLower(domain), true
}

// normalizePhone keeps the digits. A number with + or 00 before it is international and keeps a +; one without is kept as the
// country of its sender writes it: nobody says which country that is.
func normalizePhone(text string) (string, bool) {
	digits := make([]byte, 0, len(text)+1)
	plus := strings.HasPrefix(text, "+") || strings.HasPrefix(text, "＋")
	for _, r := range text {
		switch {
		case '0' <= r && r <= '9':
			digits = append(digits, byte(r))
		case '０' <= r && r <= '９':
			digits = append(digits, byte(r-'０'+'0'))
		case r == '+', r == '＋', r == ' ', r == '-', r == '.', r == '(', r == ')', r == '/', r == '\u00a0', r == '–':
		default:
			return text, false
		}
	}
	if rest, ok := strings.CutPrefix(string(digits), "00"); ok && !plus {
		plus, digits = true, []byte(rest)
	}
	if len(digits) < minPhone || len(digits) > maxPhone {
		return text, false
	}
	if plus {
		return "+" + string(digits), true
	}
	return string(digits), true
}
