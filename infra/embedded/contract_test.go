package embedded

import (
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/porttest"
)

func openTest(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	o.NoSync = true
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func aClock() int64 { return 1_700_000_000_000 }

func TestContract(t *testing.T) {
	for _, buckets := range []int{DefaultBuckets, 1} {
		porttest.Run(t, func(t *testing.T) app.Ports {
			return openTest(t, t.TempDir(), Options{Buckets: buckets}).Ports(aClock)
		})
	}
}

func TestReopen(t *testing.T) {
	porttest.RunReopen(t, func(t *testing.T) (app.Ports, func() app.Ports) {
		dir := t.TempDir()
		s := openTest(t, dir, Options{})
		return s.Ports(aClock), func() app.Ports {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return openTest(t, dir, Options{}).Ports(aClock)
		}
	})
}
