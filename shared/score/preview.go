package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
)

// Worth returns the lifetime value of a user at asOf without an interval, which is what makes Value slow: Low and High are CLV.
func (e *Engine) Worth(f *profile.Facts, asOf int64) Value {
	v := e.enter("", f, nil, nil, asOf, new(Result))
	defer e.leave(v)
	return v.value()
}

// ChurnThreshold is the probability from which a churn warning is due while the user is silent for less than SilenceLimit days;
// 0 when there is no model of churn.
func (e *Engine) ChurnThreshold() float64 {
	if e.fitted == nil || e.fitted.churn == nil {
		return 0
	}
	return e.churnThreshold()
}

// Read answers references that follow from the facts alone, such as measures of events, into out, one for each.
func (e *Engine) Read(refs []*segment.Ref, f *profile.Facts, asOf int64, out []segment.Value) {
	v := e.enter("", f, nil, nil, asOf, new(Result))
	defer e.leave(v)
	for i, ref := range refs {
		out[i] = v.Lookup(ref)
	}
}
