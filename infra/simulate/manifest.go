package simulate

import (
	"bytes"
	"encoding/json"
	"os"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// ManifestName is the file that says what a simulated base is.
const ManifestName = "manifest.json"

const notice = "Simulated. Every person, purchase and amount was invented by weir simulate; nothing here was observed, and nothing may be presented as if it were."

// Manifest says what a simulated base is made from and what importing it must give.
type Manifest struct {
	Simulated  bool       `json:"simulated"` // true
	Notice     string     `json:"notice"`
	Version    int        `json:"version"` // of the generator: another one gives other bases for the same arguments
	Parameters Parameters `json:"parameters"`
	Counts     Counts     `json:"counts"`
	Truth      Truth      `json:"truth"`
	Files      []File     `json:"files"` // in the order in which they arrive
}

// Parameters are the arguments of the simulation.
type Parameters struct {
	Users    int    `json:"users"`
	Days     int    `json:"days"`
	Seed     uint64 `json:"seed"`
	From     string `json:"from"` // the first day, UTC
	End      string `json:"end"`  // the first day after the last
	Format   string `json:"format"`
	Compress string `json:"compress"`
	Daily    bool   `json:"daily"`
}

// Counts are what the files hold.
type Counts struct {
	Events     int64            `json:"events"`     // lines or rows
	Accepted   int64            `json:"accepted"`   // different ones
	Duplicates int64            `json:"duplicates"` // repetitions of others
	Rejected   int64            `json:"rejected"`   // 0
	Late       int64            `json:"late"`       // that arrive more than 14 days after they happened, repetitions among them
	Users      int64            `json:"users"`      // people, after the ids of each are linked
	Anonymous  int64            `json:"anonymous"`  // of them, who never said who they are
	Linked     int64            `json:"linked"`     // who first came, or came again, without an id
	ByEvent    map[string]int64 `json:"by_event"`   // different ones, by type or, for track events, by name
	Buyers     int64            `json:"buyers"`
	Revenue    int64            `json:"revenue_minor"` // of orders
	Refunded   int64            `json:"refunded_minor"`
}

// Truth is what no import can see.
type Truth struct {
	Left   int64              `json:"left"`   // buyers who left for good before the end
	Stayed int64              `json:"stayed"` // buyers who did not
	Model  map[string]float64 `json:"model"`  // what people were drawn from; times in weeks, before channels and seasons
}

// File is one file of events.
type File struct {
	Name   string `json:"name"`
	From   string `json:"from"` // the first and the last moment of arrival
	To     string `json:"to"`
	Events int64  `json:"events"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func newManifest(o Options) *Manifest {
	return &Manifest{
		Simulated: true, Notice: notice, Version: 1,
		Parameters: Parameters{o.Users, o.Days, o.Seed, (o.End - zone.Day(o.Days)).String(), o.End.String(), o.Format, o.Compress, o.Daily},
		Counts:     Counts{ByEvent: map[string]int64{}},
		Truth: Truth{Model: map[string]float64{
			"purchase_rate_shape": rateShape, "purchase_rate_scale": rateScale, "dropout_a": dropoutA, "dropout_b": dropoutB,
			"money_p": moneyP, "money_q": moneyQ, "money_v": moneyV, "buyers": buyers,
		}},
	}
}

// count adds one person.
func (m *Manifest) count(p *person, events []sent) {
	c, unnamed, bought := &m.Counts, false, false
	c.Users++
	for i := range events {
		e := &events[i]
		c.Events++
		if e.late {
			c.Late++
		}
		if e.again {
			c.Duplicates++
			continue
		}
		c.Accepted++
		unnamed = unnamed || e.ev.UserID == ""
		name := e.ev.Kind.String()
		if e.ev.Kind == event.Track {
			name = e.ev.Name
		}
		c.ByEvent[name]++
		switch name {
		case "Order Completed":
			bought = true
			c.Revenue += cents(&e.ev)
		case "Order Refunded":
			c.Refunded += cents(&e.ev)
		}
	}
	switch {
	case unnamed && !p.known:
		c.Anonymous++
	case unnamed:
		c.Linked++
	}
	if bought {
		c.Buyers++
		if p.left < p.end {
			m.Truth.Left++
		} else {
			m.Truth.Stayed++
		}
	}
}

func cents(ev *event.Event) int64 {
	n, _ := ev.Properties.Get("revenue").Scaled(2)
	return n
}

func (m *Manifest) write(name string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return err
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		return cannotWrite(name, err)
	}
	return nil
}
