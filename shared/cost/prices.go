package cost

// Price is what one unit of something costs.
type Price struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	USD     float64 `json:"usd"` // of Per units
	Per     float64 `json:"per"`
	Source  string  `json:"source"`
	Checked string  `json:"checked"` // a page that says the same, and its date; "" where none was found
}

// Region and Date say where and when the prices held, before taxes and without free tiers.
const (
	Region = "us-east-1"
	Date   = "2025-11"
)

// Keys of the table of prices.
const (
	writeUnits = iota
	readUnits
	tableStorage
	tableBackup
	bucketWrites
	bucketReads
	bucketStorage
	functionCalls
	functionTime
	queueCalls
	keys
	keyCalls
	alarms
	logs
	apiCalls
	schedules
	priceCount
)

const (
	dynamodb = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
	s3       = "https://aws.amazon.com/s3/pricing/"
	lambda   = "https://aws.amazon.com/lambda/pricing/"
	watch    = "https://aws.amazon.com/cloudwatch/pricing/"
	kms      = "https://aws.amazon.com/kms/pricing/"
)

// Pages that say the same as AWS's own, read on 2026-11-22.
const (
	throughput   = "airbyte.com/data-engineering-resources/dynamodb-pricing, 2025-07"
	storage      = "a copy of aws.amazon.com/dynamodb/pricing, without a date"
	tutorial     = "appropri8-astro.pages.dev/tutorials/2025/12/02/deploying-simple-api-aws, 2025-12"
	requestsPage = "github.com/flarebyte/learning aws/serverless-cost.md, without a date"
)

// prices is the one table of prices.
var prices = [priceCount]Price{
	writeUnits:    {"DynamoDB writes", "write request units", 0.625, 1e6, dynamodb, throughput},
	readUnits:     {"DynamoDB reads", "read request units", 0.125, 1e6, dynamodb, throughput},
	tableStorage:  {"DynamoDB storage", "GB", 0.25, 1, dynamodb, storage},
	tableBackup:   {"DynamoDB point-in-time recovery", "GB", 0.20, 1, dynamodb, ""},
	bucketWrites:  {"S3 writes and lists", "requests", 0.005, 1e3, s3, requestsPage},
	bucketReads:   {"S3 reads", "requests", 0.0004, 1e3, s3, requestsPage},
	bucketStorage: {"S3 storage", "GB", 0.023, 1, s3, "cloudburn.io/blog/amazon-s3-pricing, 2026-03"},
	functionCalls: {"Lambda requests", "requests", 0.20, 1e6, lambda, tutorial},
	functionTime:  {"Lambda time, arm64", "GB-seconds", 0.0000133334, 1, lambda, ""},
	queueCalls:    {"SQS requests", "requests", 0.40, 1e6, "https://aws.amazon.com/sqs/pricing/", ""},
	keys:          {"KMS key", "keys", 1, 1, kms, ""},
	keyCalls:      {"KMS requests", "requests", 0.03, 1e4, kms, ""},
	alarms:        {"CloudWatch alarms", "metrics", 0.10, 1, watch, ""},
	logs:          {"CloudWatch logs", "GB", 0.50, 1, watch, requestsPage},
	apiCalls:      {"HTTP API requests", "requests", 1.00, 1e6, "https://aws.amazon.com/api-gateway/pricing/", tutorial},
	schedules:     {"EventBridge Scheduler", "invocations", 1.00, 1e6, "https://aws.amazon.com/eventbridge/pricing/", ""},
}

// OfUnits returns what units of the table cost, in USD.
func OfUnits(reads, writes float64) float64 {
	r, w := prices[readUnits], prices[writeUnits]
	return float64(reads/r.Per*r.USD) + float64(writes/w.Per*w.USD)
}

// Prices returns the table of prices.
func Prices() []Price { return append([]Price(nil), prices[:]...) }
