package emulated

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/weir-engine/weir/shared/fault"
)

// Options say how a stack is emulated.
type Options struct {
	Template   string            // file; "" is the project's template.yaml
	Parameters map[string]string // of the template
	Programs   string            // folder with NAME/bootstrap for each function, built for this machine; "" is what Build makes
	Dir        string            // where objects are kept
	Fast       bool              // Dynoxide instead of DynamoDB Local
	Listen     string            // address of the control server; "" is a free port of the loopback
	API        string            // address of the HTTP API; "" is a free port of the loopback
	Schedules  bool              // invoke what the template schedules
	Log        *slog.Logger      // what the stack does; nil for nowhere
	Output     io.Writer         // what functions print; nil for nowhere
	Report     func(Report)      // after each invocation; may be nil

	RetryAfter *time.Duration // until a failed message is visible again; nil: the queue's visibility timeout

	// For tests.

	Repeat  int                             // how often each notification of S3 is sent; 0 is once
	Timeout time.Duration                   // of functions; 0: the template's
	Taps    *Taps                           // see every call of a function; nil for none
	Seen    func(event, bucket, key string) // each change of an object; may be nil
}

// Stack is what template.yaml describes, running on this machine.
type Stack struct {
	*Services
	URL       string // of the control server
	API       string // of the HTTP API; "" when the template has none
	Functions map[string]*Function
	Queues    map[string]*Queue
	Skipped   []string // what of the template is not emulated, and why

	options Options
	streams []*streamPoller
	taps    []*tap
	control *http.Server
	gateway *gateway
	served  *http.Server // the gateway's
	issuer  *issuer
	run     context.Context // ends with Close
	cancel  context.CancelFunc
	pollers sync.WaitGroup
}

