package eventfile

import (
	"bytes"
	"io"
	"os"
	"testing"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCDNOWSample reads the shipped sample through the shipped mapping.
func TestCDNOWSample(t *testing.T) {
	m, err := ParseMapping(readFile(t, "../../functions/weir/sample/cdnow.mapping.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := readFile(t, "../../functions/weir/sample/cdnow_sample.txt.gz")
	r, err := Open(bytes.NewReader(file), int64(len(file)), Options{Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	users := map[string]bool{}
	events, cents, discs := 0, int64(0), int64(0)
	for {
		ev, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		amount, ok := ev.Properties.Get("revenue").Scaled(2)
		if !ok || ev.Name != "Order Completed" || ev.Properties.Get("currency").Raw != "USD" {
			t.Fatalf("line %d: %+v", r.Line(), ev)
		}
		if events == 0 && (ev.UserID != "0001" || ev.Time != 852076800000 || amount != 2933 || ev.Properties.Raw != `{"revenue":29.33,"quantity":2,"currency":"USD"}`) {
			t.Fatalf("the first event is %+v", ev)
		}
		quantity, _ := ev.Properties.Get("quantity").Scaled(0)
		users[ev.Key()] = true
		events, cents, discs = events+1, cents+amount, discs+quantity
	}
	if events != 6919 || len(users) != 2357 || cents != 24409194 || discs != 16479 {
		t.Fatalf("%d events of %d users, %d cents, %d discs", events, len(users), cents, discs)
	}
	if r.Consumed() != int64(len(file)) || r.Line() != 6919 {
		t.Fatal(r.Consumed(), r.Line())
	}
}
