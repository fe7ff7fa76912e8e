package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) eventsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "events", Short: "The event catalogue: what came, how often, and with which properties",
		Example: "  weir events list\n  weir events show 'Order Completed'",
	}
	cmd.AddCommand(c.eventsList(), c.eventsShow(), c.eventsRebuild())
	return cmd
}

func (c *cli) eventsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the events with their volume, and what of the tracking plan they broke", Args: cobra.NoArgs, Example: "  weir events list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListEvents(cmd.Context(), gen.ListEventsRequestObject{})
				if err != nil {
					return err
				}
				out := gen.EventCatalog(res.(gen.ListEvents200JSONResponse))
				return c.print(out, func(w io.Writer) { c.showEvents(w, out) })
			})
		},
	}
}

func (c *cli) showEvents(w io.Writer, out gen.EventCatalog) {
	t := newTable("event", ">volume", "first", "last", ">properties", "plan", ">flagged", ">quarantined")
	for _, e := range out.Events {
		first, last := "", ""
		if e.FirstSeen != nil {
			first, last = when(*e.FirstSeen), when(*e.LastSeen)
		}
		t.row(e.Name, number(e.Volume), first, last, number(e.Properties), str(e.Mode), number(e.Flagged), number(e.Quarantined))
	}
	t.write(w)
	if out.Beyond > 0 {
		c.note("And %d events of further names that the catalogue does not list.", out.Beyond)
	}
	if out.Partial {
		c.note("Files came before there was a catalogue. Count their events with: weir events rebuild")
	}
}

func (c *cli) eventsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show one event: its properties, their types and common values", Args: cobra.ExactArgs(1),
		Long: `Shows what is known of one event. Of its properties the types are shown, in how many of the examined events each stood, and common
values: none of properties that may tell who somebody is, none that fewer than five users share, and none where there are many.`,
		Example: "  weir events show 'Order Completed'\n  weir events show '$identify' --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.GetEventDetail(cmd.Context(), gen.GetEventDetailRequestObject{Name: args[0]})
				if err != nil {
					return err
				}
				out := gen.EventDetail(res.(gen.GetEventDetail200JSONResponse))
				return c.print(out, func(w io.Writer) { c.showEvent(w, out) })
			})
		},
	}
}

func (c *cli) showEvent(w io.Writer, out gen.EventDetail) {
	t := newTable("property", "types", ">share", "plan", "common values")
	for _, p := range out.Properties {
		planned := ""
		switch {
		case p.Required:
			planned = "required"
		case p.Planned:
			planned = "planned"
		}
		t.row(p.Name, strings.Join(p.Types, ", "), percent(p.Share), planned, strings.Join(p.Values, ", "))
	}
	t.write(w)
	if out.More {
		c.note("And further properties that the catalogue does not list.")
	}
	for _, v := range out.Violations {
		fmt.Fprintf(w, "%s %s:%d: %s (%s)\n", when(v.At), v.File, v.Line, v.Detail, v.Mode)
	}
}

func (c *cli) eventsRebuild() *cobra.Command {
	return &cobra.Command{
		Use: "rebuild", Short: "Count the kept events again", Args: cobra.NoArgs,
		Long: `Reads every kept event and counts it once. An import counts the events of its file as they come: one that came in an earlier file
too counts again, until this command is run. It is needed once for a base that is older than the catalogue.`,
		Example: "  weir events rebuild",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				if _, err := b.app.RebuildCatalog(cmd.Context(), bars.phase("count")); err != nil {
					return err
				}
				bars.finish()
				bars.close()
				res, err := b.api.ListEvents(cmd.Context(), gen.ListEventsRequestObject{})
				if err != nil {
					return err
				}
				out := gen.EventCatalog(res.(gen.ListEvents200JSONResponse))
				return c.print(out, func(w io.Writer) { c.showEvents(w, out) })
			})
		},
	}
}
