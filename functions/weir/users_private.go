package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) usersContact() *cobra.Command {
	return &cobra.Command{
		Use: "contact ID", Short: "Show the addresses of a user", Args: cobra.ExactArgs(1), Example: "  weir users contact 0042",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ShowContact(cmd.Context(), gen.ShowContactRequestObject{Id: args[0]})
				if err != nil {
					return err
				}
				out := gen.ContactData(res.(gen.ShowContact200JSONResponse))
				return c.print(out, func(w io.Writer) {
					t := newTable("kind", "address")
					for _, one := range []struct {
						kind    string
						address *string
					}{{"email", out.Email}, {"phone", out.Phone}} {
						if one.address != nil {
							t.row(one.kind, *one.address)
						}
					}
					t.write(w)
				})
			})
		},
	}
}

func (c *cli) usersFind() *cobra.Command {
	var email, phone string
	cmd := &cobra.Command{
		Use: "find", Short: "Find users by an address", Args: cobra.NoArgs, Example: "  weir users find --email ann@example.com",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (email == "") == (phone == "") {
				return &usageError{err: fmt.Errorf("give --email or --phone")}
			}
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.FindContact(cmd.Context(), gen.FindContactRequestObject{
					Body: &gen.ContactData{Email: optional(email), Phone: optional(phone)},
				})
				if err != nil {
					return err
				}
				out := gen.UserIds(res.(gen.FindContact200JSONResponse))
				return c.print(out, func(w io.Writer) { fmt.Fprintln(w, strings.Join(out.UserIds, "\n")) })
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "an e-mail address")
	cmd.Flags().StringVar(&phone, "phone", "", "a phone number")
	return cmd
}

func (c *cli) usersExport() *cobra.Command {
	return &cobra.Command{
		Use: "export ID", Short: "Write everything that is kept about a user as JSON, for whoever asks for their own data",
		Args: cobra.ExactArgs(1), Example: "  weir users export 0042 > 0042.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				x, err := b.app.ExportUser(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.print(x, func(w io.Writer) {
					text, err := json.MarshalIndent(x, "", "  ")
					if err == nil {
						fmt.Fprintln(w, string(text))
					}
				})
			})
		},
	}
}

func (c *cli) usersForget() *cobra.Command {
	var yes, again bool
	cmd := &cobra.Command{
		Use: "forget ID", Short: "Forget a user under all ids: nothing brings the user back", Args: cobra.MaximumNArgs(1),
		Long: `Destroys the data keys, addresses, profile, decisions, messages, events and links of a user under all ids. Keyed hashes of the ids
stay, so that events that come again are dropped, and a receipt without personal data: weir users receipts. A command that was
interrupted is repeated with any of the ids. With --again everyone who was forgotten is forgotten once more: do so after a backup
was restored.`,
		Example: "  weir users forget 0042 --yes\n  weir users forget --again",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case again == (len(args) > 0):
				return &usageError{err: fmt.Errorf("give the id of a user, or --again")}
			case !again && !yes:
				return &usageError{err: fmt.Errorf("this cannot be undone: say --yes to forget %s", args[0])}
			}
			return c.with(cmd.Context(), writing, func(b *base) error {
				if again {
					n, err := b.app.ForgetAgain(cmd.Context())
					if err != nil {
						return err
					}
					return c.print(map[string]int64{"forgotten": n}, func(w io.Writer) { fmt.Fprintf(w, "%d users were forgotten again\n", n) })
				}
				res, err := b.api.ForgetUser(cmd.Context(), gen.ForgetUserRequestObject{Id: args[0]})
				if err != nil {
					return err
				}
				out := gen.Receipt(res.(gen.ForgetUser200JSONResponse))
				return c.print(out, func(w io.Writer) { receiptTable(w, out) })
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really")
	cmd.Flags().BoolVar(&again, "again", false, "everyone who was forgotten, after a backup was restored")
	return cmd
}

func (c *cli) usersReceipts() *cobra.Command {
	return &cobra.Command{
		Use: "receipts", Short: "List the receipts of users who were forgotten", Args: cobra.NoArgs, Example: "  weir users receipts --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListReceipts(cmd.Context(), gen.ListReceiptsRequestObject{})
				if err != nil {
					return err
				}
				out := gen.ReceiptList(res.(gen.ListReceipts200JSONResponse))
				return c.print(out, func(w io.Writer) { receiptTable(w, out.Receipts...) })
			})
		},
	}
}

func receiptTable(w io.Writer, receipts ...gen.Receipt) {
	t := newTable("receipt", "asked", "finished", ">ids", ">profiles", ">addresses", ">messages", ">events", "backups until")
	for _, r := range receipts {
		finished := "interrupted: repeat it"
		if r.Finished != nil {
			finished = when(*r.Finished)
		}
		t.row(r.Id, when(r.Asked), finished, number(r.Ids), number(r.Profiles), number(r.Addresses), number(r.Messages), number(r.Events), when(r.Horizon))
	}
	t.write(w)
}

func (c *cli) keysCommand() *cobra.Command {
	show := func(cmd *cobra.Command, _ []string) error {
		return c.with(cmd.Context(), reading, func(b *base) error {
			keys, err := b.app.Keys(cmd.Context())
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			return c.printKeys(keys)
		})
	}
	cmd := &cobra.Command{
		Use: "keys", Short: "The keys that contact data is sealed with", Args: cobra.NoArgs, RunE: show, Example: "  weir keys\n  weir keys rotate",
		Long: `The file keys of the data folder holds them, for its owner's eyes alone. Back it up apart from the rest: without it no address can be
read, and with it a copy of the database can be.`,
	}
	cmd.AddCommand(&cobra.Command{
		Use: "rotate", Short: "Wrap every user's key under a new one and destroy the earlier one", Args: cobra.NoArgs, Example: "  weir keys rotate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				n, err := b.app.RotateKeys(cmd.Context())
				if err != nil {
					return err
				}
				keys, err := b.app.Keys(cmd.Context())
				if err != nil {
					return err
				}
				c.note("%d users' keys were wrapped anew", n)
				return c.printKeys(keys)
			})
		},
	})
	return cmd
}

func (c *cli) printKeys(keys []app.KeyGeneration) error {
	return c.print(map[string]any{"keys": append([]app.KeyGeneration{}, keys...)}, func(w io.Writer) {
		t := newTable(">key", "made")
		for _, k := range keys {
			t.row(number(k.Number), when(time.UnixMilli(k.Made)))
		}
		t.write(w)
	})
}
