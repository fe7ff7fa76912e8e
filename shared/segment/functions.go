package segment

import "strconv"

// fnID identifies a function.
type fnID uint8

const (
	fnNone fnID = iota
	fnLower
	fnUpper
	fnTrim
	fnLength
	fnAbs
	fnRound
	fnFloor
	fnCeil
	fnMin
	fnMax
	fnNumber
	fnCoalesce
	fnDate
	fnTime
	fnToday
	fnDaysAgo
	fnDaysSince
	fnDaysBetween
	fnYear
	fnMonth
	fnDay
	fnWeekday
	fnHasAny
	fnHasAll
	fnDaysUntil
	fnAnniversary
	fnYearsSince
	fnInUserZone
	fnCount
)

// function describes a function to the checker.
type function struct {
	name     string
	min, max int // number of arguments; max -1: any number
	args     []Type
	result   Type
	usage    string
}

// functions is the table of functions. Every function accepts arguments of type any too.
var functions = [fnCount]function{
	fnLower:       {"lower", 1, 1, []Type{TString}, TString, "lower(text)"},
	fnUpper:       {"upper", 1, 1, []Type{TString}, TString, "upper(text)"},
	fnTrim:        {"trim", 1, 1, []Type{TString}, TString, "trim(text)"},
	fnLength:      {"length", 1, 1, []Type{TString}, TNumber, "length(text or list)"},
	fnAbs:         {"abs", 1, 1, []Type{TNumber}, TNumber, "abs(number)"},
	fnRound:       {"round", 1, 1, []Type{TNumber}, TNumber, "round(number)"},
	fnFloor:       {"floor", 1, 1, []Type{TNumber}, TNumber, "floor(number)"},
	fnCeil:        {"ceil", 1, 1, []Type{TNumber}, TNumber, "ceil(number)"},
	fnMin:         {"min", 1, -1, []Type{TNumber}, TNumber, "min(number or list, …)"},
	fnMax:         {"max", 1, -1, []Type{TNumber}, TNumber, "max(number or list, …)"},
	fnNumber:      {"number", 1, 1, []Type{TNumber, TString}, TNumber, "number(text)"},
	fnCoalesce:    {"coalesce", 2, -1, []Type{TNull, TBool, TNumber, TString, TTime}, TAny, "coalesce(value, value, …)"},
	fnDate:        {"date", 1, 1, []Type{TString}, TTime, `date("2026-01-31")`},
	fnTime:        {"time", 1, 1, []Type{TTime, TString, TNumber}, TTime, "time(text in ISO 8601, or unix milliseconds)"},
	fnToday:       {"today", 0, 0, nil, TTime, "today()"},
	fnDaysAgo:     {"days_ago", 1, 1, []Type{TNumber}, TTime, "days_ago(number of days)"},
	fnDaysSince:   {"days_since", 1, 1, []Type{TTime}, TNumber, "days_since(time)"},
	fnDaysBetween: {"days_between", 2, 2, []Type{TTime}, TNumber, "days_between(earlier time, later time)"},
	fnYear:        {"year", 1, 1, []Type{TTime}, TNumber, "year(time)"},
	fnMonth:       {"month", 1, 1, []Type{TTime}, TNumber, "month(time)"},
	fnDay:         {"day", 1, 1, []Type{TTime}, TNumber, "day(time)"},
	fnWeekday:     {"weekday", 1, 1, []Type{TTime}, TNumber, "weekday(time)"},
	fnHasAny:      {"has_any", 2, 2, []Type{TList}, TBool, "has_any(list, [value, …])"},
	fnHasAll:      {"has_all", 2, 2, []Type{TList}, TBool, "has_all(list, [value, …])"},
	fnDaysUntil:   {"days_until", 1, 1, []Type{TTime}, TNumber, "days_until(time)"},
	fnAnniversary: {"anniversary", 1, 1, []Type{TTime, TString, TNumber}, TNumber, "anniversary(date)"},
	fnYearsSince:  {"years_since", 1, 1, []Type{TTime, TString, TNumber}, TNumber, "years_since(date)"},
	fnInUserZone:  {"in_user_zone", 1, 1, []Type{TBool, TNumber, TString, TTime}, TAny, "in_user_zone(expression)"},
}

var functionNames, functionsByName = indexFunctions()

func indexFunctions() ([]string, map[string]fnID) {
	names, byName := make([]string, 0, fnCount), make(map[string]fnID, fnCount)
	for id := fnLower; id < fnCount; id++ {
		names = append(names, functions[id].name)
		byName[functions[id].name] = id
	}
	return names, byName
}

// Functions returns how each function is called, in the order of the documentation.
func Functions() []string {
	usages := make([]string, 0, fnCount)
	for id := fnLower; id < fnCount; id++ {
		usages = append(usages, functions[id].usage)
	}
	return usages
}

func (f *function) accepts(t Type) bool {
	if t == TAny {
		return true
	}
	for _, a := range f.args {
		if a == t {
			return true
		}
	}
	return false
}

func (f *function) arity() string {
	switch {
	case f.max == 0:
		return "no argument"
	case f.max == 1:
		return "one argument"
	case f.min == f.max:
		return strconv.Itoa(f.min) + " arguments"
	}
	return "at least " + strconv.Itoa(f.min)
}
