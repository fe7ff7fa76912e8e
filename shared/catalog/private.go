package catalog

import "strings"

// Words in the name of a property whose values may say who somebody is, in lower case without separators. No value of such a
// property is kept.
var tellingWords = []string{
	"mail", "phone", "mobile", "whatsapp", "wechat", "weixin", "openid", "unionid", "telegram", "address", "street", "postal", "postcode",
	"zipcode", "passport", "idcard", "identity", "ssn", "birth", "token", "secret", "password", "cookie", "session", "deviceid", "imei", "idfa",
	"latitude", "longitude", "geo", "userid", "anonymousid", "customerid", "iban", "card", "surname", "nickname", "username", "fullname",
	"firstname", "lastname", "realname", "avatar", "signature", "comment", "message", "note", "search", "query",
	"姓名", "名字", "昵称", "手机", "电话", "邮箱", "地址", "身份证", "微信", "生日", "护照", "备注", "留言", "搜索",
}

// tellingNames are whole names of that kind.
var tellingNames = []string{"name", "tel", "fax", "ip", "id", "dob", "lat", "lng", "lon", "zip", "qq", "url", "referrer", "path", "text", "body"}

// telling reports whether a property's name says that its values may tell who somebody is.
func telling(name string) bool {
	plain := strings.NewReplacer("_", "", "-", "", " ", "", ".", "", "$", "").Replace(strings.ToLower(name))
	for _, word := range tellingNames {
		if plain == word {
			return true
		}
	}
	for _, word := range tellingWords {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// What a value may be that is kept.
const (
	maxValue  = 24 // bytes
	maxDigits = 5  // more of them may be a telephone number, or a number of something else
)

// harmless reports whether a text, a number or a truth value says nothing about a person by itself.
func harmless(raw string, kind Kind) bool {
	if kind == Bool {
		return true
	}
	if raw == "" || len(raw) > maxValue {
		return false
	}
	digits := 0
	for i := range len(raw) {
		switch b := raw[i]; {
		case b >= '0' && b <= '9':
			digits++
		case b == '@' || b == '"' || b == '\\' || b == '/' || b < ' ' || b == 0x7f:
			return false
		}
	}
	return digits <= maxDigits
}
