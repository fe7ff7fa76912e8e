package httpapi

import (
	"context"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// ListSuppressions answers a page of those whom nothing goes out to.
func (s *Server) ListSuppressions(ctx context.Context, req gen.ListSuppressionsRequestObject) (gen.ListSuppressionsResponseObject, error) {
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	var place [3]string
	if err := openCursor(req.Params.After, &place); err != nil {
		return nil, err
	}
	page, err := s.app.SuppressionList(ctx, app.Suppression{Who: place[0], Channel: place[1], Topic: place[2]}, limit)
	if err != nil {
		return nil, err
	}
	out := gen.SuppressionPage{Suppressions: []gen.Suppression{}}
	for _, x := range page {
		out.Suppressions = append(out.Suppressions, suppressionOf(x))
	}
	if len(page) == limit {
		last := page[len(page)-1]
		out.Next = cursor([3]string{last.Who, last.Channel, last.Topic})
	}
	return gen.ListSuppressions200JSONResponse(out), nil
}

func suppressionOf(x app.Suppression) gen.Suppression {
	return gen.Suppression{
		Channel: x.Channel, Who: x.Who, Topic: text(x.Topic), Reason: gen.SuppressionReason(x.Reason), Source: x.Source, Note: text(x.Note), At: moment(x.At),
	}
}

// AddSuppression puts somebody on the list.
func (s *Server) AddSuppression(ctx context.Context, req gen.AddSuppressionRequestObject) (gen.AddSuppressionResponseObject, error) {
	r, err := suppressionRequest(req.Body)
	if err != nil {
		return nil, err
	}
	added, err := s.app.Suppress(ctx, r)
	return gen.AddSuppression200JSONResponse(suppressionOf(added)), err
}

// RemoveSuppression takes somebody off the list.
func (s *Server) RemoveSuppression(ctx context.Context, req gen.RemoveSuppressionRequestObject) (gen.RemoveSuppressionResponseObject, error) {
	r, err := suppressionRequest(req.Body)
	if err != nil {
		return nil, err
	}
	return gen.RemoveSuppression204Response{}, s.app.Unsuppress(ctx, r)
}

func suppressionRequest(b *gen.SuppressionRequest) (app.SuppressionRequest, error) {
	if b == nil {
		return app.SuppressionRequest{}, fault.New(fault.Invalid, "the request says nobody").WithHint("its shape stands in openapi.yaml")
	}
	return app.SuppressionRequest{
		Channel: value(b.Channel), Address: value(b.Address), User: value(b.User), Who: value(b.Who), Topic: value(b.Topic),
		Reason: app.SuppressionReason(value(b.Reason)), Source: "api", Note: value(b.Note),
	}, nil
}
