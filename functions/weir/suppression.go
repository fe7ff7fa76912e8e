package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) suppressionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suppression", Short: "Those whom nothing goes out to",
		Long: `The suppression list stops messages whatever consent says, from the next message on. Who unsubscribes by the link of a message is put
on it at once. Of an address the list keeps a reference (a keyed hash) alone.`,
		Example: "  weir suppression add --address li@example.com --reason complained\n  weir suppression list",
	}
	var p page
	list := &cobra.Command{
		Use: "list", Short: "List the entries", Args: cobra.NoArgs, Example: "  weir suppression list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListSuppressions(cmd.Context(), gen.ListSuppressionsRequestObject{Params: gen.ListSuppressionsParams{Limit: &p.limit, After: optional(p.after)}})
				if err != nil {
					return err
				}
				out := gen.SuppressionPage(res.(gen.ListSuppressions200JSONResponse))
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) {
					t := newTable("who", "channel", "topic", "reason", "source", "since", "note")
					for _, s := range out.Suppressions {
						t.row(s.Who, s.Channel, str(s.Topic), string(s.Reason), s.Source, when(s.At), shorten(str(s.Note)))
					}
					t.write(w)
				})
			})
		},
	}
	p.flags(list.Flags())
	var r app.SuppressionRequest
	var reason string
	add := &cobra.Command{
		Use: "add", Short: "Put a user or an address on the list", Args: cobra.NoArgs,
		Example: "  weir suppression add --address li@example.com --reason bounced\n  weir suppression add --user u1 --topic news --note 'asked by phone'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				r.Reason, r.Source = app.SuppressionReason(reason), "cli"
				s, err := b.app.Suppress(cmd.Context(), r)
				if err != nil {
					return err
				}
				out := gen.Suppression{Channel: s.Channel, Who: s.Who, Topic: optional(s.Topic), Reason: gen.SuppressionReason(s.Reason), Source: s.Source, Note: optional(s.Note), At: time.UnixMilli(s.At).UTC()}
				return c.print(out, func(w io.Writer) { fmt.Fprintf(w, "nothing goes out to %s by %s any more\n", s.Who, s.Channel) })
			})
		},
	}
	add.Flags().StringVar(&reason, "reason", string(app.ByHand), "manual, unsubscribed, bounced or complained")
	add.Flags().StringVar(&r.Note, "note", "", "why")
	remove := &cobra.Command{
		Use: "remove", Short: "Take a user or an address off the list", Args: cobra.NoArgs, Example: "  weir suppression remove --user u1",
		Long: "Takes an entry off the list. What a user withdrew by consent stays withdrawn.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				if err := b.app.Unsuppress(cmd.Context(), r); err != nil {
					return err
				}
				return c.print(map[string]bool{"removed": true}, func(w io.Writer) { fmt.Fprintln(w, "removed") })
			})
		},
	}
	remove.Flags().StringVar(&r.Who, "who", "", "of an entry of the list, instead of the two")
	for _, sub := range []*cobra.Command{add, remove} {
		sub.Flags().StringVar(&r.Address, "address", "", "e-mail address")
		sub.Flags().StringVar(&r.User, "user", "", "user id")
		sub.Flags().StringVar(&r.Channel, "channel", "email", "email or outbox")
		sub.Flags().StringVar(&r.Topic, "topic", "", "messages about this alone")
	}
	cmd.AddCommand(list, add, remove)
	return cmd
}
