package emulated

import (
	"net"
	"os"
	"testing"
	"time"
)

// With a network of their own the tests see the loopback alone, and reach nobody.
func TestAlone(t *testing.T) {
	if os.Getenv(aloneEnv) == "" {
		t.Skip("the tests have no network namespace of their own: it takes root")
	}
	all, err := net.Interfaces()
	must(t, err)
	for _, i := range all {
		addresses, err := i.Addrs()
		must(t, err)
		if i.Flags&net.FlagLoopback == 0 && len(addresses) > 0 {
			t.Errorf("there is the interface %s with %v", i.Name, addresses)
		}
	}
	// 198.51.100.1 is a documentation address: outside of a namespace packets to it would leave the machine.
	if c, err := net.DialTimeout("tcp", "198.51.100.1:80", time.Second); err == nil {
		_ = c.Close()
		t.Error("another host answers")
	} else if n, ok := err.(net.Error); ok && n.Timeout() {
		t.Errorf("packets leave the machine: %v", err)
	}
}