// Open starts a stack: the stand-ins, the functions' programs behind the Runtime API, and between them the notifications, event
// source mappings and schedules of the template. NotFound when a stand-in or a program is missing.
func Open(ctx context.Context, o Options) (s *Stack, err error) {
	if o.Template == "" {
		o.Template = filepath.Join(root(), "template.yaml")
	}
	if o.Programs == "" {
		o.Programs = Programs()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	t, err := ReadTemplate(o.Template, o.Parameters)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s = &Stack{Functions: map[string]*Function{}, options: o, run: run, cancel: cancel}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.issuer, err = newIssuer(); err != nil {
		return nil, err
	}
	s.gateway = &gateway{issuer: s.issuer, access: o.Output}
	if s.gateway.format, err = t.accessLog(); err != nil {
		return nil, err
	}
	if s.Queues, err = t.queues(); err != nil {
		return nil, err
	}
	rules, err := t.notifications(s.Queues)
	if err != nil {
		return nil, err
	}
	if err := s.serve(&notifier{rules: rules, repeat: o.Repeat, seen: o.Seen}); err != nil {
		return nil, err
	}
	versions := hasAttributes(o.Dir)
	if !versions {
		s.Skipped = append(s.Skipped, "versions of objects: the file system of "+o.Dir+" has no extended attributes")
	}
	if s.Services, err = startWith(ctx, o.Dir, o.Fast, s.URL+"/s3-events", versions); err != nil {
		return nil, err
	}
	if o.Parameters["Email"] == "ses" {
		mail, err := SES(ctx)
		if err != nil {
			return nil, err
		}
		s.servers = append(s.servers, mail)
		s.Mail = mail.URL
	}
	functions, err := t.functions()
	if err != nil {
		return nil, err
	}
	for name, f := range functions {
		if err := s.host(name, &f); err != nil {
			return nil, err
		}
	}
	slices.Sort(s.Skipped)
	for name, f := range functions {
		if s.Functions[name] == nil {
			continue
		}
		for _, e := range f.Events {
			if err := s.connect(run, s.Functions[name], &e); err != nil {
				return nil, fault.Wrap(err, "an event of %s", name)
			}
		}
	}
	return s, s.open()
}

// open starts the HTTP API when a function has routes.
func (s *Stack) open() error {
	if len(s.gateway.routes) == 0 {
		return nil
	}
	sortRoutes(s.gateway.routes)
	l, err := net.Listen("tcp", orText(s.options.API, "127.0.0.1:0"))
	if err != nil {
		return fault.New(fault.Unavailable, "%s cannot be listened to", s.options.API).Because(err)
	}
	s.API = "http://" + l.Addr().String()
	s.served = &http.Server{Handler: s.gateway, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.served.Serve(l) }() // ends with Close
	return nil
}

// Close ends everything that Open started.
func (s *Stack) Close() {
	s.cancel()
	for _, f := range s.Functions {
		f.Close()
	}
	s.pollers.Wait()
	for _, t := range s.taps {
		t.close()
	}
	if s.Services != nil {
		s.Services.Close()
	}
	for _, server := range []*http.Server{s.control, s.served} {
		if server != nil {
			_ = server.Close() // its listener is gone with it either way
		}
	}
}

// host prepares the function's program with the environment of the template and the addresses of the stand-ins.
func (s *Stack) host(name string, r *functionResource) error {
	environment := map[string]string{
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey,
		"WEIR_S3_PATH_STYLE": "true",
	}
	for variable, value := range r.Environment.Variables {
		environment[variable] = strings.NewReplacer("https://"+objectsHost, s.Objects, Issuer, s.issuer.name).Replace(fmt.Sprint(value))
	}
	for service, url := range map[string]string{"dynamodb": s.Tables, "s3": s.Objects, "sqs": s.URL, "lambda": s.URL, "kms": s.Secrets.URL, "sesv2": s.Mail} {
		if url == "" {
			continue
		}
		if s.options.Taps != nil {
			t, err := newTap(name, service, url, s.options.Taps)
			if err != nil {
				return err
			}
			s.taps = append(s.taps, t)
			url = t.URL
		}
		environment["AWS_ENDPOINT_URL_"+strings.ToUpper(service)] = url
	}
	f, err := NewFunction(FunctionConfig{
		Name: name, Program: filepath.Join(s.options.Programs, r.program(), "bootstrap"), Timeout: s.timeout(r),
		MemoryMB: r.MemorySize, Concurrency: r.ReservedConcurrentExecutions, Environment: environment,
	})
	if fault.Is(err, fault.NotFound) {
		s.Skipped = append(s.Skipped, name+": its program "+r.program()+" is not built")
		return nil
	}
	if err != nil {
		return err
	}
	f.Log, f.Report = s.options.Output, s.options.Report
	s.Functions[name] = f
	return nil
}

func (s *Stack) timeout(r *functionResource) time.Duration {
	if s.options.Timeout > 0 {
		return s.options.Timeout
	}
	return time.Duration(r.Timeout) * time.Second
}

// LoseStream lets records of the streams expire unread, as after a day in which no function took them, or ends that.
func (s *Stack) LoseStream(lost bool) {
	for _, p := range s.streams {
		p.lost.Store(lost)
	}
}

// connect starts what invokes a function.
func (s *Stack) connect(ctx context.Context, f *Function, e *eventResource) error {
	p := &e.Properties
	partial := slices.Contains(p.FunctionResponseTypes, "ReportBatchItemFailures")
	switch e.Type {
	case "SQS":
		queue, err := queueOf(s.Queues, p.Queue)
		if err != nil {
			return err
		}
		poller := &queuePoller{
			queue: queue, function: f, batch: orElse(p.BatchSize, 10), concurrency: orElse(p.ScalingConfig.MaximumConcurrency, 5), partial: partial,
			retryAfter: s.options.RetryAfter, log: s.options.Log,
		}
		s.pollers.Go(func() { poller.run(ctx) })
	case "DynamoDB":
		poller := &streamPoller{
			db: s.DynamoDB, table: Name, function: f, batch: orElse(p.BatchSize, 100), partial: partial, bisect: p.BisectBatchOnFunctionError,
			retries: -1, retryAfter: time.Second, log: s.options.Log,
			streams: dynamodbstreams.NewFromConfig(Config(), func(o *dynamodbstreams.Options) { o.BaseEndpoint = &s.Tables }),
		}
		if s.options.RetryAfter != nil {
			poller.retryAfter = *s.options.RetryAfter
		}
		if p.MaximumRetryAttempts != nil {
			poller.retries = *p.MaximumRetryAttempts
		}
		for _, filter := range p.FilterCriteria.Filters {
			parsed, err := parsePattern(filter.Pattern)
			if err != nil {
				return err
			}
			poller.filters = append(poller.filters, parsed)
		}
		if to := p.DestinationConfig.OnFailure.Destination; to != "" {
			var err error
			if poller.dead, err = queueOf(s.Queues, to); err != nil {
				return err
			}
		}
		s.streams = append(s.streams, poller)
		s.pollers.Go(func() { poller.run(ctx) })
	case "Schedule", "ScheduleV2":
		expression := p.Schedule + p.ScheduleExpression
		if !s.options.Schedules {
			return nil
		}
		plan, err := parseSchedule(expression, p.ScheduleExpressionTimezone)
		if err != nil {
			return err
		}
		s.pollers.Go(func() { s.keepTime(ctx, f, plan) })
	case "HttpApi":
		s.gateway.routes = append(s.gateway.routes, route{
			method: strings.ToUpper(orText(p.Method, "ANY")), path: p.Path, token: p.Auth.Authorizer != "" && p.Auth.Authorizer != "NONE", function: f,
		})
	default:
		s.Skipped = append(s.Skipped, f.Name+": events of the type "+e.Type+" are not emulated")
	}
	return nil
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// keepTime invokes a function whenever its schedule says.
func (s *Stack) keepTime(ctx context.Context, f *Function, plan schedule) {
	for {
		timer := time.NewTimer(time.Until(plan.next(time.Now())))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if _, err := f.Invoke(ctx, []byte("{}")); err != nil {
			s.options.Log.Warn("a scheduled invocation failed", "function", f.Name, "error", err)
		}
	}
}

// Drained waits until the queues that functions read are empty and the streams hold nothing new.
func (s *Stack) Drained(ctx context.Context) error {
	for name, q := range s.Queues {
		if s.isDead(q) {
			continue
		}
		for q.Len() > 0 {
			changed, _ := q.wait()
			if q.Len() == 0 {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return fault.New(fault.Unavailable, "the queue %s still holds %d messages", name, q.Len()).Because(ctx.Err())
			}
		}
	}
	for _, p := range s.streams { // the round that runs now may have begun before the queues were empty
		for from := p.quiet.Load(); p.quiet.Load() < from+2; {
			select {
			case <-time.After(pollPause):
			case <-ctx.Done():
				return fault.New(fault.Unavailable, "the stream of the table is not read to its end").Because(ctx.Err())
			}
		}
	}
	return nil
}

// isDead reports whether a queue takes what others give up.
func (s *Stack) isDead(q *Queue) bool {
	for _, other := range s.Queues {
		if other.DeadLetters == q {
			return true
		}
	}
	return slices.ContainsFunc(s.streams, func(p *streamPoller) bool { return p.dead == q })
}

// serve starts the control server.
func (s *Stack) serve(events http.Handler) error {
	l, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return fault.New(fault.Unavailable, "%s cannot be listened to", s.options.Listen).Because(err)
	}
	s.URL = "http://" + l.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("POST /s3-events", events)
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.serveInvoke)
	mux.HandleFunc("POST /queues/{name}/redrive", s.serveRedrive)
	mux.HandleFunc("POST /{$}", s.serveSQS)
	mux.HandleFunc("GET /{$}", s.serveStatus)
	s.issuer.name = s.URL + issuerPath
	newSignIn(s.issuer).routes(mux)
	s.control = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.control.Serve(l) }() // ends with Close
	return nil
}

// asFunctionError returns the error of the function itself, nil when err is another.
func asFunctionError(err error) *FunctionError {
	var own *FunctionError
	if errors.As(err, &own) {
		return own
	}
	return nil
}
