package disk

import (
	"os"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

// TestFullDevice writes to the device that is always full: what fails says so.
func TestFullDevice(t *testing.T) {
	device, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	s := &spill{file: device, name: "spill", block: 64, parts: make([]partition, 1)}
	for i := 0; i < 100 && err == nil; i++ {
		err = s.Append(0, []byte("0123456789"))
	}
	for _, err := range []error{err, s.Flush()} {
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "full") {
			t.Fatalf("got %v", err)
		}
	}
}
