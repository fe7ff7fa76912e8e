package main

import (
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/weir-engine/weir/shared/app"
)

// progress shows how far a long command is, on a terminal alone. Steps may report from several goroutines.
type progress struct {
	mu   sync.Mutex
	bars *mpb.Progress // nil without a terminal
	bar  *mpb.Bar
	name string
}

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{bars: mpb.New(mpb.WithOutput(w), mpb.WithWidth(64))}
}

// show moves the bar of an import.
func (p *progress) show(at app.Progress) { p.move(at.Phase+" "+at.Name, at.Done, at.Total) }

// phase returns what moves the bar of one step.
func (p *progress) phase(name string) func(done, total int64) {
	return func(done, total int64) { p.move(name, done, total) }
}

// move sets the bar of a step; another step begins another bar.
func (p *progress) move(name string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bars == nil {
		return
	}
	if p.bar == nil || p.name != name {
		p.complete()
		p.name = name
		p.bar = p.bars.AddBar(0, mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5})))
	}
	p.bar.SetTotal(max(total, 1), false)
	p.bar.SetCurrent(min(done, total))
}

// finish shows the running step as done.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complete()
}

func (p *progress) complete() {
	if p.bar != nil {
		p.bar.SetTotal(-1, true)
		p.bar = nil
	}
}

// close leaves the bars as they are, the last one unfinished if finish was not called, and lets other output follow. It may
// be called again.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(false)
		p.bar = nil
	}
	p.bars.Wait()
	p.bars = nil
}
