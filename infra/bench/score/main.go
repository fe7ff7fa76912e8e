// Command score measures how long scoring a base takes: it folds simulated people (package infra/simulate) into FACTS, fits models to
// them, and scores everybody from the stored bytes, with and without models, in one thread and in all. It prints a Markdown table.
//
//	score 1000000
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/weir-engine/weir/infra/simulate"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const runs = 3

func main() {
	users := 1_000_000
	if len(os.Args) > 1 {
		users, _ = strconv.Atoi(os.Args[1])
	}
	if err := run(users); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

// base is FACTS as they are stored, one after the other.
type base struct {
	engine *score.Engine
	keys   []string
	bytes  []byte
	ends   []int
	cuts   *score.Cuts
	rows   []model.Row
	asOf   int64
}

func run(users int) error {
	e, err := score.New(strategy.Default(), zone.UTC)
	if err != nil {
		return err
	}
	b := &base{engine: e, asOf: int64(simulate.DefaultEnd) * 86_400_000}
	if err := b.fold(users); err != nil {
		return err
	}
	with, err := b.models()
	if err != nil {
		return err
	}
	fmt.Printf("%d people, %.0f bytes of FACTS each; medians of %d runs.\n\n", users, float64(len(b.bytes))/float64(users), runs)
	fmt.Println("| scored | threads | s | µs a profile and thread |")
	fmt.Println("|---|---:|---:|---:|")
	for _, c := range []struct {
		what   string
		engine *score.Engine
	}{{"stage, RFM, tier, tags, segments", e}, {"the same with P(alive), expected purchases and churn", with}} {
		for _, threads := range slices.Compact([]int{1, runtime.NumCPU()}) {
			var times []time.Duration
			for range runs {
				began := time.Now()
				if err := b.score(c.engine, threads); err != nil {
					return err
				}
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			took := times[runs/2]
			fmt.Printf("| %s | %d | %.2f | %.2f |\n", c.what, threads, took.Seconds(), took.Seconds()*1e6*float64(threads)/float64(users))
		}
	}
	return nil
}

// fold makes the people and their FACTS.
func (b *base) fold(users int) error {
	cuts, facts := b.engine.NewCuts(b.asOf), new(profile.Facts)
	day := b.engine.Schema().Day(b.asOf)
	o := simulate.Options{Users: users, Days: 365, Seed: 1, End: simulate.DefaultEnd, Format: "ndjson"}
	err := simulate.Each(o, func(id string, events []event.Event) error {
		facts.Reset()
		for i := range events {
			ev := &events[i]
			if reject := b.engine.Schema().Check(ev); reject != nil {
				return reject
			}
			b.engine.Schema().Fold(facts, ev, ev.StableID(0))
		}
		cuts.Add(id, facts)
		if h := facts.History(day); h.Days > 0 {
			b.rows = append(b.rows, model.Row{X: float64(h.X), TX: float64(h.TX) / 7, T: float64(h.T) / 7})
		}
		b.keys = append(b.keys, id)
		b.bytes = profile.EncodeFacts(b.bytes, facts)
		b.ends = append(b.ends, len(b.bytes))
		return nil
	})
	b.cuts = cuts.Build()
	return err
}

// models fits purchases; the weights of churn do not matter for the time.
func (b *base) models() (*score.Engine, error) {
	fit, err := model.Purchases(model.MBGNBD, b.rows)
	if err != nil {
		return nil, err
	}
	params := map[string]float64{}
	for _, p := range fit.Params {
		params[p.Name] = p.Value
	}
	m := score.Models{AsOf: b.asOf, Strategy: b.engine.StrategyVersion(), Basis: b.engine.ModelBasis(), Users: int64(len(b.keys))}
	m.Purchases = &score.PurchaseModel{Kind: string(fit.Model), Params: params}
	m.Churn = &score.ChurnModel{Horizon: 90, Threshold: 0.5}
	for _, name := range score.ChurnFeatureNames() {
		m.Churn.Features = append(m.Churn.Features, score.ChurnFeature{Name: name, Mean: 1, Scale: 1, Coef: 0.1})
	}
	return b.engine.With(m.Sealed())
}

// score decodes and scores everybody.
func (b *base) score(e *score.Engine, threads int) error {
	var wait sync.WaitGroup
	failed := make([]error, threads)
	for t := range threads {
		wait.Go(func() {
			var f profile.Facts
			var r score.Result
			for i := len(b.keys) * t / threads; i < len(b.keys)*(t+1)/threads; i++ {
				from := 0
				if i > 0 {
					from = b.ends[i-1]
				}
				if err := profile.DecodeFacts(b.bytes[from:b.ends[i]], &f); err != nil {
					failed[t] = err
					return
				}
				e.Score(b.keys[i], &f, nil, b.cuts, b.asOf, &r)
			}
		})
	}
	wait.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}
