// Command api is the Lambda function that answers the API and serves the console. The HTTP API before it checks the tokens.
package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/web"
)

// rolesClaim is the environment variable that names the claim of a token that lists its roles.
const rolesClaim = "WEIR_ROLES_CLAIM"

// apiEvents is the environment variable with the address of the queue that events of API calls go to.
const apiEvents = "WEIR_API_EVENTS_QUEUE"

// connects is the environment variable with the origins that the console may ask beside this one, with blanks between.
const connects = "WEIR_CONNECT"

// jobsFunction is the environment variable that names the function that does long work.
const jobsFunction = "WEIR_JOBS_FUNCTION"

// What the console needs to sign people in, as template.yaml sets it: the issuer of tokens, the console's client id there, and where the
// issuer's discovery document is not asked, its addresses. Without a client id people bring their tokens.
const (
	oidcIssuer    = "WEIR_OIDC_ISSUER"
	oidcClient    = "WEIR_OIDC_CLIENT"
	oidcScopes    = "WEIR_OIDC_SCOPES"
	oidcToken     = "WEIR_OIDC_TOKEN"
	oidcAuthorize = "WEIR_OIDC_AUTHORIZE"
	oidcExchange  = "WEIR_OIDC_EXCHANGE"
	oidcLogout    = "WEIR_OIDC_LOGOUT"
)

// version is set when the program is built.
var version = "dev"

func main() {
	f, err := aws.OpenFunction(context.Background(), nil, aws.WithInbox(os.Getenv(apiEvents)), aws.WithTickets(),
		aws.WithWorkers(os.Getenv(jobsFunction)))
	if err != nil {
		slog.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	claim := os.Getenv(rolesClaim)
	if claim == "" {
		claim = "cognito:groups"
	}
	api := httpapi.NewServer(f.App, version)
	config := signIn(os.Getenv, claim)
	console := web.Handler(append(strings.Fields(os.Getenv(connects)), origins(config)...)...)
	lambda.Start((&handler{
		serve: httpapi.NewHandler(api, httpapi.Options{
			Guard: httpapi.Guard{Behind: true, Log: f.Log}, Console: console, Config: config, Who: callers(claim),
		}),
		log:   f.Log,
		begin: f.Begin,
	}).handle)
}
