package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
)

// StoredKeys are the keys in the people of every generation.
func StoredKeys(ctx context.Context, shots Snapshots) (keys []string, err error) {
	all, err := shots.Generations(ctx)
	if err != nil {
		return nil, err
	}
	a := &App{ports: Ports{Shots: shots}}
	for _, generation := range all {
		for n := 0; ; n++ {
			p, err := a.part(ctx, generation, n)
			if fault.Is(err, fault.NotFound) {
				break
			}
			if err != nil {
				return nil, err
			}
			for row := range p.rows {
				if key := p.key(row); len(key) > 0 {
					keys = append(keys, string(key))
				}
			}
		}
	}
	return keys, nil
}

// somePeople is a part of n users.
func somePeople(t testing.TB, n int) (part []byte, want []score.Result) {
	w := newPartWriter(1)
	for i := range n {
		r := score.Result{
			Key: fmt.Sprintf("Ключ %d\n", i), FirstSeen: int64(i), LastSeen: 1 << 40, Orders: i % 3, X: 1, TXDays: 9, TDays: 12, MX: float64(i) / 7, Spend: int64(i) * -9_000_000_000,
			RecencyDays: i - 1, PAlive: -1, Expected: 0.1, ChurnP: 0.25, ChurnWarning: i%2 == 0, Engagement: -1, Candidate: "a", Stage: fmt.Sprint("s", i%5), Since: -3,
			R: 5, F: 1, RFM: "champions",
		}
		if r.TX, r.T = 9./7, 12./7; i%4 == 0 {
			r.Tags, r.Segments = []string{"vip", fmt.Sprint(i)}, []string{"x"}
		}
		want = append(want, r)
		w.add(&r)
	}
	part, err := w.part()
	if err != nil {
		t.Fatal(err)
	}
	return part, want
}

func TestPeopleReadBack(t *testing.T) {
	part, want := somePeople(t, 300)
	b, err := unpackPart(part)
	if err != nil {
		t.Fatal(err)
	}
	p, err := openPart(b)
	if err != nil || p.rows != 300 {
		t.Fatal(err)
	}
	for row := range p.rows {
		if got := p.result(row); !reflect.DeepEqual(got, want[row]) {
			t.Fatalf("row %d is %+v, want %+v", row, got, want[row])
		}
	}
	without, n := p.erase(b, func(key []byte) bool { return bytes.HasSuffix(key, []byte(" 7\n")) })
	if n != 1 || bytes.Contains(without, []byte(" 7\n")) {
		t.Errorf("%d rows were erased", n)
	}
	left, err := openPart(without)
	if err != nil || left.rows != 300 || len(left.key(7)) != 0 || string(left.key(8)) != want[8].Key {
		t.Errorf("what is left: %v", err)
	}
}

// FuzzPeople: no file makes the reader panic, and what it opens can be read to its end.
func FuzzPeople(f *testing.F) {
	part, _ := somePeople(f, 20)
	whole, err := unpackPart(part)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(binary.LittleEndian.AppendUint64(make([]byte, 16), 24))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := openPart(b)
		if err != nil {
			return
		}
		for row := range p.rows {
			_ = p.result(row)
		}
	})
}
