package score

import (
	"github.com/weir-engine/weir/shared/zone"
)

// Result holds everything that is scored of one user at one moment. Score reuses its slices: copy what outlives the next call.
type Result struct {
	Key          string
	FirstSeen    int64 // unix milliseconds
	LastSeen     int64
	Orders       int     // number of orders
	PurchaseDays int     // days with an order: the frequency of RFM
	X            int     // repeat purchases: purchase days after the first
	TXDays       int     // days from the first to the last purchase day
	TDays        int     // days from the first purchase day to asOf
	TX           float64 // the same in weeks = days/7
	T            float64
	MX           float64  // mean net value of a repeat purchase in major units; 0 when X is 0
	Spend        int64    // net of all, minor units
	RecencyDays  int      // days since the last purchase; -1 without one
	SilenceDays  int      // days since the last sign of life
	R, F, M      int      // 1 to 5; 0 without purchases or cuts
	RFM          string   // name in the grid, "" without scores
	RFMCN        string   // one of the Chinese eight, "" without purchases or cuts
	Tier         string   // value tier, "" without purchases or cuts
	PAlive       float64  // probability of still being a customer; -1 without a model that knows it, or a purchase
	Expected     float64  // purchases expected in the next ExpectedWeeks; -1 without a model or a purchase
	ChurnP       float64  // probability of churn within the model's horizon; -1 without a model or a sign of life
	ChurnWarning bool     // Churn.Warning
	Engagement   int      // 0 to 100; -1 where the strategy declares none
	Candidate    string   // the stage that the facts alone ask for
	Stage        string   // the settled stage
	Since        zone.Day // when the settled stage was entered; 0 when that is not known
	Tags         []string // sorted: those set by events and not expired, and those that conditions give
	Segments     []string // sorted
}

func (r *Result) reset(key string) {
	tags, segments := r.Tags[:0], r.Segments[:0]
	*r = Result{Key: key, PAlive: -1, Expected: -1, ChurnP: -1, Engagement: -1, Tags: tags, Segments: segments}
}
