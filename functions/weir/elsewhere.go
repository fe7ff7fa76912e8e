package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// asked is what commands ask of a base: the one of the data folder, or by the API that of a Weir elsewhere (--url). Both answer alike.
type asked interface {
	ListFiles(context.Context, gen.ListFilesRequestObject) (gen.ListFilesResponseObject, error)
	GetFile(context.Context, gen.GetFileRequestObject) (gen.GetFileResponseObject, error)
	ListRejects(context.Context, gen.ListRejectsRequestObject) (gen.ListRejectsResponseObject, error)
	ListFileRejects(context.Context, gen.ListFileRejectsRequestObject) (gen.ListFileRejectsResponseObject, error)
	ListUsers(context.Context, gen.ListUsersRequestObject) (gen.ListUsersResponseObject, error)
	GetUser(context.Context, gen.GetUserRequestObject) (gen.GetUserResponseObject, error)
	ExplainUser(context.Context, gen.ExplainUserRequestObject) (gen.ExplainUserResponseObject, error)
	ListUserEvents(context.Context, gen.ListUserEventsRequestObject) (gen.ListUserEventsResponseObject, error)
	ListUserMessages(context.Context, gen.ListUserMessagesRequestObject) (gen.ListUserMessagesResponseObject, error)
	ListUserDecisions(context.Context, gen.ListUserDecisionsRequestObject) (gen.ListUserDecisionsResponseObject, error)
	FindContact(context.Context, gen.FindContactRequestObject) (gen.FindContactResponseObject, error)
	GetStrategy(context.Context, gen.GetStrategyRequestObject) (gen.GetStrategyResponseObject, error)
	GetStrategyVersion(context.Context, gen.GetStrategyVersionRequestObject) (gen.GetStrategyVersionResponseObject, error)
	ListStrategyVersions(context.Context, gen.ListStrategyVersionsRequestObject) (gen.ListStrategyVersionsResponseObject, error)
	DiffStrategy(context.Context, gen.DiffStrategyRequestObject) (gen.DiffStrategyResponseObject, error)
	ListProposals(context.Context, gen.ListProposalsRequestObject) (gen.ListProposalsResponseObject, error)
	GetProposal(context.Context, gen.GetProposalRequestObject) (gen.GetProposalResponseObject, error)
	GetStatus(context.Context, gen.GetStatusRequestObject) (gen.GetStatusResponseObject, error)
}

var _ asked = (*httpapi.Server)(nil)

// ask runs do over the data folder, or over the API of --url.
func (c *cli) ask(ctx context.Context, do func(asked) error) error {
	if c.url != "" {
		return do(elsewhere{c})
	}
	return c.with(ctx, reading, func(b *base) error { return do(b.api) })
}

// apiHost is where the API is that commands ask.
type apiHost struct{ address, token string }

// elsewhereAddress is the origin that --url names.
func (c *cli) elsewhereAddress() (string, error) {
	u, err := url.Parse(c.url)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", &usageError{err: fmt.Errorf("--url %q is no address such as https://weir.example.com", c.url)}
	}
	if u.Scheme == "http" && !httpapi.Loopback(u.Hostname()) {
		return "", &usageError{err: errors.New("nothing is sent without TLS: use https")}
	}
	return u.Scheme + "://" + u.Host, nil
}

// elsewhereHost is the Weir that --url names, with the token that was brought, or that somebody signed in for.
func (c *cli) elsewhereHost(ctx context.Context) (at apiHost, err error) {
	if at.address, err = c.elsewhereAddress(); err != nil {
		return at, err
	}
	given, _ := c.env("WEIR_TOKEN")
	switch {
	case c.tokenFile != "":
		text, err := readFile(c.tokenFile)
		if err != nil {
			return at, err
		}
		at.token = strings.TrimSpace(string(text))
	case c.token != "" || given != "":
		at.token = cmp.Or(c.token, given)
	default:
		at.token, err = signedIn(ctx, at.address)
	}
	return at, err
}

// elsewhere answers by the API of --url.
type elsewhere struct{ c *cli }

