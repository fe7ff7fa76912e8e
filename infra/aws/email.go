package aws

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Mail is what is used of SES.
type Mail interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// Email implements app.Channel by SES.
type Email struct {
	ses  Mail
	from string
	set  string // configuration set; "" for the identity's own
}

// sesChannel returns the channel that sends by SES.
func sesChannel(m *MailSettings) (app.Channel, error) {
	c, err := settings()
	if err != nil {
		return nil, err
	}
	return NewEmail(mailClient(c), m.From, m.Set), nil
}

// mailTries is how often SES is asked when it says that it did not take the message.
const mailTries = 4

// mailClient returns a client of SES that repeats a call only where SES has answered that it did not take the message. Whoever repeats
// a call that broke off may send the message twice.
func mailClient(c aws.Config) *sesv2.Client {
	return sesv2.NewFromConfig(c, func(o *sesv2.Options) {
		o.BaseEndpoint = endpoint("SESV2")
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = mailTries, time.Second
			o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
				return aws.BoolTernary(throttled(err))
			})}
		})
	})
}

// NewEmail returns the channel that sends from an address, with a configuration set or "".
func NewEmail(ses Mail, from, set string) *Email { return &Email{ses: ses, from: from, set: set} }

// Idempotent implements app.Channel: SES does not know a message again.
func (e *Email) Idempotent() bool { return false }

// Send implements app.Channel: a message with a plain-text part and an HTML part, which mail programs can unsubscribe from by one click
// (RFC 8058). The tags that SES keeps with it name the intent and the rule, and nobody.
func (e *Email) Send(ctx context.Context, m app.Message) error {
	if m.To == "" || m.Unsubscribe == "" {
		return &app.Refusal{Why: "an e-mail needs an address and a way to unsubscribe"}
	}
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &e.from,
		Destination:      &types.Destination{ToAddresses: []string{m.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(m.Subject),
			Body:    &types.Body{Text: content(m.Body), Html: content(m.HTML)},
			Headers: []types.MessageHeader{
				{Name: aws.String("List-Unsubscribe"), Value: aws.String("<" + m.Unsubscribe + ">")},
				{Name: aws.String("List-Unsubscribe-Post"), Value: aws.String("List-Unsubscribe=One-Click")},
			},
		}},
		EmailTags: []types.MessageTag{tag("weir_intent", m.ID), tag("weir_rule", m.Rule)},
	}
	if e.set != "" {
		in.ConfigurationSetName = &e.set
	}
	_, err := e.ses.SendEmail(ctx, in)
	if err == nil {
		return nil
	}
	if refused := e.refusal(err); refused != nil {
		return refused
	}
	return fault.New(fault.Unavailable, "SES gave no answer that says whether it took the message").Because(err)
}

func content(text string) *types.Content {
	return &types.Content{Charset: aws.String("UTF-8"), Data: aws.String(text)}
}

// tag is a tag of a message. SES takes letters, digits, _ and - of ASCII, at most 256; others become _.
func tag(name, value string) types.MessageTag {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, value)
	return types.MessageTag{Name: &name, Value: aws.String(clean[:min(len(clean), 256)])}
}

// refusal says whether an error of SES means that the message was not taken; nil when that is in doubt: SES answers an error of its own,
// or nothing at all once the call may have reached it. SES names addresses in what it says, so only its codes are kept.
func (e *Email) refusal(err error) *app.Refusal {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return &app.Refusal{Why: "SES cannot be reached", Later: true}
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil
	}
	code, status := api.ErrorCode(), statusOf(err)
	switch {
	case throttled(err):
		return &app.Refusal{Why: "SES takes no more messages for now (" + code + ")", Later: true}
	case code == "SendingPausedException" || code == "AccountSuspendedException":
		return &app.Refusal{Why: "sending by SES is paused for this account or configuration set (" + code + ")", Later: true}
	case code == "MailFromDomainNotVerifiedException", code == "NotFoundException", status == http.StatusForbidden, status == http.StatusUnauthorized:
		return &app.Refusal{Why: "the sender, the configuration set or the function's permission is not in order (" + code + ")", Later: true}
	case code == "MessageRejected" && strings.Contains(api.ErrorMessage(), address(e.from)):
		return &app.Refusal{Why: "the sender is not verified (" + code + ")", Later: true}
	case code == "MessageRejected" && strings.Contains(api.ErrorMessage(), "not verified"):
		return &app.Refusal{Why: "this account is in the sandbox of SES and writes to verified addresses alone (" + code + ")"}
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return &app.Refusal{Why: "SES refused the message (" + code + ")"}
	}
	return nil
}

// address is the part of a sender such as "Weir <hello@example.com>" that SES verifies.
func address(from string) string {
	if _, rest, ok := strings.Cut(from, "<"); ok {
		from, _, _ = strings.Cut(rest, ">")
	}
	return strings.TrimSpace(from)
}

// throttled reports whether SES asks for patience: it took nothing.
func throttled(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling":
		return true
	}
	return statusOf(err) == http.StatusTooManyRequests
}
