// Package cost models the monthly bill of a base on AWS: line by line, from its traffic, under assumptions that it states.
//
// It is a model, not a measurement. The units of writes follow docs/decisions/007; the prices stand in one table.
package cost

import (
	"fmt"
	"math"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Traffic is what a base does in a month.
type Traffic struct {
	Events   int64 `json:"events"`   // accepted events
	Active   int64 `json:"active"`   // users with at least one of them
	Base     int64 `json:"base"`     // users in the base; at least Active
	Messages int64 `json:"messages"` // that rules send
	Files    int64 `json:"files"`    // event files
	Calls    int64 `json:"calls"`    // of the API, by the console or programs
	Months   int64 `json:"months"`   // of events that are kept
}

// Assumptions are what the traffic alone does not say.
type Assumptions struct {
	ItemKB        float64 `json:"item_kb"`         // of a profile in the table
	Decisions     float64 `json:"decisions"`       // that a sweep makes, of an active user in a month
	Links         float64 `json:"links"`           // facts that two ids are one person, of an active user in a month
	EventBytes    float64 `json:"event_bytes"`     // of an event in a file as it arrives
	KeptBytes     float64 `json:"kept_bytes"`      // of an event in Parquet
	EventsPerSec  float64 `json:"events_per_sec"`  // that one import folds
	UsersPerSec   float64 `json:"users_per_sec"`   // that a sweep evaluates
	ObjectsPerRun float64 `json:"objects_per_run"` // that the import of one file writes
}

// Defaults are the assumptions that a stated figure of docs/operations.md is made with.
func Defaults() Assumptions {
	return Assumptions{ItemKB: 1, Decisions: 2, Links: 1, EventBytes: 350, KeptBytes: 60, EventsPerSec: 2000, UsersPerSec: 2000, ObjectsPerRun: 48}
}

// Line is one line of a bill.
type Line struct {
	Name     string  `json:"name"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	USD      float64 `json:"usd"`
}

// Bill is a month's bill.
type Bill struct {
	Region      string      `json:"region"`
	Date        string      `json:"date"`
	Traffic     Traffic     `json:"traffic"`
	Assumptions Assumptions `json:"assumptions"`
	Lines       []Line      `json:"lines"`
	USD         float64     `json:"usd"`
	PerMillion  float64     `json:"usd_per_million_events"` // 0 without events
	Idle        float64     `json:"idle_usd"`               // of the same deployment without any traffic
	Notes       []string    `json:"notes"`
}

const (
	days       = 30
	month      = days * 86_400.0 // seconds
	gigabyte   = 1e9
	largeGB    = 1769.0 / 1024 // memory of ingest, sweep, snapshot and api in template.yaml
	smallGB    = 0.5           // of deliver
	collectGB  = 0.25          // of collect
	alarmCount = 6             // metrics with an alarm in template.yaml
	polls      = 5*month/20 + minutes*2
	hours      = days * 24      // how often a sweep looks who is due, and whether the snapshot is young
	quiet      = 0.3            // seconds of such a look
	minutes    = days * 24 * 60 // how often the events of API calls are collected
	scans      = days + 5       // of the base: a snapshot a day, cuts each week
	partitions = 256            // that a scan of the profiles queries
)

// Units of the table, a little above what imports and deliveries consume in stand-ins of DynamoDB (infra/emulated/units_test.go and
// oneunit_test.go hold them): an item counts by the kilobyte, and twice in a transaction.
const (
	// MessageWrites: an intent, its entry among its user's, and in the index; claimed with the day's count, and settled; the user's log, with
	// the profile when it is the first.
	MessageWrites = 8 + 16 + 4
	MessageReads  = 21 // the intent, the user, consent, the log and what limits messages
	LinkWrites    = 8  // of a new fact: itself under both ids, a pointer, and what a profile that is taken in costs beside its user's write
	LinkReads     = 8  // the facts and ids around it
	PointerReads  = 1  // of a user of a file who comes under another id, too
	FileWrites    = 18 // ledger entries of a file and of its chunk, the lease, documents, and the count of profiles
	FileReads     = 35 // the published strategy and its cuts, the ledger, the lease
	ChunkWrites   = 4  // of each chunk more that a large file has: its entries, and the count of profiles
	ChunkBytes    = 1 << 20
	MaxChunks     = 16 // of files up to 32 MB
)

// Monthly returns the bill of a month. Invalid when a number is negative, or fewer users are in the base than are active.
func Monthly(t Traffic, a Assumptions) (*Bill, error) {
	if err := check(t, a); err != nil {
		return nil, err
	}
	b := bill(t, a)
	b.Idle = bill(Traffic{}, a).USD
	return b, nil
}

func check(t Traffic, a Assumptions) error {
	for _, n := range []int64{t.Events, t.Active, t.Base, t.Messages, t.Files, t.Calls, t.Months} {
		if n < 0 || n > 1e15 {
			return fault.New(fault.Invalid, "%d is no traffic of a month", n).WithHint("give numbers from 0 to 10^15")
		}
	}
	for _, x := range []float64{a.ItemKB, a.Decisions, a.Links, a.EventBytes, a.KeptBytes, a.EventsPerSec, a.UsersPerSec, a.ObjectsPerRun} {
		if !(x > 0 && x <= 1e9) {
			return fault.New(fault.Invalid, "%g is no assumption", x).WithHint("give numbers above 0")
		}
	}
	if t.Base < t.Active {
		return fault.New(fault.Invalid, "%d users are active, and the base has %d", t.Active, t.Base).WithHint("--base counts the active users, too")
	}
	if t.Events > 0 && (t.Active == 0 || t.Files == 0) || t.Active > t.Events {
		return fault.New(fault.Invalid, "%d events of %d users in %d files cannot be", t.Events, t.Active, t.Files).
			WithHint("every active user has an event, and every event stands in a file")
	}
	return nil
}

func bill(t Traffic, a Assumptions) *Bill {
	events, active, base, messages := float64(t.Events), float64(t.Active), float64(t.Base), float64(t.Messages)
	files, calls := float64(t.Files), float64(t.Calls)
	writeItem, readItem := math.Ceil(a.ItemKB), math.Ceil(a.ItemKB/4)

	touches := min(events, float64(active*files))
	decisions := float64(active * a.Decisions)
	writes := float64(touches*writeItem) +
		float64(decisions*writeItem) + // their records are objects
		float64(messages*(MessageWrites+writeItem)) + // a transaction costs a second time what the item costs
		float64(active*a.Links*LinkWrites) + float64(files*FileWrites) + float64(chunks(files, float64(events*a.EventBytes))*ChunkWrites)
	scan := max(partitions, base*a.ItemKB/4)
	reads := float64(touches*(readItem+float64(PointerReads*min(1, a.Links)))) + float64(active*a.Links*LinkReads) + float64(messages*MessageReads) + float64(files*FileReads) + float64(scans*scan) + float64(calls*4)

	tableGB := float64((float64(base*a.ItemKB) + float64(2*messages)) * 1000 / gigabyte)
	keptGB := float64(events * a.KeptBytes * max(1, float64(t.Months)) / gigabyte)
	logGB := float64(decisions * 1000 * max(1, float64(t.Months)) / gigabyte)
	rawGB := float64(events * a.EventBytes / gigabyte)

	ingest := events/a.EventsPerSec + float64(files*2)
	sweep := float64(2*hours*quiet) + float64(days*base/a.UsersPerSec) // the snapshot reads everyone once a day
	seconds := float64((ingest+sweep+float64(calls*0.2))*largeGB) + float64(messages*0.1*smallGB) + minutes*0.03*collectGB
	requests := files + 2*hours + messages + calls + minutes

	quantities := [priceCount]float64{
		writeUnits: writes, readUnits: reads, tableStorage: tableGB, tableBackup: tableGB,
		bucketWrites: float64(files*(a.ObjectsPerRun+2)) + messages + decisions/100, bucketReads: float64(files*8) + float64(rawGB*1000/4) + float64(calls*2),
		bucketStorage: keptGB + rawGB + logGB, functionCalls: requests, functionTime: seconds,
		queueCalls: polls + float64(files*3), keys: 1, keyCalls: 10_000 + float64(files*4), alarms: alarmCount,
		logs:     float64((float64(files*2000) + float64(messages*400) + float64(calls*600) + 2*hours*800) / gigabyte),
		apiCalls: calls, schedules: 2*hours + minutes,
	}
	b := &Bill{Region: Region, Date: Date, Traffic: t, Assumptions: a, Notes: notes(t)}
	for i, p := range prices {
		usd := float64(quantities[i] / p.Per * p.USD)
		b.Lines = append(b.Lines, Line{Name: p.Name, Quantity: quantities[i], Unit: p.Unit, USD: usd})
		b.USD += usd
	}
	if events > 0 {
		b.PerMillion = float64(b.USD / events * 1e6)
	}
	return b
}

// unchecked names the prices that nothing but the page itself could confirm when the table was written.
func unchecked() string {
	var names []string
	for _, p := range prices {
		if p.Checked == "" {
			names = append(names, p.Name)
		}
	}
	return fmt.Sprintf("prices of %s in %s; not confirmed beside AWS's own pages: %s", Date, Region, strings.Join(names, "; "))
}

// chunks is how many chunks so many bytes in so many files have beside the first of each.
func chunks(files, bytes float64) float64 {
	if files == 0 {
		return 0
	}
	return float64(files * min(MaxChunks-1, math.Floor(float64(bytes/files/ChunkBytes))))
}

func notes(t Traffic) []string {
	out := []string{
		unchecked(),
		"a model, not a measurement: docs/operations.md says what was measured",
		"without free tiers, taxes, transfer to the internet, Cognito, CloudFront, dashboards and mail",
		"an idle queue is asked by five pollers, every 20 seconds each, and that of API calls every minute",
	}
	if t.Active > 0 {
		each := float64(t.Events) / float64(t.Active)
		most := min(each, float64(t.Files))
		out = append(out, fmt.Sprintf("an active user is read and written in %.1f of the files: once a user and file, each event in another file where there are enough", most))
	}
	return out
}
