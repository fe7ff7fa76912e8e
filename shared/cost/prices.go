package cost

// Price is what one unit of something costs.
type Price struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	USD    float64 `json:"usd"` // of Per units
	Per    float64 `json:"per"`
	Source string  `json:"source"`
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

// prices is the one table of prices.
var prices = [priceCount]Price{
	writeUnits:    {"DynamoDB writes", "write request units", 0.625, 1e6, dynamodb},
	readUnits:     {"DynamoDB reads", "read request units", 0.125, 1e6, dynamodb},
	tableStorage:  {"DynamoDB storage", "GB", 0.25, 1, dynamodb},
	tableBackup:   {"DynamoDB point-in-time recovery", "GB", 0.20, 1, dynamodb},
	bucketWrites:  {"S3 writes and lists", "requests", 0.005, 1e3, s3},
	bucketReads:   {"S3 reads", "requests", 0.0004, 1e3, s3},
	bucketStorage: {"S3 storage", "GB", 0.023, 1, s3},
	functionCalls: {"Lambda requests", "requests", 0.20, 1e6, lambda},
	functionTime:  {"Lambda time, arm64", "GB-seconds", 0.0000133334, 1, lambda},
	queueCalls:    {"SQS requests", "requests", 0.40, 1e6, "https://aws.amazon.com/sqs/pricing/"},
	keys:          {"KMS key", "keys", 1, 1, kms},
	keyCalls:      {"KMS requests", "requests", 0.03, 1e4, kms},
	alarms:        {"CloudWatch alarms", "metrics", 0.10, 1, watch},
	logs:          {"CloudWatch logs", "GB", 0.50, 1, watch},
	apiCalls:      {"HTTP API requests", "requests", 1.00, 1e6, "https://aws.amazon.com/api-gateway/pricing/"},
	schedules:     {"EventBridge Scheduler", "invocations", 1.00, 1e6, "https://aws.amazon.com/eventbridge/pricing/"},
}

// OfUnits returns what units of the table cost, in USD.
func OfUnits(reads, writes float64) float64 {
	r, w := prices[readUnits], prices[writeUnits]
	return float64(reads/r.Per*r.USD) + float64(writes/w.Per*w.USD)
}

// Prices returns the table of prices.
func Prices() []Price { return append([]Price(nil), prices[:]...) }
