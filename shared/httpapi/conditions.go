package httpapi

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// maxCondition is the length of a condition in bytes.
const maxCondition = 8192

// CheckCondition answers where a condition is wrong, or whom it selects.
func (s *Server) CheckCondition(ctx context.Context, req gen.CheckConditionRequestObject) (gen.CheckConditionResponseObject, error) {
	if req.Body == nil {
		return nil, fault.New(fault.Invalid, "the condition is missing").WithHint(`send {"condition": TEXT}`)
	}
	src := req.Body.Condition
	if len(src) > maxCondition {
		return nil, fault.New(fault.TooLarge, "the condition has %d bytes", len(src)).WithHint("a condition has at most %d", maxCondition)
	}
	count := req.Body.Count == nil || *req.Body.Count
	check, err := s.app.CheckCondition(ctx, src, count, millis(req.Body.AsOf))
	var wrong *segment.Error
	if errors.As(err, &wrong) {
		p := conditionProblem(wrong)
		p.Caret = text(wrong.Caret(src))
		return gen.CheckCondition200JSONResponse{Valid: false, AsOf: moment(check.AsOf), Problem: &p}, nil
	}
	if err != nil {
		return nil, err
	}
	out := gen.CheckCondition200JSONResponse{Valid: true, AsOf: moment(check.AsOf), Canonical: text(check.Canonical), Warnings: some(textProblems(check.Warnings))}
	if check.Counted {
		share := shareOf(check.Users, check.Total)
		out.Users, out.Share, out.SpendMinor, out.Currency = &check.Users, &share, &check.Spend, &check.Currency
	}
	out.Snapshot, err = s.readFrom(ctx, check.Shot)
	return out, err
}

// shareOf is part of whole, 0 for an empty whole.
func shareOf(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// GetConditionSchema answers what a condition may say under the published strategy.
func (s *Server) GetConditionSchema(ctx context.Context, _ gen.GetConditionSchemaRequestObject) (gen.GetConditionSchemaResponseObject, error) {
	live, err := s.app.Live(ctx)
	if err != nil {
		return nil, err
	}
	known, err := s.app.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	return gen.GetConditionSchema200JSONResponse{
		StrategyVersion: live.Version, Events: some(seenEvents(known)), Names: conditionNames(live.Engine.Strategy()),
		Operators: []string{"&&", "||", "!", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "( )", "[ ]"},
	}, nil
}

func conditionNames(s *strategy.Strategy) []gen.ConditionName {
	var out []gen.ConditionName
	add := func(kind gen.ConditionNameKind, typ gen.ConditionNameType, label string) *gen.ConditionName {
		out = append(out, gen.ConditionName{Text: label, Kind: kind, Type: typ})
		return &out[len(out)-1]
	}
	values := map[string][]string{
		"stage": s.StageNames(), "stage_candidate": s.StageNames(), "rfm": s.RFMNames(), "rfm_cn": strategy.RFMNamesCN(), "tier": tierNames(s),
	}
	for _, f := range segment.Fields() {
		n := add(gen.ConditionNameKindField, conditionType(f.Type), f.Name)
		n.Values = some(values[f.Name])
	}
	for _, m := range s.Metrics {
		typ := gen.ConditionNameTypeNumber
		if m.Unit == strategy.UnitText && m.Agg == strategy.AggLast {
			typ = gen.ConditionNameTypeText
		}
		windows := m.Windows
		add(gen.ConditionNameKindMetric, typ, "metrics."+m.Name).Windows = some(windows)
	}
	for _, name := range tagNames(s) {
		add(gen.ConditionNameKindTag, gen.ConditionNameTypeBool, "tags.has("+strconv.Quote(name)+")")
	}
	for _, g := range s.Segments {
		n := add(gen.ConditionNameKindSegment, gen.ConditionNameTypeBool, "segments.has("+strconv.Quote(g.Name)+")")
		n.Label = label(g.Zh, g.En)
	}
	for _, name := range s.Events {
		for _, stat := range []string{segment.StatCount, segment.StatFirst, segment.StatLast} {
			typ := gen.ConditionNameTypeTime
			if stat == segment.StatCount {
				typ = gen.ConditionNameTypeNumber
			}
			add(gen.ConditionNameKindEvent, typ, "event("+strconv.Quote(name)+")."+stat)
		}
	}
	for _, name := range append([]string{segment.AnyMessage}, s.MessageNames()...) {
		for _, stat := range segment.MessageStats() {
			typ := gen.ConditionNameTypeNumber
			if strings.HasPrefix(stat, "last_") {
				typ = gen.ConditionNameTypeTime
			}
			add(gen.ConditionNameKindEvent, typ, "message("+strconv.Quote(name)+")."+stat)
		}
	}
	add(gen.ConditionNameKindTag, gen.ConditionNameTypeBool, `lists.has("NAME")`)
	add(gen.ConditionNameKindFunction, gen.ConditionNameTypeNumber, `bucket("SALT", 100)`)
	add(gen.ConditionNameKindTrait, gen.ConditionNameTypeAny, "traits.NAME")
	for _, usage := range segment.Measures() {
		add(gen.ConditionNameKindFunction, gen.ConditionNameTypeAny, usage)
	}
	for _, usage := range segment.Functions() {
		add(gen.ConditionNameKindFunction, gen.ConditionNameTypeAny, usage)
	}
	return out
}

func conditionType(t segment.Type) gen.ConditionNameType {
	switch t {
	case segment.TBool:
		return gen.ConditionNameTypeBool
	case segment.TNumber:
		return gen.ConditionNameTypeNumber
	case segment.TString:
		return gen.ConditionNameTypeText
	case segment.TTime:
		return gen.ConditionNameTypeTime
	case segment.TList:
		return gen.ConditionNameTypeList
	}
	return gen.ConditionNameTypeAny
}

func tierNames(s *strategy.Strategy) []string {
	var names []string
	for _, t := range s.Tiers {
		names = append(names, t.Name)
	}
	return names
}

// tagNames lists the tags of events and of rules, each once.
func tagNames(s *strategy.Strategy) []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name], names = true, append(names, name)
		}
	}
	for _, t := range s.EventTags {
		add(t.Tag)
	}
	for _, t := range s.Tags {
		add(t.Name)
	}
	return names
}

// label returns a name for people, nil when there is none.
func label(zh, en string) *gen.Label {
	if strings.TrimSpace(zh+en) == "" {
		return nil
	}
	return &gen.Label{Zh: zh, En: en}
}

// ListSegments answers the strategy's segments with their size.
func (s *Server) ListSegments(ctx context.Context, req gen.ListSegmentsRequestObject) (gen.ListSegmentsResponseObject, error) {
	base, groups, err := s.app.Segments(ctx, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	out := gen.ListSegments200JSONResponse{
		AsOf: moment(base.AsOf), Currency: base.Live.Engine.Strategy().Currency, Segments: []gen.Segment{},
	}
	for _, g := range groups {
		out.Segments = append(out.Segments, gen.Segment{
			Name: g.Name, When: g.When, Label: label(g.Zh, g.En), Users: g.Users, Share: shareOf(g.Users, base.Counts.Users),
			SpendMinor: g.Spend,
		})
	}
	return out, nil
}
