package main

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"weir": main}) }

var update = flag.Bool("update", false, "write what commands print into the scripts")

// TestScripts runs the real program, one script a case.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			sample, err := filepath.Abs("sample")
			if err != nil {
				return err
			}
			env.Setenv("SAMPLE", sample)
			env.Setenv("WEIR_DATA", env.WorkDir+"/data")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"code": code, "onejson": oneJSON, "running": waitRunning, "field": field, "address": address},
	})
}

// code runs a command and wants an exit code: code N COMMAND ARGS...
func code(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// oneJSON wants standard output to be one JSON value, or with an argument to have these names in it.
func oneJSON(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var v any
	if err := d.Decode(&v); err != nil {
		ts.Fatalf("standard output is no JSON: %v", err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		ts.Fatalf("standard output has more than one JSON value")
	}
	object, _ := v.(map[string]any)
	for _, name := range args {
		if _, ok := object[name]; !ok {
			ts.Fatalf("the JSON lacks %s", name)
		}
	}
}

// address puts the address of the host that runs into a variable: address NAME.
func address(ts *testscript.TestScript, _ bool, args []string) {
	var at running
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(ts.Getenv("WEIR_DATA"), runningName))), &at))
	ts.Setenv(args[0], at.Address)
}

// waitRunning waits until a host listens.
func waitRunning(ts *testscript.TestScript, _ bool, _ []string) {
	name := filepath.Join(ts.Getenv("WEIR_DATA"), runningName)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(name); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("the host does not listen within 30 seconds")
		}
	}
}

// field sets an environment variable to a field of the JSON on standard output: field VAR files.0.id
func field(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, name := range strings.Split(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			i, err := strconv.Atoi(name)
			ts.Check(err)
			v = at[i]
		}
	}
	text, ok := v.(string)
	if !ok {
		ts.Fatalf("%s is no text in the JSON", args[1])
	}
	ts.Setenv(args[0], text)
}
