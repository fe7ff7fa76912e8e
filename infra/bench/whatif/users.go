package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/whatif"
)

// today is the day of the base, since 1970-01-01: 2026-02-16.
const today = 20_500

// user is one drawn user.
type user struct {
	Recency      *int64  `parquet:"recency_days,optional"`
	PurchaseDays int64   `parquet:"purchase_days"`
	Orders       int64   `parquet:"orders"`
	Spend        int64   `parquet:"spend"`
	Silence      int64   `parquet:"silence_days"`
	Stage        string  `parquet:"stage_before,dict"` // in STATE
	StageAge     int64   `parquet:"stage_days"`
	Revenue      int64   `parquet:"revenue"`
	Value        int64   `parquet:"value"`
	FirstSeen    int64   `parquet:"first_seen,timestamp(millisecond)"`
	ActiveDays   int64   `parquet:"active_days_28"`
	Views        int64   `parquet:"views_30"`
	Alive        float64 `parquet:"p_alive"`
	Channel      string  `parquet:"channel,dict"`
	City         string  `parquet:"city,dict"`
	VIP          bool    `parquet:"vip"`
	Coupon       bool    `parquet:"coupon"`
	Quiet        bool    `parquet:"quiet"`
}

// draw is a small generator (xorshift64): the same users on every machine.
type draw uint64

func (d *draw) below(n int) int {
	*d ^= *d << 13
	*d ^= *d >> 7
	*d ^= *d << 17
	return int(uint64(*d>>11) % uint64(n))
}

// user draws a user: heavy-tailed orders and spend; the stage was settled under 60 and 120 days.
func (d *draw) user() user {
	tenure := d.below(1500)
	silence := d.below(tenure + 1)
	orders := d.below(d.below(d.below(30)+1) + 1)
	spend := 0
	for range orders {
		spend += 500 + d.below(1+d.below(20_000))
	}
	u := user{
		PurchaseDays: int64(max(orders-d.below(2), min(orders, 1))), Orders: int64(orders), Spend: int64(spend), Silence: int64(silence),
		Revenue: int64(spend / (1 + d.below(3))), Value: int64(spend / (1 + d.below(5))), FirstSeen: 86_400_000*int64(today-tenure) + int64(d.below(86_400_000)),
		ActiveDays: int64(d.below(28)), Views: int64(d.below(d.below(80) + 1)), Alive: float64(d.below(1<<20)) / (1 << 20),
		Channel: fmt.Sprint("channel ", d.below(12)), City: fmt.Sprint("city ", d.below(300)), VIP: d.below(8) == 0, Coupon: d.below(4) == 0, Quiet: d.below(16) == 0,
	}
	switch {
	case orders == 0:
		u.Stage, u.StageAge = "potential", int64(tenure)
	case silence < 60 && u.PurchaseDays == 1:
		u.Stage, u.StageAge = "first_purchase", int64(silence)
	case silence < 60:
		u.Stage, u.StageAge = "active", int64(silence)
	case silence < 120:
		u.Stage, u.StageAge = "silent", int64(silence-60)
	default:
		u.Stage, u.StageAge = "churned", int64(silence-120)
	}
	if orders > 0 {
		r := int64(silence)
		u.Recency = &r
	}
	return u
}

var fields = []whatif.Field{
	{Ref: "recency_days"}, {Ref: "purchase_days"}, {Ref: "orders"}, {Ref: "spend", Scale: 100}, {Ref: whatif.ColSilencePurchase},
	{Ref: whatif.ColStage, Kind: column.Dict}, {Ref: whatif.ColStageAge}, {Ref: whatif.ColRevenue, Scale: 100}, {Ref: whatif.ColValue, Scale: 100},
	{Ref: "first_seen", Kind: column.Time}, {Ref: "active_days[28]"}, {Ref: "metrics.views[30]"}, {Ref: "p_alive", Kind: column.Float},
	{Ref: "traits.channel", Kind: column.Dict}, {Ref: "traits.city", Kind: column.Dict},
	{Ref: whatif.ColTag("vip"), Kind: column.Bits}, {Ref: whatif.ColTag("coupon"), Kind: column.Bits}, {Ref: whatif.ColTag("quiet"), Kind: column.Bits},
}

// put appends a user to a shard, by the places of fields.
func put(w *whatif.Writer, u *user) {
	if u.Recency == nil {
		w.Null(0)
	} else {
		w.Int(0, *u.Recency)
	}
	for i, v := range []int64{u.PurchaseDays, u.Orders, u.Spend, u.Silence} {
		w.Int(1+i, v)
	}
	w.Value(5, segment.String(u.Stage))
	for i, v := range []int64{1 + u.StageAge, u.Revenue, u.Value, u.FirstSeen, u.ActiveDays, u.Views} {
		w.Int(6+i, v)
	}
	w.Float(12, u.Alive)
	w.Value(13, segment.String(u.Channel))
	w.Value(14, segment.String(u.City))
	for i, is := range []bool{u.VIP, u.Coupon, u.Quiet} {
		if is {
			w.Bit(15 + i)
		}
	}
}

// generate writes rows users twice.
func generate(dir string, rows int) error {
	file, err := os.Create(filepath.Join(dir, "users.parquet"))
	if err != nil {
		return err
	}
	defer file.Close()
	table := parquet.NewGenericWriter[user](file, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(122_880))
	w := whatif.NewWriter(whatif.Head{AsOf: 86_400_000 * today, Zone: "UTC", Currency: "EUR"}, fields)
	shards := 0
	flush := func() error {
		b, err := w.Shard()
		if err != nil {
			return err
		}
		shards++
		return os.WriteFile(filepath.Join(dir, fmt.Sprintf("users-%03d.shard", shards)), b, 0o644)
	}
	d := draw(42)
	for range rows {
		u := d.user()
		if _, err := table.Write([]user{u}); err != nil {
			return err
		}
		put(w, &u)
		if w.Next() {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if w.Rows() > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	if err := table.Close(); err != nil {
		return err
	}
	return file.Close()
}
