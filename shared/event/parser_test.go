package event

import "testing"

func TestParseReadsEveryField(t *testing.T) {
	line := `{"messageId":"m1","type":"track","userId":"u\u00e9","event":"Order Completed","timestamp":"2026-01-31T08:30:00.123+08:00","properties":{"revenue":12.50,"currency":"USD","a":{"b":[1]}},"context":{"ip":"::1"},"x":[1,{"y":null}]}`
	var ev Event
	if r := NewParser(DefaultLimits).Parse([]byte(line), &ev); r != nil {
		t.Fatal(r)
	}
	if ev.UserID != "ué" || ev.Name != "Order Completed" || ev.Time != 1769819400123 || len(ev.Properties.Fields) != 3 {
		t.Fatalf("%+v", ev)
	}
	n, ok := ev.Properties.Get("revenue").Scaled(2)
	if !ok || n != 1250 {
		t.Fatal(n, ok)
	}
	if ev.Properties.Path("a.b").JSON() != "[1]" {
		t.Fatal(ev.Properties.Path("a.b").JSON())
	}
}
