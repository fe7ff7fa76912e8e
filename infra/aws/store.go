// Package aws keeps everything Weir needs on AWS: the ports of shared/app over one DynamoDB table and one S3 bucket.
// docs/decisions/007 says how the table is laid out and why. The table's keys are pk and sk; its index "list" has lpk and lsk and
// projects the keys alone.
package aws

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/infra/canonical"
	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/zones"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Table is what is used of DynamoDB.
type Table interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Bucket is what is used of S3.
type Bucket interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// Config names what a base is kept in.
type Config struct {
	Table     string      // name of the DynamoDB table
	Bucket    string      // name of the S3 bucket
	Workspace string      // begins every key; "" is "main"
	Buckets   int         // hash buckets of a new base, a power of two up to 256; 0 is 16. A base keeps the number it was made with.
	Key       string      // ARN or id of the key of KMS that seals the keys of contact data; "" where no event holds any
	Periods   app.Periods // how long removed things are kept; Uploads is also how long rejects are
	Scratch   string      // local folder with room for one pass over a file; "" is the system's
}

// Store is a base on AWS. It is safe for concurrent use.
type Store struct {
	meter   *Meter
	table   *table
	bucket  *bucket
	canon   *canonical.Canon
	keys    *keys
	scratch string
	periods app.Periods
	zones   zones.Table
	secret  []byte // of pseudonyms
}

// Open returns the base that c names, and makes it when it is not there. The table, the bucket and the key must exist; secrets may
// be nil where c names no key.
func Open(ctx context.Context, db Table, objects Bucket, secrets KMS, c Config) (*Store, error) {
	c.Workspace = orMain(c.Workspace)
	if c.Scratch == "" {
		c.Scratch = os.TempDir()
	}
	if c.Buckets == 0 {
		c.Buckets = 16
	}
	if c.Buckets < 1 || c.Buckets > 256 || c.Buckets&(c.Buckets-1) != 0 {
		return nil, fault.New(fault.Invalid, "%d is not a number of buckets", c.Buckets).WithHint("use a power of two up to 256")
	}
	meter := NewMeter(db)
	s := &Store{
		meter:   meter,
		table:   &table{db: meter, name: c.Table, workspace: c.Workspace},
		bucket:  &bucket{s3: objects, name: c.Bucket},
		scratch: c.Scratch,
	}
	s.periods = c.Periods
	s.keys = &keys{table: s.table, kms: secrets, id: c.Key}
	buckets, err := s.base(ctx, c.Buckets)
	if err != nil {
		return nil, err
	}
	s.canon = canonical.New(&canonFiles{bucket: s.bucket, prefix: "canonical/" + c.Workspace + "/"}, c.Scratch, buckets)
	return s, nil
}

func orMain(workspace string) string {
	if workspace == "" {
		return "main"
	}
	return workspace
}

// EventsPrefix begins the keys of a workspace's event files in the bucket.
func EventsPrefix(workspace string) string { return "events/" + orMain(workspace) + "/" }

// SnapshotsPrefix begins the keys of a workspace's snapshots in the bucket.
func SnapshotsPrefix(workspace string) string { return "snapshots/" + orMain(workspace) + "/" }

// base reads what a base was made with, its number of hash buckets and the secret of its pseudonyms, and makes a new one with the
// wanted number.
func (s *Store) base(ctx context.Context, wanted int) (int, error) {
	k := s.table.key("meta", "buckets")
	it, err := s.table.get(ctx, k)
	if err == nil && (it == nil || len(it.bytes("secret")) == 0) {
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return 0, fault.New(fault.Internal, "make the secret of pseudonyms").Because(err)
		}
		made := item{"n": num(int64(wanted)), "secret": blob(secret)}
		if it == nil {
			made["layout"] = num(layout)
		}
		it, err = s.table.complete(ctx, k, made)
	}
	if err != nil {
		return 0, s.table.fault(err, "read what the base was made with")
	}
	n := int(it.number("n"))
	if n < 1 || n > 256 || n&(n-1) != 0 {
		return 0, fault.New(fault.Internal, "the table %s names no number of buckets", s.table.name)
	}
	s.secret = it.bytes("secret")
	if it.number("layout") < layout {
		return n, s.renew(ctx)
	}
	return n, nil
}

// Pseudonym returns the first 16 digits of a keyed hash of a user's key: a name for logs from which nobody finds the user without
// reading the table.
func (s *Store) Pseudonym(user string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Meter sums what the store consumes of the table.
func (s *Store) Meter() *Meter { return s.meter }

// Ports returns the ports over the base, with clock as the time in unix milliseconds and channels to send by.
func (s *Store) Ports(clock func() int64, channels map[string]app.Channel) app.Ports {
	return app.Ports{
		Uploads:      &uploads{bucket: s.bucket, prefix: EventsPrefix(s.table.workspace)},
		Ledger:       &ledger{s.table},
		Profiles:     &profiles{table: s.table, bucket: s.bucket},
		Links:        &links{table: s.table},
		Canon:        s.canon,
		Rejects:      &rejects{table: s.table, days: s.periods.Uploads},
		Intents:      &intents{s.table},
		Suppressions: &suppressions{s.table},
		Docs:         &docs{table: s.table, bucket: s.bucket},
		Contacts:     &contacts{table: s.table, bucket: s.bucket, keys: s.keys},
		Shots:        &snapshots{bucket: s.bucket, prefix: SnapshotsPrefix(s.table.workspace)},
		Scratch:      &disk.Scratch{Dir: s.scratch},
		Channels:     channels,
		Meter:        s.meter.Used,
		Periods:      s.periods,
		Stored:       true,
		Clock:        clock,
		Zones:        s.zones.Load,
	}
}
