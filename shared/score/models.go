package score

import (
	"encoding/json"

	"github.com/weir-engine/weir/shared/fault"
)

// Models are fitted models. They are computed from a base once, published, and never change: with them the scores of a user
// depend on no other user. Every parameter is a decimal of 12 significant digits.
type Models struct {
	Version  string `json:"version"`  // 12 hex digits of the hash of everything below
	AsOf     int64  `json:"as_of"`    // unix milliseconds: the end of the histories they were fitted to
	Strategy string `json:"strategy"` // version of the strategy whose histories they were fitted to
	Basis    string `json:"basis"`    // hash of the settings they follow from: models fit every strategy with this basis
	Users    int64  `json:"users"`    // of the base

	Purchases *PurchaseModel `json:"purchases,omitempty"`
	Money     *MoneyModel    `json:"money,omitempty"`
	Churn     *ChurnModel    `json:"churn,omitempty"`
}

// PurchaseModel is a fitted model of repeat purchases.
type PurchaseModel struct {
	Kind   string             `json:"kind"`             // mbgnbd, bgnbd, paretonbd, or nbd where dropout is not identified
	Params map[string]float64 `json:"params"`           // by their names in the papers
	Draws  []Draw             `json:"draws,omitempty"`  // parameters drawn about the estimate, for intervals
	Reason string             `json:"reason,omitempty"` // of nbd: why dropout is not identified; then P(alive) is unknown
}

// Draw is one set of parameters of the purchase model and of the model of money.
type Draw struct {
	Purchases map[string]float64 `json:"purchases"`
	Money     map[string]float64 `json:"money,omitempty"`
}

// MoneyModel is a fitted Gamma-Gamma model.
type MoneyModel struct {
	Params map[string]float64 `json:"params"` // p, q, v
}

// ChurnModel is a fitted logistic regression of churn: of no sign of life within Horizon days.
type ChurnModel struct {
	Horizon   int            `json:"horizon_days"`
	Intercept float64        `json:"intercept"`
	Features  []ChurnFeature `json:"features"`
	Threshold float64        `json:"threshold"` // the probability from which a warning is due, unless the strategy sets one
	Evidence  ChurnEvidence  `json:"evidence"`
}

// ChurnFeature is one column of the regression: its coefficient is for (value − Mean) / Scale.
type ChurnFeature struct {
	Name  string  `json:"name"` // one of ChurnFeatureNames
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"`
	Coef  float64 `json:"coef"`
}

// ChurnEvidence is how well a churn model foretold a period that it was not fitted to.
type ChurnEvidence struct {
	Cut       int64         `json:"cut"`   // unix milliseconds: what the model saw ended here
	Users     int64         `json:"users"` // who could churn at the cut
	Churned   int64         `json:"churned"`
	AUC       float64       `json:"auc"`
	Brier     float64       `json:"brier"`
	Precision float64       `json:"precision"` // at the threshold
	Recall    float64       `json:"recall"`
	Method    string        `json:"method"` // how the threshold was chosen: elbow or quantile
	Deciles   []ChurnDecile `json:"deciles"`
	LeadDays  float64       `json:"lead_days"` // median, over those found and gone: how much earlier than the rule of silence
}

// ChurnDecile is a tenth of the users, by descending probability.
type ChurnDecile struct {
	Users    int64   `json:"users"`
	Expected float64 `json:"expected"` // mean probability
	Actual   float64 `json:"actual"`   // share that churned
	Lift     float64 `json:"lift"`     // Actual over the share of all
}

// Sealed returns the models with their version filled in.
func (m Models) Sealed() *Models {
	m.Version = m.hash()
	return &m
}

// ParseModels reads published models and checks that they are whole: their version must be the hash of their content.
func ParseModels(text []byte) (*Models, error) {
	m := new(Models)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fault.New(fault.Invalid, "the models are not valid JSON").Because(err).WithHint("fit them again")
	}
	if want := m.hash(); m.Version != want {
		return nil, fault.New(fault.Invalid, "the models say version %q but their content is version %q", m.Version, want).
			WithHint("models are immutable: fit new ones instead of editing them")
	}
	return m, nil
}

// JSON is the published form of the models.
func (m *Models) JSON() []byte {
	b, err := json.Marshal(m)
	if err != nil { // a struct of finite numbers and strings always marshals
		panic(err)
	}
	return b
}

func (m *Models) hash() string {
	bare := *m
	bare.Version = ""
	return shortHash(bare.JSON())
}
