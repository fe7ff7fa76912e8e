package profile

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/zone"
)

const referenceData = "../../../shared/data/"

// cdnow reads the CDNOW sample as streams of events by customer, up to and including a day; the days are UTC.
func cdnow(t *testing.T, through zone.Day) map[int][]entry {
	t.Helper()
	text, err := os.ReadFile(referenceData + "cdnow/CDNOW_sample.txt")
	if err != nil {
		t.Skip("the reference data is not here")
	}
	users := map[int][]entry{}
	for line := range strings.Lines(string(text)) {
		c := strings.Fields(line)
		if len(c) != 5 {
			continue
		}
		day, err := zone.ParseDay(c[2][:4] + "-" + c[2][4:6] + "-" + c[2][6:])
		if err != nil {
			t.Fatal(err)
		}
		id, err := strconv.Atoi(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if day > through {
			continue
		}
		e := track("Order Completed", int64(day)*dayMs, `{"revenue":`+c[4]+`,"quantity":`+c[3]+`,"currency":"USD"}`)
		e.ev.MessageID = strconv.Itoa(len(users[id]))
		e.id = e.ev.StableID(0)
		users[id] = append(users[id], e)
	}
	return users
}

// TestCDNOWHistory compares x, t_x, T and m_x of every customer with the reference table, which other tools made.
func TestCDNOWHistory(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	asOf := zone.DayOf(1997, 9, 30)
	users := cdnow(t, asOf)
	file, err := os.Open(referenceData + "reference/cdnow_sample_cbs.csv")
	if err != nil {
		t.Skip("the reference data is not here")
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows)-1 != len(users) {
		t.Fatalf("%d customers, the reference has %d", len(users), len(rows)-1)
	}
	for _, row := range rows[1:] {
		want := make([]float64, len(row))
		for i, text := range row {
			if text != "" {
				if want[i], err = strconv.ParseFloat(text, 64); err != nil {
					t.Fatal(err)
				}
			}
		}
		x, tx, tt, net := fold(s, users[int(want[0])]).RepeatStats(asOf)
		mx := 0.0
		if x > 0 {
			mx = float64(net) / 100 / float64(x)
		}
		for i, got := range []float64{float64(x), float64(tx) / 7, float64(tt) / 7, mx} {
			if math.Abs(got-want[i+1]) > 1e-8*math.Max(1, want[i+1]) {
				t.Fatalf("customer %s: %s = %v, the reference has %v", row[0], rows[0][i+1], got, want[i+1])
			}
		}
	}
}

// TestCDNOWItems prints the stored sizes of the CDNOW sample and checks that every one fits one write unit.
func TestCDNOWItems(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	var sizes []int
	for id, stream := range cdnow(t, zone.DayOf(1998, 6, 30)) {
		last := stream[len(stream)-1].ev.Time
		state := EncodeState(nil, richState(id, last))
		sizes = append(sizes, ItemSize(strconv.Itoa(10_000 + id)[1:], EncodeFacts(nil, fold(s, stream)), state, nil, 1))
	}
	p50, p90, p99 := percentiles(sizes)
	t.Logf("CDNOW sample, %d customers: item p50 %d, p90 %d, p99 %d bytes, largest %d", len(sizes), p50, p90, p99, sizes[len(sizes)-1])
	if sizes[len(sizes)-1] > MaxItem {
		t.Errorf("the largest item has %d bytes", sizes[len(sizes)-1])
	}
}
