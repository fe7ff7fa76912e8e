package profile

import (
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// Check refuses a purchase or refund whose amount or currency the fold cannot use: bad_amount when the amount is absent, no
// number, beyond MaxAmount or, for a purchase, negative; currency when it is another than the project's; bad_field when a
// List Joined or List Left names no list. Other events pass.
func (s *Schema) Check(ev *event.Event) *event.Reject {
	if ev.Kind != event.Track {
		return nil
	}
	if listOf(ev.Name) != 0 && listName(ev) == "" {
		return &event.Reject{
			Reason: event.ReasonBadField, Message: ev.Name + " names no list",
			Hint: "give the list in properties.list: at most 64 characters without spaces, quotes and the signs , ; |",
		}
	}
	refund := ev.Name == s.refund
	if ev.Name != s.purchase && !refund {
		return nil
	}
	paths := s.amounts
	if refund {
		paths = s.refunded
	}
	v, path := amountOf(&ev.Properties, paths)
	if v.Kind <= event.Null {
		return &event.Reject{
			Reason: event.ReasonBadAmount, Message: ev.Name + " has no amount",
			Hint: "give a number in properties." + paths[0] + ", or name the property under purchase.amount or refund.amount in the strategy",
		}
	}
	n, ok := v.Scaled(s.digits)
	if !ok || n > MaxAmount || n < -MaxAmount || n < 0 && !refund {
		return badAmount(ev.Name, path, v, refund)
	}
	if !s.inCurrency(ev) {
		c, _ := property(&ev.Properties, s.currencyAt).Str()
		return &event.Reject{
			Reason: event.ReasonCurrency, Message: ev.Name + " is in " + short(c) + ", the project counts in " + s.currency,
			Hint: "convert the amount to " + s.currency + " before sending it",
		}
	}
	return nil
}

// inCurrency reports whether an amount is in the project's currency, or says none.
func (s *Schema) inCurrency(ev *event.Event) bool {
	return s.isCurrency(property(&ev.Properties, s.currencyAt))
}

// isCurrency reports whether v names the project's currency, or none.
func (s *Schema) isCurrency(v event.Value) bool {
	c, ok := v.Str()
	return !ok || c == "" || c == s.currency || strings.EqualFold(c, s.currency)
}

func badAmount(name, path string, v event.Value, refund bool) *event.Reject {
	what := " is no number"
	if n, ok := v.Scaled(0); ok {
		what = " is too large"
		if n <= 0 && !refund {
			what = " is negative"
		}
	}
	hint := "send a plain number in major units, such as 12.50"
	if !refund {
		hint += "; money that goes back is a refund event"
	}
	return &event.Reject{Reason: event.ReasonBadAmount, Message: name + ": properties." + path + " = " + short(v.Raw) + what, Hint: hint}
}

// short cuts a text for a message.
func short(s string) string {
	if len(s) <= 40 {
		return s
	}
	return cutText(s, 40) + "…"
}

// amountOf returns the first amount that is there, and its path.
func amountOf(o *event.Object, paths []string) (event.Value, string) {
	for _, p := range paths {
		if v := property(o, p); v.Kind > event.Null {
			return v, p
		}
	}
	return event.Value{}, ""
}

// property reads a property by its path.
func property(o *event.Object, path string) event.Value {
	nested := false
	for i := range o.Fields {
		f := &o.Fields[i]
		if f.Key == path {
			return f.Value
		}
		nested = nested || f.Value.Kind == event.Nested
	}
	if !nested || strings.IndexByte(path, '.') < 0 {
		return event.Value{}
	}
	return o.Path(path)
}
