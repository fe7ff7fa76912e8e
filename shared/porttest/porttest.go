// Package porttest holds the contract of shared/app's ports as tests: every adapter passes Run and RunReopen. It also wraps
// ports so that chosen calls fail (Faulty), for tests of what a crash leaves behind.
package porttest

import (
	"context"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Run checks every sentence of the ports' contracts. open returns the ports of an empty base and registers what closes it
// with t.Cleanup; it is called once a test.
func Run(t *testing.T, open func(t *testing.T) app.Ports) {
	for _, suite := range []struct {
		name  string
		tests []test
	}{
		{"Uploads", uploadTests},
		{"Ledger", ledgerTests},
		{"Profiles", profileTests},
		{"UserWrite", userWriteTests},
		{"Links", linkTests},
		{"Canon", canonTests},
		{"Rejects", rejectTests},
		{"Intents", intentTests},
		{"Caps", capTests},
		{"Docs", docTests},
		{"Contacts", contactTests},
		{"Forget", forgetTests},
		{"Snapshots", snapshotTests},
		{"Scratch", scratchTests},
		{"Suppressions", suppressionTests},
		{"Channels", channelTests},
		{"Zones", zoneTests},
		{"Canceled", canceledTests},
	} {
		t.Run(suite.name, func(t *testing.T) {
			for _, one := range suite.tests {
				t.Run(one.name, func(t *testing.T) { one.run(t, open(t)) })
			}
		})
	}
}

// RunReopen checks that what was written is there when the store is closed and opened again. open returns the ports of an empty
// base and a function that closes the store and opens it again; it is called once a test.
func RunReopen(t *testing.T, open func(t *testing.T) (p app.Ports, reopen func() app.Ports)) {
	for _, one := range reopenTests {
		t.Run(one.name, func(t *testing.T) {
			p, reopen := open(t)
			one.write(t, p)
			one.check(t, reopen())
		})
	}
}

// test is one test over the ports of an empty base.
type test struct {
	name string
	run  func(t *testing.T, p app.Ports)
}

var ctx = context.Background()

// must ends the test when err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// get ends the test when err is not nil, and returns v.
func get[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// wantCode fails the test unless err carries code and says something to people.
func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("got error %v with code %q, want code %q", err, fault.CodeOf(err), code)
	}
	if err.Error() == "" {
		t.Errorf("the error says nothing")
	}
}

// same fails the test unless got equals want; empty and nil slices are equal.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // cmp takes long over large bytes
		return
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s differs (-want +got):\n%s", what, d)
	}
}