// from asks a path of the API; params are the query's, by their names in openapi.yaml.
func from[T any](ctx context.Context, e elsewhere, method, path string, params, body any) (out T, err error) {
	query, err := queryOf(params)
	if err != nil {
		return out, err
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return out, e.c.askHost(ctx, method, path, body, &out)
}

func queryOf(params any) (url.Values, error) {
	text, err := json.Marshal(params)
	if err != nil {
		return nil, fault.New(fault.Internal, "the parameters cannot be written").Because(err)
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, fault.New(fault.Internal, "the parameters cannot be written").Because(err)
	}
	out := url.Values{}
	for name, value := range fields {
		if value != nil {
			out.Set(name, fmt.Sprint(value))
		}
	}
	return out, nil
}

func (e elsewhere) ListFiles(ctx context.Context, r gen.ListFilesRequestObject) (gen.ListFilesResponseObject, error) {
	return from[gen.ListFiles200JSONResponse](ctx, e, http.MethodGet, "/v1/files", r.Params, nil)
}

func (e elsewhere) GetFile(ctx context.Context, r gen.GetFileRequestObject) (gen.GetFileResponseObject, error) {
	return from[gen.GetFile200JSONResponse](ctx, e, http.MethodGet, "/v1/files/"+url.PathEscape(r.Id), nil, nil)
}

func (e elsewhere) ListRejects(ctx context.Context, r gen.ListRejectsRequestObject) (gen.ListRejectsResponseObject, error) {
	return from[gen.ListRejects200JSONResponse](ctx, e, http.MethodGet, "/v1/rejects", r.Params, nil)
}

func (e elsewhere) ListFileRejects(ctx context.Context, r gen.ListFileRejectsRequestObject) (gen.ListFileRejectsResponseObject, error) {
	return from[gen.ListFileRejects200JSONResponse](ctx, e, http.MethodGet, "/v1/files/"+url.PathEscape(r.Id)+"/rejects", r.Params, nil)
}

func (e elsewhere) ListUsers(ctx context.Context, r gen.ListUsersRequestObject) (gen.ListUsersResponseObject, error) {
	return from[gen.ListUsers200JSONResponse](ctx, e, http.MethodGet, "/v1/users", r.Params, nil)
}

func (e elsewhere) GetUser(ctx context.Context, r gen.GetUserRequestObject) (gen.GetUserResponseObject, error) {
	return from[gen.GetUser200JSONResponse](ctx, e, http.MethodGet, "/v1/users/"+url.PathEscape(r.Id), r.Params, nil)
}

func (e elsewhere) ExplainUser(ctx context.Context, r gen.ExplainUserRequestObject) (gen.ExplainUserResponseObject, error) {
	return from[gen.ExplainUser200JSONResponse](ctx, e, http.MethodGet, "/v1/users/"+url.PathEscape(r.Id)+"/explain", r.Params, nil)
}

func (e elsewhere) ListUserEvents(ctx context.Context, r gen.ListUserEventsRequestObject) (gen.ListUserEventsResponseObject, error) {
	return from[gen.ListUserEvents200JSONResponse](ctx, e, http.MethodGet, "/v1/users/"+url.PathEscape(r.Id)+"/events", r.Params, nil)
}

func (e elsewhere) ListUserMessages(ctx context.Context, r gen.ListUserMessagesRequestObject) (gen.ListUserMessagesResponseObject, error) {
	return from[gen.ListUserMessages200JSONResponse](ctx, e, http.MethodGet, "/v1/users/"+url.PathEscape(r.Id)+"/messages", r.Params, nil)
}

func (e elsewhere) ListUserDecisions(ctx context.Context, r gen.ListUserDecisionsRequestObject) (gen.ListUserDecisionsResponseObject, error) {
	return from[gen.ListUserDecisions200JSONResponse](ctx, e, http.MethodGet, "/v1/users/"+url.PathEscape(r.Id)+"/decisions", r.Params, nil)
}

func (e elsewhere) FindContact(ctx context.Context, r gen.FindContactRequestObject) (gen.FindContactResponseObject, error) {
	return from[gen.FindContact200JSONResponse](ctx, e, http.MethodPost, "/v1/contacts/find", nil, r.Body)
}

func (e elsewhere) GetStrategy(ctx context.Context, _ gen.GetStrategyRequestObject) (gen.GetStrategyResponseObject, error) {
	return from[gen.GetStrategy200JSONResponse](ctx, e, http.MethodGet, "/v1/strategy", nil, nil)
}

func (e elsewhere) GetStrategyVersion(ctx context.Context, r gen.GetStrategyVersionRequestObject) (gen.GetStrategyVersionResponseObject, error) {
	return from[gen.GetStrategyVersion200JSONResponse](ctx, e, http.MethodGet, "/v1/strategy/versions/"+url.PathEscape(r.Version), nil, nil)
}

func (e elsewhere) ListStrategyVersions(ctx context.Context, _ gen.ListStrategyVersionsRequestObject) (gen.ListStrategyVersionsResponseObject, error) {
	return from[gen.ListStrategyVersions200JSONResponse](ctx, e, http.MethodGet, "/v1/strategy/versions", nil, nil)
}

func (e elsewhere) DiffStrategy(ctx context.Context, r gen.DiffStrategyRequestObject) (gen.DiffStrategyResponseObject, error) {
	return from[gen.DiffStrategy200JSONResponse](ctx, e, http.MethodPost, "/v1/strategy/diff", nil, r.Body)
}

func (e elsewhere) ListProposals(ctx context.Context, r gen.ListProposalsRequestObject) (gen.ListProposalsResponseObject, error) {
	return from[gen.ListProposals200JSONResponse](ctx, e, http.MethodGet, proposalsPath, r.Params, nil)
}

func (e elsewhere) GetProposal(ctx context.Context, r gen.GetProposalRequestObject) (gen.GetProposalResponseObject, error) {
	return from[gen.GetProposal200JSONResponse](ctx, e, http.MethodGet, fmt.Sprint(proposalsPath, "/", r.Number), nil, nil)
}

func (e elsewhere) GetStatus(ctx context.Context, _ gen.GetStatusRequestObject) (gen.GetStatusResponseObject, error) {
	return from[gen.GetStatus200JSONResponse](ctx, e, http.MethodGet, "/v1/status", nil, nil)
}

// runningHost is the host that holds the data folder.
func (c *cli) runningHost(context.Context) (apiHost, error) {
	text, err := os.ReadFile(filepath.Join(c.data, runningName))
	var at running
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err != nil {
		return apiHost{}, fault.New(fault.Conflict, "another command works on %s, and no running host can be asked", c.data).
			WithHint("try again when it has ended").Because(err)
	}
	return apiHost{address: at.Address, token: c.token}, nil
}
