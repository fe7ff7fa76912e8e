package segment

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-engine/weir/shared/zone"
)

// The moments that time() and the calendar functions know: the years 0 to 9999.
const (
	minTime = -62_167_219_200_000
	maxTime = 253_402_300_799_999
)

// call evaluates a function. An argument that is null or of another type gives null, except in coalesce.
func call(n *Node, env Env) Value {
	switch n.fn {
	case fnLower, fnUpper, fnTrim:
		return textCall(n, env)
	case fnLength:
		return length(eval(n.Args[0], env))
	case fnAbs, fnRound, fnFloor, fnCeil:
		x, ok := number(n.Args[0], env)
		if !ok {
			return Null
		}
		return Value{Kind: KindNumber, Num: rounded(n.fn, x)}
	case fnMin, fnMax:
		return extreme(n, env)
	case fnNumber:
		return toNumber(eval(n.Args[0], env))
	case fnCoalesce:
		for _, a := range n.Args {
			if v := eval(a, env); v.Kind != KindNull {
				return v
			}
		}
		return Null
	case fnDate:
		return Time(env.Zone().Start(zone.Day(n.Num)))
	case fnTime:
		return toTime(eval(n.Args[0], env), env.Zone())
	case fnToday:
		return Time(env.Zone().Start(env.Zone().Day(env.AsOf())))
	case fnDaysAgo:
		return daysAgo(n, env)
	case fnHasAny, fnHasAll:
		return Bool(overlap(n, env))
	case fnAnniversary, fnYearsSince, fnInUserZone:
		return zonedCall(n, env)
	}
	return calendarCall(n, env)
}

func textCall(n *Node, env Env) Value {
	s, ok := text(n.Args[0], env)
	if !ok {
		return Null
	}
	switch n.fn {
	case fnLower:
		return String(strings.ToLower(s))
	case fnUpper:
		return String(strings.ToUpper(s))
	}
	return String(strings.TrimSpace(s))
}

func length(v Value) Value {
	switch v.Kind {
	case KindString:
		return Value{Kind: KindNumber, Num: float64(utf8.RuneCountInString(v.Str))}
	case KindList:
		return Value{Kind: KindNumber, Num: float64(len(v.List))}
	}
	return Null
}

func rounded(fn fnID, x float64) float64 {
	switch fn {
	case fnAbs:
		x = math.Abs(x)
	case fnRound:
		x = math.Round(x)
	case fnFloor:
		x = math.Floor(x)
	default:
		x = math.Ceil(x)
	}
	return x + 0
}

func extreme(n *Node, env Env) Value {
	best, ok, first := 0.0, true, true
	for _, a := range n.Args {
		x, okx := extremeOf(n.fn, a, env)
		ok = ok && okx
		if first || n.fn == fnMin && x < best || n.fn == fnMax && x > best {
			best, first = x, false
		}
	}
	return maybeNumber(best, ok)
}

// toNumber reads a decimal number; spaces around it, infinities and hexadecimal digits give null.
func toNumber(v Value) Value {
	if v.Kind != KindString {
		if v.Kind == KindNumber {
			return v
		}
		return Null
	}
	if v.Str == "" || len(v.Str) > 64 {
		return Null
	}
	for i := 0; i < len(v.Str); i++ {
		if c := v.Str[i]; !isDigit(c) && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return Null
		}
	}
	x, err := strconv.ParseFloat(v.Str, 64)
	if err != nil {
		return Null
	}
	return Number(x)
}

func daysAgo(n *Node, env Env) Value {
	days, ok := number(n.Args[0], env)
	if !ok || math.Abs(days) > 1e6 {
		return Null
	}
	z := env.Zone()
	return inRange(float64(z.Start(z.Day(env.AsOf()) - zone.Day(math.Floor(days)))))
}

func inRange(ms float64) Value {
	if ms < minTime || ms > maxTime {
		return Null
	}
	return Value{Kind: KindTime, Num: math.Floor(ms)}
}

