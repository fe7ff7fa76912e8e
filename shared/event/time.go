package event

import "encoding/binary"

// endTime is the first moment behind the accepted years, 3000-01-01T00:00:00Z, in unix milliseconds.
const endTime = 32_503_680_000_000

// timeOf reads a timestamp: text as ParseTime reads it, or a number. A number below 32,503,680,000 (the year 3000 in
// seconds) is seconds since 1970, a larger one milliseconds. Fractions finer than a millisecond are rounded half up.
func timeOf(v *Value) (ms int64, ok bool) {
	switch v.Kind {
	case String:
		ms, ok = ParseTime(v.Raw)
	case Number:
		if ms, ok = v.Scaled(3); !ok {
			return 0, false
		}
		if ms >= endTime {
			ms, ok = v.Scaled(0)
		}
	}
	return ms, ok && ms >= 0 && ms < endTime
}

// TimeOf reads a timestamp value: text as ParseTime reads it, or a number of seconds or milliseconds since 1970. ok is false
// outside the years 1970 to 2999.
func TimeOf(v Value) (ms int64, ok bool) { return timeOf(&v) }

// ParseTime reads an RFC 3339 time as unix milliseconds: "2026-01-31T08:30:00.123+08:00". A space or a lower-case t may
// stand for the T; seconds, fraction and zone may be absent, and so may the whole time of day; no zone is UTC. Digits finer
// than a millisecond are cut off.
func ParseTime(s string) (ms int64, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	year, month, day := two(s, 0)*100+two(s, 2), two(s, 5), two(s, 8)
	if bad2(s, 0)|bad2(s, 2)|bad2(s, 5)|bad2(s, 8) != 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	ms = civil(year, month, day) * 86_400_000
	if len(s) == 10 {
		return ms, true
	}
	clock, rest, ok := parseClock(s[10:])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	return ms + clock - offset, ok
}

// clock reads the usual timestamps, "2026-01-31T08:30:00Z" with or without a fraction of three digits, eight bytes at a time.
// It remembers the last month.
type clock struct {
	month uint64 // the bytes "2026-01-"
	first int64  // days from 1970-01-01 to the day before the month's first
	days  uint64
	ms    int64 // what read found
}

const (
	datePattern = 0x2d30302d30303030 // "0000-00-"
	timePattern = 0x30303a3030543030 // "00T00:00"
	dateTop     = 0x7f76767f76767676 // added to a byte above its largest value, this sets its highest bit
	timeTop     = 0x76767f76767f7676
)

// read reads such a timestamp as a JSON string that begins at i and leaves it in ms. ok is false for anything else, which
// ParseTime then reads or refuses.
func (c *clock) read(b []byte, i int) (next int, ok bool) {
	switch {
	case i+22 <= len(b) && b[i+20] == 'Z' && b[i+21] == '"':
		next = i + 22
	case i+26 <= len(b) && b[i+24] == 'Z' && b[i+25] == '"':
		next = i + 26
	default:
		return 0, false
	}
	t := b[i+1 : next-1]
	month, hours := binary.LittleEndian.Uint64(t), binary.LittleEndian.Uint64(t[8:])^timePattern
	if b[i] != '"' || t[16] != ':' || (hours|(hours+timeTop))&highs != 0 || !digits(t[17], t[18]) || month != c.month && !c.turn(month) {
		return 0, false
	}
	digit := func(i int) int64 { return int64(hours >> (8 * i) & 15) }
	day, hour, minute, second := digit(0)*10+digit(1), digit(3)*10+digit(4), digit(6)*10+digit(7), int64(t[17]-'0')*10+int64(t[18]-'0')
	if day < 1 || uint64(day) > c.days || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	c.ms = (((c.first+day)*24+hour)*60+minute)*60_000 + second*1000
	if len(t) == 24 {
		if t[19] != '.' || t[20]-'0' > 9 || !digits(t[21], t[22]) {
			return 0, false
		}
		c.ms += int64(t[20]-'0')*100 + int64(t[21]-'0')*10 + int64(t[22]-'0')
	}
	return next, true
}

func digits(a, b byte) bool { return a-'0' < 10 && b-'0' < 10 }

// turn reads another month.
func (c *clock) turn(month uint64) bool {
	d := month ^ datePattern
	if (d|(d+dateTop))&highs != 0 {
		return false
	}
	digit := func(i int) int { return int(d >> (8 * i) & 15) }
	y, m := digit(0)*1000+digit(1)*100+digit(2)*10+digit(3), digit(5)*10+digit(6)
	if y < 1970 || y > 2999 || m < 1 || m > 12 {
		return false
	}
	c.month, c.first, c.days = month, civil(y, m, 1)-1, uint64(daysIn(y, m))
	return true
}

// parseClock reads "T08:30:00.123" and returns what follows.
func parseClock(s string) (ms int64, rest string, ok bool) {
	if len(s) < 6 || s[0] != 'T' && s[0] != ' ' && s[0] != 't' || s[3] != ':' || bad2(s, 1)|bad2(s, 4) != 0 {
		return 0, "", false
	}
	hour, minute, second := two(s, 1), two(s, 4), 0
	rest = s[6:]
	if len(rest) >= 3 && rest[0] == ':' {
		if bad2(rest, 1) != 0 {
			return 0, "", false
		}
		second, rest = two(rest, 1), rest[3:]
		if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
			i, scale := 1, int64(100)
			for ; i < len(rest) && rest[i]-'0' < 10; i++ {
				ms += int64(rest[i]-'0') * scale
				scale /= 10
			}
			if i == 1 {
				return 0, "", false
			}
			rest = rest[i:]
		}
	}
	if hour > 23 || minute > 59 || second > 59 {
		return 0, "", false
	}
	return ms + int64(hour*3600+minute*60+second)*1000, rest, true
}

// parseOffset reads "", "Z", "+08:00", "+0800" or "+08" as milliseconds east of UTC.
func parseOffset(s string) (ms int64, ok bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' || bad2(s, 1) != 0 {
		return 0, false
	}
	hour, minute := two(s, 1), 0
	switch {
	case len(s) == 6 && s[3] == ':' && bad2(s, 4) == 0:
		minute = two(s, 4)
	case len(s) == 5 && bad2(s, 3) == 0:
		minute = two(s, 3)
	case len(s) != 3:
		return 0, false
	}
	if hour > 23 || minute > 59 {
		return 0, false
	}
	ms = int64(hour*60+minute) * 60_000
	if s[0] == '-' {
		ms = -ms
	}
	return ms, true
}

// two returns the number of two digits at i.
func two(s string, i int) int {
	return int(s[i]-'0')*10 + int(s[i+1]-'0')
}

// bad2 returns 0 if two digits stand at i.
func bad2(s string, i int) int {
	if s[i]-'0' < 10 && s[i+1]-'0' < 10 {
		return 0
	}
	return 1
}

// civil returns the days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date
// algorithms", 2013), for years from 0 on.
func civil(year, month, day int) int64 {
	if month <= 2 {
		year--
	}
	era := year / 400
	if year < 0 {
		era = -1
	}
	yoe := year - era*400
	doy := (153*((month+9)%12)+2)/5 + day - 1
	return int64(era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// IsLocalTime reports whether a time that ParseTime reads says no offset: its zone is then the reader's to know.
func IsLocalTime(s string) bool {
	if len(s) == 10 {
		return true
	}
	if len(s) < 16 {
		return false
	}
	_, rest, ok := parseClock(s[10:])
	return ok && rest == ""
}
