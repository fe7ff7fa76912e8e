package porttest

import (
	"context"
	"fmt"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

func suppressed(channel, who, topic string) app.Suppression {
	return app.Suppression{
		Channel: channel, Who: who, Topic: topic, Reason: app.Unsubscribed, Source: "link", Note: "不要再寄", At: 1_700_000_000_001,
	}
}

var suppressionTests = []test{
	{"find by channel and who, of every topic", func(t *testing.T, p app.Ports) {
		same(t, "nothing", get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "email", []string{"user:张三"})), []app.Suppression(nil))
		all := []app.Suppression{
			suppressed("email", "ref:abc", ""), suppressed("email", "user:张三", ""), suppressed("email", "user:张三", "news"), suppressed("sms", "user:张三", ""),
		}
		for _, s := range all {
			must(t, p.Suppressions.Put(ctx, s))
		}
		same(t, "by e-mail", get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "email", []string{"ref:abc", "user:张三", "user:nobody"})), all[:3])
		same(t, "by sms", get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "sms", []string{"ref:abc", "user:张三"})), all[3:])
		same(t, "of nobody", get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "email", nil)), []app.Suppression(nil))
		same(t, "of a longer name", get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "email", []string{"user:张"})), []app.Suppression(nil))
	}},
	{"an entry is replaced and removed", func(t *testing.T, p app.Ports) {
		s := suppressed("email", "user:u", "")
		must(t, p.Suppressions.Put(ctx, s))
		s.Reason, s.Source, s.Note, s.At = app.ByHand, "cli", "", 9
		must(t, p.Suppressions.Put(ctx, s))
		same(t, "the entry", get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "email", []string{"user:u"})), []app.Suppression{s})
		must(t, p.Suppressions.Remove(ctx, "email", "user:u", "news"))
		same(t, "another topic's removal", len(get[[]app.Suppression](t)(p.Suppressions.Find(ctx, "email", []string{"user:u"}))), 1)
		must(t, p.Suppressions.Remove(ctx, "email", "user:u", ""))
		must(t, p.Suppressions.Remove(ctx, "email", "user:u", ""))
		same(t, "after it", get[[]app.Suppression](t)(p.Suppressions.List(ctx, app.Suppression{}, 9)), []app.Suppression(nil))
	}},
	{"list page by page", func(t *testing.T, p app.Ports) {
		var want []app.Suppression
		for i := range 11 {
			want = append(want, suppressed("email", fmt.Sprintf("user:%02d", i/2), []string{"", "news"}[i%2]))
			must(t, p.Suppressions.Put(ctx, want[i]))
		}
		for _, limit := range []int{1, 4, 11, 50} {
			var got []app.Suppression
			for after := (app.Suppression{}); ; {
				page := get[[]app.Suppression](t)(p.Suppressions.List(ctx, after, limit))
				got = append(got, page...)
				if len(page) < limit {
					break
				}
				after = page[len(page)-1]
			}
			same(t, "the list", got, want)
		}
		same(t, "no page", len(get[[]app.Suppression](t)(p.Suppressions.List(ctx, app.Suppression{}, 0))), 0)
	}},
}

type faultySuppressions struct {
	f *Faults
	p app.Suppressions
}

func (w faultySuppressions) Find(ctx context.Context, channel string, who []string) ([]app.Suppression, error) {
	return value(w.f, "Suppressions.Find", func() ([]app.Suppression, error) { return w.p.Find(ctx, channel, who) })
}

func (w faultySuppressions) Put(ctx context.Context, s app.Suppression) error {
	return w.f.do("Suppressions.Put", func() error { return w.p.Put(ctx, s) })
}

func (w faultySuppressions) Remove(ctx context.Context, channel, who, topic string) error {
	return w.f.do("Suppressions.Remove", func() error { return w.p.Remove(ctx, channel, who, topic) })
}

func (w faultySuppressions) List(ctx context.Context, after app.Suppression, limit int) ([]app.Suppression, error) {
	return value(w.f, "Suppressions.List", func() ([]app.Suppression, error) { return w.p.List(ctx, after, limit) })
}