// calendarCall evaluates the functions of times.
func calendarCall(n *Node, env Env) Value {
	day, ok := dayOf(n.Args[0], env)
	if !ok {
		return Null
	}
	result := 0
	switch n.fn {
	case fnDaysSince:
		result = int(env.Zone().Day(env.AsOf()) - day)
	case fnDaysUntil:
		result = int(day - env.Zone().Day(env.AsOf()))
	case fnDaysBetween:
		later, ok := dayOf(n.Args[1], env)
		if !ok {
			return Null
		}
		result = int(later - day)
	case fnWeekday:
		result = (int(day)%7+7+3)%7 + 1
	case fnYear:
		result = day.Time().Year()
	case fnMonth:
		result = int(day.Time().Month())
	case fnDay:
		result = day.Time().Day()
	}
	return Value{Kind: KindNumber, Num: float64(result)}
}

// dayOf evaluates to the calendar day of a time.
func dayOf(n *Node, env Env) (zone.Day, bool) {
	v := eval(n, env)
	if v.Kind != KindTime || v.Num < minTime || v.Num > maxTime {
		return 0, false
	}
	return env.Zone().Day(int64(v.Num)), true
}

// toTime reads a moment: unix milliseconds, or ISO 8601 as YYYY-MM-DD (its first moment in z) or with a time of day after T
// or a space, which without an offset is UTC.
func toTime(v Value, z *zone.Zone) Value {
	switch v.Kind {
	case KindTime:
		return v
	case KindNumber:
		return inRange(v.Num)
	case KindString:
	default:
		return Null
	}
	s := v.Str
	if len(s) < 10 {
		return Null
	}
	date, ok := parseDate(s[:10])
	if !ok {
		return Null
	}
	if len(s) == 10 {
		return inRange(float64(z.Start(date)))
	}
	if s[10] != 'T' && s[10] != 't' && s[10] != ' ' {
		return Null
	}
	ms, ok := parseClock(s[11:])
	if !ok {
		return Null
	}
	return inRange(float64(int64(date)*86_400_000 + ms))
}

// digits reads n decimal digits at the beginning of s.
func digits(s string, n int) (int, bool) {
	if len(s) < n {
		return 0, false
	}
	x := 0
	for i := 0; i < n; i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		x = x*10 + int(s[i]-'0')
	}
	return x, true
}

// parseDate reads YYYY-MM-DD.
func parseDate(s string) (zone.Day, bool) {
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) == (i == 4 || i == 7) {
			return 0, false
		}
	}
	day, err := zone.ParseDay(s)
	return day, err == nil
}

// parseClock reads HH:MM[:SS[.fff]][Z|±HH:MM|±HHMM] as milliseconds since midnight UTC.
func parseClock(s string) (int64, bool) {
	h, ok1 := digits(s, 2)
	if !ok1 || len(s) < 5 || s[2] != ':' {
		return 0, false
	}
	m, ok2 := digits(s[3:], 2)
	if !ok2 || h > 23 || m > 59 {
		return 0, false
	}
	ms := int64(h*60+m) * 60_000
	s = s[5:]
	if len(s) >= 3 && s[0] == ':' {
		sec, ok := digits(s[1:], 2)
		if !ok || sec > 59 {
			return 0, false
		}
		ms += int64(sec) * 1000
		s = s[3:]
		if len(s) > 1 && s[0] == '.' && isDigit(s[1]) {
			s = s[1:]
			for unit := int64(100); len(s) > 0 && isDigit(s[0]); unit, s = unit/10, s[1:] {
				ms += unit * int64(s[0]-'0')
			}
		}
	}
	offset, ok := parseOffset(s)
	return ms - offset, ok
}

// parseOffset reads "", Z, ±HH:MM or ±HHMM as milliseconds.
func parseOffset(s string) (int64, bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) == 6 && s[3] == ':' {
		s = s[:3] + s[4:]
	}
	if len(s) != 5 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	x, ok := digits(s[1:], 4)
	if !ok || x/100 > 23 || x%100 > 59 {
		return 0, false
	}
	ms := int64(x/100*60+x%100) * 60_000
	if s[0] == '-' {
		ms = -ms
	}
	return ms, true
}
