package emulated

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// schedule is an expression of EventBridge: rate(5 minutes), or cron with numbers, lists of them and stars.
type schedule struct {
	every   time.Duration // 0: by the fields
	fields  [5][]int      // minutes, hours, days of the month, months, days of the week from Sunday = 1; nil: any
	zone    *time.Location
	reaches int // days that next looks ahead
}

var (
	rateForm = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)
	cronForm = regexp.MustCompile(`^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$`)
)

func parseSchedule(text, zone string) (p schedule, err error) {
	p.reaches = 4 * 366
	if p.zone, err = time.LoadLocation(zone); err != nil {
		return p, fault.New(fault.Invalid, "%q is no time zone", zone).Because(err)
	}
	if m := rateForm.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || n > 366*24*60 {
			return p, fault.New(fault.Invalid, "%s is no rate", text)
		}
		p.every = time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
		return p, nil
	}
	m := cronForm.FindStringSubmatch(text)
	if m == nil || m[6] != "*" {
		return p, fault.New(fault.Invalid, "the emulation does not know the schedule %s", text).WithHint("use rate(…), or cron(…) with numbers")
	}
	for i := range p.fields {
		if m[i+1] == "*" || m[i+1] == "?" {
			continue
		}
		for number := range strings.SplitSeq(m[i+1], ",") {
			n, err := strconv.Atoi(number)
			if err != nil || n < 0 || n > 59 {
				return p, fault.New(fault.Invalid, "the emulation does not know the schedule %s", text).WithHint("use rate(…), or cron(…) with numbers")
			}
			p.fields[i] = append(p.fields[i], n)
		}
	}
	if p.next(time.Now()).IsZero() {
		return p, fault.New(fault.Invalid, "the schedule %s never comes", text)
	}
	return p, nil
}

// next returns the first moment of the schedule after another one; the zero time when there is none within four years.
func (p *schedule) next(after time.Time) time.Time {
	if p.every > 0 {
		return after.Add(p.every)
	}
	after = after.In(p.zone)
	for d := range p.reaches {
		day := time.Date(after.Year(), after.Month(), after.Day()+d, 0, 0, 0, 0, p.zone)
		if !in(p.fields[2], day.Day()) || !in(p.fields[3], int(day.Month())) || !in(p.fields[4], int(day.Weekday())+1) {
			continue
		}
		for minute := range 24 * 60 {
			if !in(p.fields[0], minute%60) || !in(p.fields[1], minute/60) {
				continue
			}
			t := time.Date(day.Year(), day.Month(), day.Day(), minute/60, minute%60, 0, 0, p.zone)
			if t.After(after) {
				return t
			}
		}
	}
	return time.Time{}
}

func in(list []int, n int) bool {
	if list == nil {
		return true
	}
	for _, x := range list {
		if x == n {
			return true
		}
	}
	return false
}
