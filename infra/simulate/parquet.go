package simulate

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/weir-engine/weir/shared/event"
)

// row is one event as columns, named as in the Segment spec. What an event does not have is null.
type row struct {
	Type        string      `parquet:"type,dict"`
	Event       *string     `parquet:"event,optional,dict"`
	Name        *string     `parquet:"name,optional,dict"`
	UserID      *string     `parquet:"userId,optional,dict"`
	AnonymousID *string     `parquet:"anonymousId,optional"`
	MessageID   string      `parquet:"messageId"`
	Timestamp   int64       `parquet:"timestamp,timestamp(millisecond),delta"`
	Properties  *properties `parquet:"properties,optional"`
	Traits      *traits     `parquet:"traits,optional"`
}

type properties struct {
	Revenue  *float64 `parquet:"revenue,optional"`
	Price    *float64 `parquet:"price,optional"`
	Quantity *int64   `parquet:"quantity,optional"`
	OrderID  *string  `parquet:"order_id,optional"`
	SKU      *string  `parquet:"sku,optional,dict"`
	Category *string  `parquet:"category,optional,dict"`
	Coupon   *string  `parquet:"coupon,optional,dict"`
	Channel  *string  `parquet:"channel,optional,dict"`
	Device   *string  `parquet:"device,optional,dict"`
	Campaign *string  `parquet:"campaign_name,optional,dict"`
	List     *string  `parquet:"list,optional,dict"`
}

type traits struct {
	City     *string `parquet:"city,optional,dict"`
	Plan     *string `parquet:"plan,optional,dict"`
	Timezone *string `parquet:"timezone,optional,dict"`
	Locale   *string `parquet:"locale,optional,dict"`
	Birthday *string `parquet:"birthday,optional,dict"`
}

// rowGroup is how many rows are kept in memory until they are written.
const rowGroup = 100_000

type parquetWriter struct {
	out  *parquet.GenericWriter[row]
	rows []row
}

func newParquet(w io.Writer, codec string) *parquetWriter {
	var c compress.Codec = &parquet.Snappy
	switch codec {
	case "gzip":
		c = &parquet.Gzip
	case "zstd":
		c = &parquet.Zstd
	}
	return &parquetWriter{out: parquet.NewGenericWriter[row](w, parquet.Compression(c), parquet.MaxRowsPerRowGroup(rowGroup), parquet.CreatedBy("weir", "simulate", "1"))}
}

func (w *parquetWriter) write(ev *event.Event) error {
	r := row{Type: ev.Kind.String(), UserID: optional(ev.UserID), AnonymousID: optional(ev.AnonymousID), MessageID: ev.MessageID, Timestamp: ev.Time}
	if ev.Kind == event.Track {
		r.Event = optional(ev.Name)
	} else {
		r.Name = optional(ev.Name)
	}
	if o := &ev.Properties; o.Raw != "" {
		r.Properties = &properties{
			Revenue: float(o, "revenue"), Price: float(o, "price"), OrderID: text(o, "order_id"), SKU: text(o, "sku"), Category: text(o, "category"),
			Coupon: text(o, "coupon"), Channel: text(o, "channel"), Device: text(o, "device"), Campaign: text(o, "campaign_name"), List: text(o, "list"),
		}
		if n, ok := o.Get("quantity").Scaled(0); ok {
			r.Properties.Quantity = &n
		}
	}
	if o := &ev.Traits; o.Raw != "" {
		r.Traits = &traits{text(o, "city"), text(o, "plan"), text(o, "timezone"), text(o, "locale"), text(o, "birthday")}
	}
	if w.rows = append(w.rows, r); len(w.rows) < 1000 {
		return nil
	}
	return w.flush()
}

func (w *parquetWriter) flush() error {
	_, err := w.out.Write(w.rows)
	w.rows = w.rows[:0]
	return err
}

func (w *parquetWriter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}

func text(o *event.Object, key string) *string {
	if s, ok := o.Get(key).Str(); ok {
		return &s
	}
	return nil
}

func float(o *event.Object, key string) *float64 {
	if f, ok := o.Get(key).Float(); ok {
		return &f
	}
	return nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
