package httpapi

import (
	"context"
	"io"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// UseCases is what the API needs of the application. *app.App is one.
type UseCases interface {
	Collect(ctx context.Context, lines [][]byte) error
	Upload(ctx context.Context, req app.UploadRequest) (app.File, error)
	PrepareUpload(ctx context.Context, req app.UploadRequest, size int64) (app.UploadTicket, error)
	PutUpload(ctx context.Context, key string, body io.Reader) (app.File, error)
	UploadOf(ctx context.Context, key string) (app.UploadState, error)
	Files(ctx context.Context, after string, limit int) (files []app.File, next string, err error)
	File(ctx context.Context, id string) (app.File, error)
	Rejects(ctx context.Context, q app.RejectQuery) ([]app.Reject, error)
	RejectCounts(ctx context.Context, file string) (map[string]int64, error)
	StartRedrive(ctx context.Context, id, mapping string) (app.File, error)
	Running() []app.Progress

	Clock(ctx context.Context) (app.Clock, error)
	Status(ctx context.Context) (app.Status, error)
	Live(ctx context.Context) (*app.Live, error)
	Base(ctx context.Context, asOf int64) (*app.Base, error)
	Overview(ctx context.Context, asOf int64) (app.Overview, error)
	Retention(ctx context.Context, q app.RetentionQuery) (*app.Retention, error)
	Aha(ctx context.Context, q app.AhaQuery) (*app.Aha, error)
	Export(ctx context.Context, w io.Writer, req app.ExportRequest) error

	TakeSnapshot(ctx context.Context, progress func(done, total int64)) (app.StoredSnapshot, error)
	CurrentSnapshot(ctx context.Context) (app.StoredSnapshot, error)
	SnapshotAge(ctx context.Context, s app.StoredSnapshot) (int64, error)
	SnapshotManifest(ctx context.Context, s app.StoredSnapshot) (*snapshot.Manifest, error)
	SnapshotShard(ctx context.Context, name string) ([]byte, error)
	SnapshotTable(ctx context.Context) (name string, content []byte, url string, err error)

	Users(ctx context.Context, q app.UserQuery) (app.UserPage, error)
	User(ctx context.Context, id string, asOf int64) (app.UserView, error)
	Explain(ctx context.Context, id string, asOf int64) (app.Explanation, error)
	Timeline(ctx context.Context, id string, asOf int64, after string, limit int) (rows []app.Row, next string, err error)
	Decisions(ctx context.Context, id string, limit int) (key string, records []app.Decision, err error)
	UserMessages(ctx context.Context, id string, after string, limit int) (key string, page []app.Intent, next string, err error)
	UserLinks(ctx context.Context, id string) (key string, links []app.Link, err error)
	Address(ctx context.Context, id, kind string) (string, error)
	FindContact(ctx context.Context, kind, address string) ([]string, error)
	Forget(ctx context.Context, id string) (app.Receipt, error)
	ForgetAgain(ctx context.Context) (int64, error)
	Receipts(ctx context.Context) ([]app.Receipt, error)
	ExportUser(ctx context.Context, id string) (app.UserExport, error)
	RevokeLink(ctx context.Context, x, y string) (left, right string, err error)

	CheckCondition(ctx context.Context, expr string, count bool, asOf int64) (app.ConditionCheck, error)
	Catalog(ctx context.Context) (*app.Catalog, error)
	Plan(ctx context.Context) (app.PlanVersion, error)
	PlanVersions(ctx context.Context) ([]app.PlanVersion, error)
	DiffPlan(ctx context.Context, from string, text []byte) (app.PlanDiff, error)
	PublishPlan(ctx context.Context, req app.PublishPlanRequest) (app.PlanVersion, error)
	StrategyWarnings(ctx context.Context, text []byte) ([]strategy.Problem, error)
	Segments(ctx context.Context, asOf int64) (base *app.Base, groups []app.Group, err error)

	Strategy(ctx context.Context) (app.StrategyVersion, error)
	StrategyVersions(ctx context.Context) ([]app.StrategyVersion, error)
	StrategyVersion(ctx context.Context, version string) (app.StrategyVersion, error)
	ValidateStrategy(ctx context.Context, text []byte) (app.StrategyCheck, error)
	DiffStrategy(ctx context.Context, from string, text []byte) (app.StrategyDiff, error)
	CheckPublish(ctx context.Context, req app.PublishRequest) error

	NeedsApproval() bool
	Propose(ctx context.Context, req app.ProposeRequest) (app.Proposal, error)
	Proposals(ctx context.Context) ([]app.Proposal, error)
	Proposal(ctx context.Context, number int64) (app.Proposal, error)
	ProposalText(ctx context.Context, p *app.Proposal) (string, error)
	ProposalDiff(ctx context.Context, p *app.Proposal) (app.StrategyDiff, error)
	ProposalPreview(ctx context.Context, hash string) (*app.ProposalPreview, error)
	ReviewProposal(ctx context.Context, number int64, req app.ReviewRequest) (app.Proposal, error)
	WithdrawProposal(ctx context.Context, number int64, by string) (app.Proposal, error)
	CheckProposal(ctx context.Context, number int64, act app.ProposalAction, by string) error
	Barred(p *app.Proposal, act app.ProposalAction, by string) app.Bar

	StartJob(ctx context.Context, kind string, request any) (app.Job, error)
	RunJob(ctx context.Context, id string) (done bool, err error)
	Jobs(ctx context.Context) ([]app.Job, error)
	Job(ctx context.Context, id string) (app.Job, error)
	UnfinishedJobs(ctx context.Context) ([]string, error)
	JobsElsewhere() bool

	ModelSets(ctx context.Context) ([]*app.ModelSet, error)
	ModelSet(ctx context.Context, version string) (*app.ModelSet, error)
	FitModels(ctx context.Context, req app.FitModelsRequest, progress func(done, total int64)) (*app.ModelSet, error)
	ChurnList(ctx context.Context, q app.ChurnQuery) (app.ChurnPage, error)
	BacktestChurn(ctx context.Context, req app.BacktestRequest, progress func(done, total int64)) (*app.ChurnBacktest, error)
	Transitions(ctx context.Context, from, to int64, kind string) (*app.Transitions, error)
	PublishModels(ctx context.Context, version string, req app.PublishModelsRequest) (app.PublishModelsReport, error)

	Outbox(ctx context.Context, q app.IntentQuery) (page []app.Intent, next string, err error)
	Outreach(ctx context.Context) (app.Outreach, error)
	StopOutreach(ctx context.Context, note string) error
	ResumeOutreach(ctx context.Context) error
	SuppressionList(ctx context.Context, after app.Suppression, limit int) ([]app.Suppression, error)
	Suppress(ctx context.Context, r app.SuppressionRequest) (app.Suppression, error)
	Unsuppress(ctx context.Context, r app.SuppressionRequest) error
	Subscription(ctx context.Context, token string) (outreach.Subscription, error)
	Unsubscribe(ctx context.Context, token string, everything bool) (outreach.Subscription, error)
}

var _ UseCases = (*app.App)(nil)
