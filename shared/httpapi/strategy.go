package httpapi

import (
	"context"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/strategy"
)

// maxStrategy is the length of a strategy file in bytes.
const maxStrategy = 1 << 20

func strategyOf(v app.StrategyVersion, current bool) gen.Strategy {
	return gen.Strategy{
		Version: v.Version, Number: &v.Sequence, Name: text(v.Name), Text: v.Text, PublishedAt: moment(v.At), Note: text(v.Note),
		IncludeExisting: &v.IncludeExisting, Current: current,
	}
}

// GetStrategy answers the strategy in force.
func (s *Server) GetStrategy(ctx context.Context, _ gen.GetStrategyRequestObject) (gen.GetStrategyResponseObject, error) {
	v, err := s.app.Strategy(ctx)
	return gen.GetStrategy200JSONResponse(strategyOf(v, true)), err
}

// ListStrategyVersions answers every publication, newest first.
func (s *Server) ListStrategyVersions(ctx context.Context, _ gen.ListStrategyVersionsRequestObject) (gen.ListStrategyVersionsResponseObject, error) {
	current, err := s.app.Strategy(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.app.StrategyVersions(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListStrategyVersions200JSONResponse{Versions: []gen.StrategyVersion{}}
	for _, v := range all {
		out.Versions = append(out.Versions, gen.StrategyVersion{
			Version: v.Version, Number: &v.Sequence, Name: text(v.Name), PublishedAt: moment(v.At), Note: text(v.Note),
			IncludeExisting: &v.IncludeExisting, Current: v.Sequence == current.Sequence, Proposal: number(v.Proposal), By: text(v.By),
			Emergency: &v.Emergency,
		})
	}
	return out, nil
}

// GetStrategyVersion answers one publication with its text.
func (s *Server) GetStrategyVersion(ctx context.Context, req gen.GetStrategyVersionRequestObject) (gen.GetStrategyVersionResponseObject, error) {
	current, err := s.app.Strategy(ctx)
	if err != nil {
		return nil, err
	}
	v, err := s.app.StrategyVersion(ctx, req.Version)
	return gen.GetStrategyVersion200JSONResponse(strategyOf(v, v.Sequence == current.Sequence)), err
}

// GetStrategySchema answers the JSON Schema of the file.
func (s *Server) GetStrategySchema(context.Context, gen.GetStrategySchemaRequestObject) (gen.GetStrategySchemaResponseObject, error) {
	return gen.GetStrategySchema200JSONResponse(strategy.JSONSchema()), nil
}

// ValidateStrategy answers what is wrong with a strategy file, or what a profile costs under it.
func (s *Server) ValidateStrategy(ctx context.Context, req gen.ValidateStrategyRequestObject) (gen.ValidateStrategyResponseObject, error) {
	if req.Body == nil {
		return nil, noText()
	}
	if err := strategySize(req.Body.Text); err != nil {
		return nil, err
	}
	out := gen.ValidateStrategy200JSONResponse{Problems: []gen.TextProblem{}, Budget: []gen.BudgetLine{}}
	check, err := s.app.ValidateStrategy(ctx, []byte(req.Body.Text))
	if mistakes, ok := textMistakes(err); ok {
		out.Problems = mistakes
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	sum := 0
	for _, line := range check.Budget {
		sum += line.Typical
		b := gen.BudgetLine{Part: line.Part, Name: text(line.Name), Typical: line.Typical}
		if line.Max > 0 {
			b.Max = &line.Max
		}
		out.Budget = append(out.Budget, b)
	}
	out.Valid, out.Version, out.BudgetBytes = true, &check.Version, &sum
	warnings, err := s.app.StrategyWarnings(ctx, []byte(req.Body.Text))
	if err != nil {
		return nil, err
	}
	out.Warnings = some(textProblems(warnings))
	return out, nil
}

// textMistakes returns the mistakes that err finds in a text; ok is false for an error that is about something else.
func textMistakes(err error) (mistakes []gen.TextProblem, ok bool) {
	if err == nil {
		return nil, false
	}
	if mistakes = TextProblems(err); len(mistakes) > 0 {
		return mistakes, true
	}
	if !fault.Is(err, fault.Invalid) {
		return nil, false
	}
	return []gen.TextProblem{{Line: 1, Col: 1, Message: err.Error(), Expected: text(fault.HintOf(err))}}, true
}

// DiffStrategy answers how two strategies differ, by lines and by meaning.
func (s *Server) DiffStrategy(ctx context.Context, req gen.DiffStrategyRequestObject) (gen.DiffStrategyResponseObject, error) {
	if req.Body == nil || (req.Body.Text == nil) == (req.Body.To == nil) {
		return nil, fault.New(fault.Invalid, "a diff needs one thing to compare with").WithHint(`send {"text": YAML} or {"to": VERSION}, and "from" for another version than the one in force`)
	}
	other := value(req.Body.Text)
	if req.Body.To != nil {
		v, err := s.app.StrategyVersion(ctx, *req.Body.To)
		if err != nil {
			return nil, err
		}
		other = v.Text
	}
	if err := strategySize(other); err != nil {
		return nil, err
	}
	d, err := s.app.DiffStrategy(ctx, value(req.Body.From), []byte(other))
	mistakes, wrong := textMistakes(err)
	if err != nil && (!wrong || d.From == "") {
		return nil, err
	}
	out := gen.DiffStrategy200JSONResponse{
		FromVersion: d.From, ToVersion: text(d.To), Same: d.From == d.To, Lines: diffLines(d.Lines), Changes: strategyChanges(d.Changes),
		Problems: some(mistakes),
	}
	out.Reach = some(ruleReach(d.Reach))
	return out, nil
}

func ruleReach(all []app.RuleReach) (out []gen.RuleReach) {
	for _, r := range all {
		out = append(out, gen.RuleReach{Rule: r.Rule, Users: r.Users})
	}
	return out
}

func diffLines(lines []strategy.DiffLine) []gen.DiffLine {
	ops := map[byte]gen.DiffLineOp{' ': gen.Equal, '-': gen.Delete, '+': gen.Insert}
	out := []gen.DiffLine{}
	for _, l := range lines {
		line := gen.DiffLine{Op: ops[l.Op], Text: l.Text}
		if l.OldLine > 0 {
			line.Old = &l.OldLine
		}
		if l.NewLine > 0 {
			line.New = &l.NewLine
		}
		out = append(out, line)
	}
	return out
}

// PublishStrategy begins a publication, after what can be said at once.
func (s *Server) PublishStrategy(ctx context.Context, req gen.PublishStrategyRequestObject) (gen.PublishStrategyResponseObject, error) {
	if req.Body == nil || req.Body.Text == "" {
		return nil, noText()
	}
	if err := strategySize(req.Body.Text); err != nil {
		return nil, err
	}
	b := req.Body
	ask := app.PublishJob{
		Text: b.Text, Note: value(b.Note), From: value(b.From), IncludeExisting: value(b.IncludeExisting),
		Preview: previewOf(b.Preview), By: callerOf(ctx).Name,
	}
	if err := s.app.CheckPublish(ctx, app.PublishRequest{Text: []byte(ask.Text), From: ask.From, Preview: ask.Preview}); err != nil {
		return nil, err
	}
	one, err := s.begin(ctx, gen.JobStrategy, ask)
	if err != nil {
		return nil, err
	}
	return gen.PublishStrategy202JSONResponse(one), nil
}

func previewOf(p *gen.PublishPreview) *app.Preview {
	if p == nil {
		return nil
	}
	return &app.Preview{From: p.From, To: p.To, Users: p.Users, Moved: p.Moved}
}

func noText() error {
	return fault.New(fault.Invalid, "the strategy's text is missing").WithHint(`send {"text": YAML}`)
}

func strategySize(yaml string) error {
	if len(yaml) > maxStrategy {
		return fault.New(fault.TooLarge, "the strategy has %d bytes", len(yaml)).WithHint("a strategy has at most %d bytes", maxStrategy)
	}
	return nil
}
