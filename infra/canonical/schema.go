package canonical

import (
	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/app"
)

// row is a canonical row as it is stored. All columns are required; an absent text is empty.
type row struct {
	Hash       uint64   `parquet:"hash,delta"`
	Key        string   `parquet:"user_key,dict"`
	ID         [16]byte `parquet:"event_id"`
	Kind       string   `parquet:"kind,dict"`
	Name       string   `parquet:"name,dict"`
	Time       int64    `parquet:"time,timestamp(millisecond),delta"`
	Arrived    int64    `parquet:"arrived,timestamp(millisecond),delta"`
	File       string   `parquet:"file,dict"`
	MessageID  string   `parquet:"message_id"`
	Anonymous  string   `parquet:"anonymous_id,dict"`
	Previous   string   `parquet:"previous_id,dict"`
	Group      string   `parquet:"group_id,dict"`
	Properties string   `parquet:"properties"`
	Traits     string   `parquet:"traits,dict"`
	Context    string   `parquet:"context,dict"`
	Contact    string   `parquet:"contact,dict"`
	Sealed     []byte   `parquet:"sealed,dict"`
}

// The places of the columns.
const (
	colHash = iota
	colKey
	colID
	colKind
	colName
	colTime
	colArrived
	colFile
	colMessageID
	colAnonymous
	colPrevious
	colGroup
	colProperties
	colTraits
	colContext
	colContact
	colSealed
	columnCount
)

var schema = parquet.SchemaOf(row{})

func (c *row) set(r *app.Row) {
	*c = row{
		Hash: r.Hash, Key: r.Key, ID: r.ID, Kind: r.Kind.String(), Name: r.Name, Time: r.Time, Arrived: r.Arrived, File: r.File,
		MessageID: r.MessageID, Anonymous: r.Anonymous, Previous: r.Previous, Group: r.Group, Properties: r.Properties,
		Traits: r.Traits, Context: r.Context, Contact: r.Contact, Sealed: r.Sealed,
	}
}
