package aws

import (
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/shared/app"
)

// PendingIntent returns the pending intent that a record of the table's stream shows; ok is false for anything else. The filter of
// the stream in template.yaml lets nothing else in.
func PendingIntent(r events.DynamoDBEventRecord) (in app.Intent, ok bool) {
	if r.EventName != string(events.DynamoDBOperationTypeInsert) {
		return in, false
	}
	it := item{}
	for name, v := range r.Change.NewImage {
		switch v.DataType() {
		case events.DataTypeString:
			it[name] = str(v.String())
		case events.DataTypeNumber:
			if n, err := strconv.ParseInt(v.Number(), 10, 64); err == nil {
				it[name] = num(n)
			}
		case events.DataTypeBinary:
			it[name] = &types.AttributeValueMemberB{Value: v.Binary()}
		case events.DataTypeBoolean:
			it[name] = boolean(v.Boolean())
		}
	}
	if it.text("status") != string(app.IntentPending) || it.text("user") == "" {
		return in, false
	}
	return decodeIntent(it), true
}
