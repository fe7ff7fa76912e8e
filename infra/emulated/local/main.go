// Command local runs what template.yaml describes on this machine, for trying out the functions without an account. It builds their
// programs, starts the stand-ins of AWS services, and runs until it is interrupted. Nothing is kept.
//
//	go run ./infra/emulated/local             run until Ctrl-C
//	go run ./infra/emulated/local put FILE…   put files into the bucket of the stack that runs
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	control := flag.String("listen", "127.0.0.1:8090", "address of the stack's own server")
	fast := flag.Bool("fast", false, "use Dynoxide instead of DynamoDB Local")
	quiet := flag.Bool("quiet", false, "do not show what functions print")
	only := flag.String("only", "", "run this function alone")
	retry := flag.Duration("retry", 10*time.Second, "how soon what failed comes again; AWS waits until the visibility timeout ends")
	flag.Parse()
	err := error(nil)
	if flag.Arg(0) == "put" {
		err = put(ctx, *control, flag.Args()[1:])
	} else {
		err = run(ctx, *control, *only, *fast, *quiet, *retry)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintln(os.Stderr, "hint:", hint)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, only string, fast, quiet bool, retry time.Duration) error {
	fmt.Println("building the functions for this machine …")
	programs := emulated.Programs()
	if err := emulated.Build(ctx, strings.Fields(only)...); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weir-aws-local-")
	if err != nil {
		return fault.New(fault.Internal, "make a folder for objects").Because(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if only != "" {
		if programs, err = alone(programs, only, dir); err != nil {
			return err
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	o := emulated.Options{
		Dir: dir, Programs: programs, Parameters: map[string]string{"OidcIssuer": emulated.Issuer, "OidcAudience": emulated.Audience, "OidcClient": emulated.Audience},
		Fast: fast, Listen: listen, Schedules: true, RetryAfter: &retry, Log: log, Report: emulated.LogReports(log),
	}
	if !quiet {
		o.Output = os.Stdout
	}
	s, err := emulated.Open(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := show(s); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Println("\nstopping")
	return nil
}

// alone returns a folder of programs that has one of them.
func alone(programs, name, dir string) (string, error) {
	one, err := os.MkdirTemp(dir, "program-")
	if err == nil {
		err = os.Symlink(filepath.Join(programs, name), filepath.Join(one, name))
	}
	if err != nil {
		return "", fault.New(fault.Internal, "set %s apart", name).Because(err)
	}
	return one, nil
}

func show(s *emulated.Stack) error {
	var names []string
	for name := range s.Functions {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Printf(`
Weir runs as on AWS.
  functions  %s
  DynamoDB   %s   table %s
  S3         %s   bucket %s
  keys       AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_REGION=us-east-1
  status     curl %s/
`, strings.Join(names, " "), s.Tables, emulated.Name, s.Objects, emulated.Name, emulated.AccessKey, emulated.SecretKey, s.URL)
	for _, why := range s.Skipped {
		fmt.Println("  not here  ", why)
	}
	if s.API != "" {
		fmt.Println("  console    " + s.API + "   sign in by any name and a role")
		fmt.Println("  API        " + s.API + "   with Authorization: Bearer TOKEN; tokens for an hour:")
		for _, role := range []string{"viewer", "editor", "approver", "admin"} {
			token, err := s.Token(role, []string{role}, nil)
			if err != nil {
				return err
			}
			fmt.Printf("    %-8s %s\n", role, token)
		}
	}
	listen := strings.TrimPrefix(s.URL, "http://")
	fmt.Printf(`
Put a file of events (or: curl --aws-sigv4 "aws:amz:us-east-1:s3" -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" --user %s:%s -T FILE %s/%s/events/main/FILE):
  go run ./infra/emulated/local --listen %s put FILE.ndjson
Let time pass:
  curl -X POST %s/2015-03-31/functions/SweepFunction/invocations
Ctrl-C stops it; nothing is kept.

`, emulated.AccessKey, emulated.SecretKey, s.Objects, emulated.Name, listen, s.URL)
	return nil
}

// put puts files into the bucket of a stack that runs.
func put(ctx context.Context, control string, files []string) error {
	if len(files) == 0 {
		return fault.New(fault.Invalid, "no file is named").WithHint("name event files after put")
	}
	objects, err := find(ctx, control)
	if err != nil {
		return err
	}
	client := s3.NewFromConfig(emulated.Config(), func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &objects, true })
	for _, name := range files {
		if err := putOne(ctx, client, name); err != nil {
			return err
		}
	}
	return nil
}

func putOne(ctx context.Context, client *s3.Client, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fault.New(fault.NotFound, "%s cannot be read", name).Because(err)
	}
	defer func() { _ = f.Close() }()
	bucket, key := emulated.Name, "events/main/"+filepath.Base(name)
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f}); err != nil {
		return fault.New(fault.Unavailable, "%s cannot be put into the bucket", name).Because(err)
	}
	fmt.Println("put", key)
	return nil
}

// find asks a stack for the address of its S3.
func find(ctx context.Context, control string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var status struct{ S3 string }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+control+"/", nil)
	if err != nil {
		return "", fault.New(fault.Invalid, "%s is no address", control).Because(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fault.New(fault.Unavailable, "no stack runs at %s", control).WithHint("start it with: make aws-local").Because(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil || status.S3 == "" {
		return "", fault.New(fault.Unavailable, "what answers at %s is no stack", control).Because(err)
	}
	return status.S3, nil
}
