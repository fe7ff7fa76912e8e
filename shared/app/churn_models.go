package app

import (
	"context"
	"fmt"
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// churn fits the model of churn to the last horizon of the histories. Its threshold and its evidence are those of a backtest
// of the same procedure one horizon earlier: no user of the evidence was seen by the model that it is about.
func (f *fitting) churn(ctx context.Context) error {
	horizon := f.live.Engine.Strategy().ChurnHorizon()
	cut := f.o.end - zone.Day(horizon)
	backtest, err := f.app.backtestChurn(ctx, f.live, cut, horizon, f.progress)
	if fault.Is(err, fault.Invalid) {
		f.leave("churn", "churn", "没有流失模型：历史短于两个预测期，或者可能流失的用户太少，或者他们几乎全部流失或全部留存。", err)
		return nil
	}
	if err != nil {
		return err
	}
	table, err := f.app.churnTable(ctx, f.live, cut, f.o.end, f.progress)
	if err != nil {
		return err
	}
	fit, err := fitChurn(table, horizon)
	if err != nil {
		return err
	}
	f.models.Churn = fit.published(backtest.Chosen.Threshold, backtest.evidence())
	f.set.Warnings = append(f.set.Warnings, backtest.Warnings...)
	return nil
}

// A model of churn that ranks hardly better than chance, or whose probabilities are far off, deserves a word.
const (
	leastAUC      = 0.6
	mostChurnBias = 0.1
)

func (b *ChurnBacktest) warn() {
	b.Warnings = []Warning{}
	if b.AUC < leastAUC {
		b.Warnings = append(b.Warnings, Warning{
			Code: "churn_weak",
			En:   fmt.Sprintf("After the cut the model tells those who go from those who stay hardly better than chance (AUC %.2f).", b.AUC),
			Zh:   fmt.Sprintf("在截止日之后，模型区分流失与留存用户的能力接近随机（AUC %.2f）。", b.AUC),
		})
	}
	expected := 0.0
	for _, d := range b.Deciles {
		expected += float64(d.Expected*float64(d.Users)) / float64(b.Users)
	}
	if actual := float64(b.Churned) / float64(b.Users); math.Abs(expected-actual) > mostChurnBias {
		b.Warnings = append(b.Warnings, Warning{
			Code: "churn_shifted",
			En:   fmt.Sprintf("After the cut %.0f %% churned where the model expected %.0f %%: the base had changed.", float64(100*actual), float64(100*expected)),
			Zh:   fmt.Sprintf("截止日之后实际流失 %.0f%%，模型预期 %.0f%%：用户群体发生了变化。", float64(100*actual), float64(100*expected)),
		})
	}
}
