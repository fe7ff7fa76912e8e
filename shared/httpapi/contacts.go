package httpapi

import (
	"context"
	"encoding/json"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// ShowContact answers the current addresses of a user.
func (s *Server) ShowContact(ctx context.Context, req gen.ShowContactRequestObject) (gen.ShowContactResponseObject, error) {
	var out gen.ShowContact200JSONResponse
	for kind, into := range map[string]**string{contact.Email: &out.Email, contact.Phone: &out.Phone} {
		address, err := s.app.Address(ctx, req.Id, kind)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		*into = text(address)
	}
	if out.Email == nil && out.Phone == nil { // an unknown user is told apart from one without an address
		if _, err := s.app.User(ctx, req.Id, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FindContact answers the users who have an address.
func (s *Server) FindContact(ctx context.Context, req gen.FindContactRequestObject) (gen.FindContactResponseObject, error) {
	kind, address := contact.Email, req.Body.Email
	if address == nil {
		kind, address = contact.Phone, req.Body.Phone
	}
	if address == nil || req.Body.Email != nil && req.Body.Phone != nil {
		return nil, fault.New(fault.Invalid, "one address is needed").WithHint("give email or phone")
	}
	ids, err := s.app.FindContact(ctx, kind, *address)
	if err != nil {
		return nil, err
	}
	return gen.FindContact200JSONResponse{UserIds: list(ids)}, nil
}

// ForgetUser forgets a user and answers the receipt.
func (s *Server) ForgetUser(ctx context.Context, req gen.ForgetUserRequestObject) (gen.ForgetUserResponseObject, error) {
	r, err := s.app.Forget(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	return gen.ForgetUser200JSONResponse(receipt(&r)), nil
}

// ListReceipts answers the receipts of users who were forgotten.
func (s *Server) ListReceipts(ctx context.Context, _ gen.ListReceiptsRequestObject) (gen.ListReceiptsResponseObject, error) {
	all, err := s.app.Receipts(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListReceipts200JSONResponse{Receipts: []gen.Receipt{}}
	for i := range all {
		out.Receipts = append(out.Receipts, receipt(&all[i]))
	}
	return out, nil
}

// ForgetAgain forgets everyone again who was forgotten, and answers the receipts.
func (s *Server) ForgetAgain(ctx context.Context, _ gen.ForgetAgainRequestObject) (gen.ForgetAgainResponseObject, error) {
	if _, err := s.app.ForgetAgain(ctx); err != nil {
		return nil, err
	}
	all, err := s.ListReceipts(ctx, gen.ListReceiptsRequestObject{})
	if err != nil {
		return nil, err
	}
	return gen.ForgetAgain200JSONResponse(all.(gen.ListReceipts200JSONResponse)), nil
}

// receipt leaves out the ids that an unfinished one still holds.
func receipt(r *app.Receipt) gen.Receipt {
	out := gen.Receipt{
		Id: r.ID, Asked: moment(r.Asked), Ids: r.IDs, Profiles: r.Profiles, Addresses: r.Addresses, Messages: r.Messages, Events: r.Events,
		Horizon: moment(r.Horizon), BackupDays: r.Periods.Backups, VersionDays: r.Periods.Versions, UploadDays: r.Periods.Uploads,
		Hashes: list(r.Hashes),
	}
	if r.Finished != 0 {
		at := moment(r.Finished)
		out.Finished = &at
	}
	return out
}

// ExportUser answers everything that is kept about a user.
func (s *Server) ExportUser(ctx context.Context, req gen.ExportUserRequestObject) (gen.ExportUserResponseObject, error) {
	x, err := s.app.ExportUser(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(x)
	if err == nil {
		var out gen.ExportUser200JSONResponse
		if err = json.Unmarshal(b, &out); err == nil {
			return out, nil
		}
	}
	return nil, fault.New(fault.Internal, "the export of %s cannot be written", req.Id).Because(err)
}
