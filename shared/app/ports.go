package app

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// Ports is everything the use cases need of the outside. Every adapter passes shared/porttest. All times are unix
// milliseconds. Methods are safe for concurrent use. Every write is idempotent or conditional, as its contract says, so
// that a caller that died in the middle can repeat it.
type Ports struct {
	Uploads      Uploads
	Ledger       Ledger
	Profiles     Profiles
	Links        Links
	Canon        Canon
	Rejects      Rejects
	Intents      Intents
	Suppressions Suppressions
	Docs         Docs
	Contacts     Contacts
	Shots        Snapshots
	Scratch      Scratch
	Channels     map[string]Channel
	Inbox        Queue        // of events that API calls bring, until Gather writes them into files; nil: Collect writes them itself
	Workers      Queue        // of ids of jobs, for those who run them; nil: whoever begins a job runs it
	Tickets      Tickets      // of uploads past the API; nil: uploads go through it
	Meter        func() Units // what this process consumed of a table that is paid by use, since it started; nil where none is
	Clock        func() int64
	// Stored says that views of the whole base at its own moment are answered from its stored snapshot, because reading every profile
	// is paid for and takes longer than a request may.
	Stored  bool
	Periods Periods                                   // how long the host keeps what was removed
	Zones   func(name string) (*time.Location, error) // NotFound for a name that the zone table lacks
}

// Uploads is the bucket that event files arrive in.
type Uploads interface {
	// List returns the files whose key begins with prefix, by key.
	List(ctx context.Context, prefix string) ([]Upload, error)
	// Stat describes a version of a file, "" the newest; NotFound when there is none.
	Stat(ctx context.Context, key, object string) (Upload, error)
	// Open opens a version of a file, "" the newest; NotFound when there is none. A reader of a file that is replaced meanwhile goes on
	// with what it opened, or fails with Conflict.
	Open(ctx context.Context, key, object string) (UploadReader, error)
	// Put stores a file whole or not at all, and fails with Conflict when the key exists with other content.
	Put(ctx context.Context, key string, r io.Reader) (Upload, error)
	// Delete removes a file; one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Upload is one file in the bucket.
type Upload struct {
	Key      string
	Size     int64
	Modified int64
	Object   string // its version, where the bucket keeps versions; List does not say it
	ETag     string // where the bucket has them
}

// UploadReader reads a file from any place.
type UploadReader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Tickets lets clients write into the bucket, and read a file of a snapshot from it, without its keys.
type Tickets interface {
	// Ticket returns an address that takes exactly one PUT of size bytes for the key of an event file, until the moment `until`, and
	// only while there is no such file; headers must come with it.
	Ticket(ctx context.Context, key string, size, until int64) (url string, headers map[string]string, err error)
	// Fetch returns an address that a file of a generation of a snapshot can be read from until the moment `until`.
	Fetch(ctx context.Context, generation, name string, until int64) (url string, err error)
}

// Queue hands messages to another process of the host. Each comes at least once, in any order.
type Queue interface {
	// Send keeps a message of 1 to QueueBytes bytes of ASCII text; it is durable when Send returns.
	Send(ctx context.Context, message string) error
}

// QueueBytes is the length of the longest message of a queue.
const QueueBytes = 256_000

// Ledger knows which files arrived and how far each is folded.
type Ledger interface {
	// Begin records a file. If its ID is known the stored record is returned with known = true and nothing changes.
	Begin(ctx context.Context, f File) (stored File, known bool, err error)
	// File returns a record; NotFound when there is none.
	File(ctx context.Context, id string) (File, error)
	// Files returns records from the newest to the oldest, after the record with the id `after` ("" for the first page).
	Files(ctx context.Context, after string, limit int) ([]File, error)
	// Update replaces a record; Conflict unless the stored Version equals f.Version; the stored Version grows by one.
	Update(ctx context.Context, f File) error
	// Chunk returns what is recorded of a chunk; the zero Chunk when nothing is.
	Chunk(ctx context.Context, file string, chunk int) (Chunk, error)
	// PutChunk records a chunk; repeating it replaces it.
	PutChunk(ctx context.Context, c Chunk) error
}

// FileStatus is how far a file has come.
type FileStatus string

// The statuses of a file.
const (
	FileWaiting FileStatus = "waiting" // uploaded, not begun
	FileRunning FileStatus = "running"
	FileDone    FileStatus = "done"
	FileFailed  FileStatus = "failed" // the file as a whole was refused: Error says why; nothing of it was applied
)

// File is the ledger's record of one arrived file.
type File struct {
	ID       string // hash of the content, with "~n" for the n-th deliberate repetition
	Version  int64
	Name     string // for people: the name it was uploaded or imported under
	Key      string // its key in the bucket, "" when it was read from elsewhere
	Object   string // the version of the object under Key, where the bucket keeps versions
	ETag     string // of that object, where the bucket has them
	Size     int64
	Arrived  int64 // recorded once: decides what is late, and is asOf of the file's decisions unless AsOf is set
	AsOf     int64 // 0: Arrived
	Backfill bool
	Mapping  string // the mapping file's text, "" for none
	Redrive  string // id of the file whose rejects this one holds, "" for none
	Plan     int64  // number of the tracking plan that was in force when it was recorded; 0: none
	Chunks   int    // number of chunks, persisted before the first is applied; 0: not partitioned yet
	Status   FileStatus
	Error    string
	Counts   Counts
	Finished int64
	Units    Units // what its import consumed, but for what a killed one did since its last chunk
}

// Units is what was consumed of a table that is paid by use.
type Units struct {
	Reads  float64 `json:"reads"`
	Writes float64 `json:"writes"`
}

// Plus returns the sum of both.
func (u Units) Plus(v Units) Units { return Units{u.Reads + v.Reads, u.Writes + v.Writes} }

// Counts is the outcome of a file or of a chunk.
type Counts struct {
	Events     int64 `json:"events"`              // lines or rows read (grouped rows count as one)
	Accepted   int64 `json:"accepted"`            // folded now for the first time
	Rejected   int64 `json:"rejected"`            // quarantined
	Duplicates int64 `json:"duplicates"`          // known already
	Users      int64 `json:"users"`               // distinct users touched
	Forgotten  int64 `json:"forgotten,omitempty"` // of users who were forgotten: dropped, and kept nowhere
}

// Chunk is the ledger's record of one chunk of a file.
type Chunk struct {
	File   string
	Index  int
	State  ChunkState
	Counts Counts
	Units  Units // consumed since the chunk before it was recorded
}

// ChunkState is how far a chunk has come.
type ChunkState uint8

// The states of a chunk, in order.
const (
	ChunkNew  ChunkState = iota
	ChunkKept            // its canonical rows are written
	ChunkDone            // its users are written
)

// Mark says that a chunk of an unfinished file is already in a profile, and what it brought, so that a chunk that is
// repeated after a crash counts the same.
type Mark struct {
	File       string
	Chunk      int
	Accepted   int64
	Duplicates int64
}

// Item is one user's stored profile.
type Item struct {
	Key     string // canonical user id
	Version int64  // grows by one with each write; 0: does not exist
	Facts   []byte // profile.EncodeFacts
	State   []byte // profile.EncodeState; empty: nothing was decided yet
	Recent  []byte // profile.EncodeRecent: keyed hashes of the events that arrived on time within 14 days
	Marks   []Mark
	Rebase  bool   // a backfill changed Facts since the last decision: the next one is a baseline
	Log     []byte // the adapter's own: where the newest decision record stands. A write gives back what was read
	Due     int64  // unix milliseconds: before it no decision would say anything else than the last one; 0: nothing is known
	Soon    bool   // stands in the due index
	// To is the canonical id that the key points to, whether there is a profile or not; "" when it is its own. Links.Apply alone
	// changes it: a write gives back what was read.
	To string
}

// UserWrite is everything one user's write changes, atomically.
type UserWrite struct {
	Item     Item       // the new content; Item.Version and Item.Log are those that were read
	Absorb   []Absorbed // profiles that were merged into this one and are removed with it
	Intents  []Intent   // new pending intents; one whose ID exists is left as it is
	Decision *Decision  // appended; one whose (Key, Seq) exists is left as it is
}

// Absorbed names a profile that is removed because another one took its facts in.
type Absorbed struct {
	Key     string
	Version int64
	Log     []byte // Item.Log as it was read
	To      string // Item.To as it was read
}

// Profiles keeps one item a user.
type Profiles interface {
	// Get returns the items of keys, in their order; a missing one has Version 0, and To where it is a pointer.
	Get(ctx context.Context, keys []string) ([]Item, error)
	// Write applies each write atomically if the stored versions of its item and of everything it absorbs are those given.
	// The result holds an error for each write: nil, or Conflict when a version differed. err is about the call as a whole:
	// then any number of writes may have happened, each wholly or not at all.
	Write(ctx context.Context, writes []UserWrite) (each []error, err error)
	// Forget removes the items of keys, with their decision records, every intent about them and what the outbox keeps of it. What is
	// not there is no error; a call that failed is repeated.
	Forget(ctx context.Context, keys []string) error
	// Scan returns up to limit items after the place of the key `after` ("" for the first page), in an order of the adapter's own
	// that follows from the keys and never changes. No item of that key need exist.
	Scan(ctx context.Context, after string, limit int) ([]Item, error)
	// Due returns up to limit keys of profiles in the due index whose Due is at most until, in an order of the adapter's own, and where
	// to go on: next is the after of the next page, "" after the last one. A page may be short, and the index a moment behind.
	Due(ctx context.Context, until int64, after string, limit int) (keys []string, next string, err error)
	// Count returns the number of profiles. It may be off after a process died in the middle of a Write: nothing is decided by it.
	Count(ctx context.Context) (int64, error)
	// Exact returns the number of profiles, counted anew where Count may be off. Only who writes alone may ask.
	Exact(ctx context.Context) (int64, error)
	// Revision is a number that changes with every write, of this process or another.
	Revision(ctx context.Context) (int64, error)
	// Decisions returns the decision records written under a key, newest first; those of a profile that was absorbed stay.
	Decisions(ctx context.Context, key string, limit int) ([]Decision, error)
}

// Decision is an append-only record of one change of a user's STATE.
type Decision struct {
	Key    string
	Seq    int64 // counts a user's decisions from 1
	AsOf   int64
	Record []byte // JSON: journey.Record
}

// Intent is a message that a decision asked for.
type Intent struct {
	ID       string // hash of (user, rule, episode)
	Key      string // the user
	Rule     string
	Template string
	Channel  string
	Episode  int64 // the rule's re-entry counter
	Shadow   bool
	Strategy string // version
	AsOf     int64
	Due      int64
	Reasons  []byte // JSON: []score.Reason, the stored inputs that replay the decision
	Status   IntentStatus
	Held     int64  // of a pending one: nothing is tried before; 0 for at once
	Why      string // of a suppressed, unknown or held one
	Claimed  int64
	Settled  int64
	Subject  string // as sent
	Body     string
}

// IntentStatus is the fate of an intent.
type IntentStatus string

// The fates of an intent.
const (
	IntentPending    IntentStatus = "pending"
	IntentClaimed    IntentStatus = "claimed"
	IntentSent       IntentStatus = "sent"
	IntentSuppressed IntentStatus = "suppressed"
	IntentUnknown    IntentStatus = "unknown"  // a crash inside the provider's call: nobody knows, nobody repeats it
	IntentWithheld   IntentStatus = "withheld" // its user is in the holdout
	IntentExpired    IntentStatus = "expired"  // it was not sent while it was worth sending
)

// IntentQuery selects intents.
type IntentQuery struct {
	Status IntentStatus // "" for all
	Key    string       // "" for all
	Rule   string
	Ready  int64  // of pending ones: only those that are not held beyond this moment; 0 for all
	After  string // id of the last intent of the page before
	Limit  int
}

// Claim is what is asked for before a message is handed over.
type Claim struct {
	ID      string // the intent's
	At      int64
	Day     zone.Day // of the project's zone, at At
	Ceiling int      // messages on Day, of all users
	Tags    []string // of the intent's rule: what caps count by
	Caps    []strategy.Cap
}

// Intents is the outbox's ledger.
type Intents interface {
	// List returns intents from the newest AsOf to the oldest, by ID within.
	List(ctx context.Context, q IntentQuery) ([]Intent, error)
	// Claim moves a pending intent to claimed, in one conditional step with the day's count: it returns claimed = false when
	// the intent is not pending or its user has no profile any more, an *outreach.Over when the user's log has no room for it under Caps, and
	// TooLarge when Ceiling messages were claimed on Day already (nothing changes then). The same step adds the message to the user's
	// log, and counts the version of the profile up when it is the first there. Profiles.Write
	// joins the log with those of the profiles it absorbs, and Profiles.Forget removes it.
	Claim(ctx context.Context, c Claim) (claimed bool, err error)
	// Log returns the messages that caps count of a user.
	Log(ctx context.Context, user string) (outreach.Log, error)
	// Release makes a claimed intent pending again, because the channel did not take it: nothing is tried before `until`, and the
	// day's count and the user's log are one less. Conflict unless it is claimed.
	Release(ctx context.Context, id string, day zone.Day, until int64, why string) error
	// Hold keeps a pending intent back until a moment; Conflict unless it is pending.
	Hold(ctx context.Context, id string, until int64, why string) error
	// Settle stores the fate of an intent; Conflict unless its stored status is `from`.
	Settle(ctx context.Context, in Intent, from IntentStatus) error
	// Claimed returns the number of messages claimed on a day.
	Claimed(ctx context.Context, day zone.Day) (int, error)
	// Counts returns the number of intents by status.
	Counts(ctx context.Context) (map[IntentStatus]int64, error)
}

// Message is what a channel sends.
type Message struct {
	ID          string // the intent's id: a channel that knows it already sends nothing
	User        string
	Rule        string
	Channel     string
	To          string `json:"-"` // the user's address, where the channel sends to one; it is never written down
	Locale      string // the translation that was taken; "" for the text that is for everybody
	Subject     string
	Body        string // plain text
	HTML        string // the same as HTML; "" for none
	Unsubscribe string // address of the page that ends such messages, and of the one-click call of RFC 8058; "" for none
	At          int64
}

// Channel sends messages. An error of Send leaves in doubt whether the message was sent, unless it is a Refusal.
type Channel interface {
	Send(ctx context.Context, m Message) error
	// Idempotent reports whether sending the same Message.ID again is harmless, so that a crash inside Send can be repeated.
	Idempotent() bool
}

// Refusal is the error of a channel that did not take a message: it was not sent and will not be.
type Refusal struct {
	Why   string // for people and records: it names no address
	Later bool   // another try may succeed: a limit was reached, or something has to be put right first
}

// Error says why.
func (r *Refusal) Error() string { return r.Why }

// Closed is a channel that takes nothing, and says why.
type Closed struct{ Why string }

// Send implements Channel.
func (c Closed) Send(context.Context, Message) error { return &Refusal{Why: c.Why} }

// Idempotent implements Channel.
func (c Closed) Idempotent() bool { return true }

// Link is one fact that two ids are the same person.
type Link struct {
	A, B    string // user keys, A < B
	Alias   bool   // an explicit alias: it alone may join two known ids
	Time    int64
	Source  string // file id, or "manual"
	Revoked int64  // when a person revoked it; 0: in force. A revoked link stays revoked, whatever events say later.
}

// Links keeps link facts and the canonical id of every id whose canonical id is another.
type Links interface {
	// Touching returns all facts, revoked ones too, that name any of the ids.
	Touching(ctx context.Context, ids []string) ([]Link, error)
	// Stored returns those of the facts, by (A, B, Alias), that are stored, as they are stored. It may be behind by a moment.
	Stored(ctx context.Context, facts []Link) ([]Link, error)
	// Resolve returns the canonical ids of those keys whose canonical id differs, as Profiles.Get does too.
	Resolve(ctx context.Context, keys []string) (map[string]string, error)
	// Apply stores facts (by (A, B, Alias): the earliest Time stays, of equal ones the smaller Source, and the first Revoked that is
	// given), and then pointers id → canonical id; a pointer to itself removes the pointer. A caller that died repeats it.
	Apply(ctx context.Context, facts []Link, pointers map[string]string) error
	// Forget removes every fact that names any of the ids, and the pointers of the ids.
	Forget(ctx context.Context, ids []string) error
	// Any reports whether there may be any pointer. It is false while there never was one.
	Any(ctx context.Context) (bool, error)
	// All returns every fact, by (A, B).
	All(ctx context.Context) ([]Link, error)
}

// Row is one accepted event as it is kept for ever.
type Row struct {
	Hash       uint64 // event.UserHash(Key); its top bits are the bucket
	Key        string // the raw key it arrived under: links can be revoked
	ID         event.ID
	Kind       event.Kind
	Name       string
	Time       int64
	Arrived    int64
	File       string
	MessageID  string
	Anonymous  string
	Previous   string
	Group      string
	Properties string // JSON objects, "" when absent
	Traits     string
	Context    string
	Contact    string // references to contact data (step 3); "" today
	Sealed     []byte // personal properties sealed under the user's key (step 3); empty today
}

// RowFilter selects canonical rows.
type RowFilter struct {
	Bucket  int      // -1 for all
	Keys    []string // nil for all users; else only these, found by row-group statistics
	From    int64    // 0 or unix milliseconds, inclusive
	To      int64    // 0 or unix milliseconds, exclusive
	NotFile string   // leave out the rows of this file
}

// Compacted is what Compact did.
type Compacted struct {
	Before int64 `json:"files_before"`
	After  int64 `json:"files_after"`
	Rows   int64 `json:"rows"` // that were written anew
}

// Canon keeps the accepted events: Parquet by hash bucket and month, sorted by (Hash, Key, Time, ID) within a file. The same
// event may stand in two files: readers remove duplicates by (Key, ID).
type Canon interface {
	// Buckets is the number of hash buckets, a power of two, the same for the life of a base.
	Buckets() int
	// Write keeps the rows of one chunk, all of one bucket and sorted by (Hash, Key, Time, ID); repeating it with the same rows
	// changes nothing.
	Write(ctx context.Context, file string, chunk, bucket int, rows []Row) error
	// Read yields rows bucket by bucket; within a bucket sorted by (Hash, Key, Time, ID) over all files.
	Read(ctx context.Context, f RowFilter) iter.Seq2[Row, error]
	// Erase removes every row of raw keys, and returns how many. A call that failed is repeated.
	Erase(ctx context.Context, keys []string) (rows int64, err error)
	// Compact merges the small files of a bucket, month by month, and leaves out rows that stand twice: the same rows in fewer files.
	// With all it writes every file anew. change sees the rows of each new file and may alter or leave out some; nil: none. Rows of
	// files whose folding never finished must not be there. A call that died is repeated.
	Compact(ctx context.Context, bucket int, all bool, change func([]Row) ([]Row, error)) (Compacted, error)
	// Drop removes every row of a file whose folding never finished.
	Drop(ctx context.Context, file string) error
}

// Reject is one quarantined line.
type Reject struct {
	File    string
	Line    int64
	Reason  string // a code of package event, such as "bad_json"
	Message string // what is wrong, for people
	Text    string // the line, cut to 64 KiB
	Header  string // of a CSV: its header line, so that the line can be read again
	At      int64
	Redrive string // id of the file that carried it again; "" while it waits
}

// Rejects keeps quarantined lines.
type Rejects interface {
	// Put stores rejects by (File, Line, Reason); one that exists stays as it is.
	Put(ctx context.Context, rs []Reject) error
	// List returns rejects by (newest file, line), after (afterFile, afterLine); file "" for all.
	List(ctx context.Context, file, afterFile string, afterLine int64, limit int) ([]Reject, error)
	// Redriven records that the waiting rejects of a file were carried by another file.
	Redriven(ctx context.Context, file, by string) error
	// Expire removes rejects from before a moment, waiting ones too, and returns how many.
	Expire(ctx context.Context, before int64) (int64, error)
	// Counts returns the number of waiting rejects by reason; file "" for all.
	Counts(ctx context.Context, file string) (map[string]int64, error)
}

// Doc is a small versioned document: strategies, cuts, switches.
type Doc struct {
	Key     string
	Version int64 // grows by one with each Put; 0: does not exist
	Value   []byte
	At      int64
}

// Docs keeps small versioned documents.
type Docs interface {
	// Get returns a document; Version 0 when there is none.
	Get(ctx context.Context, key string) (Doc, error)
	// Put stores a document if the stored version is d.Version, else Conflict.
	Put(ctx context.Context, d Doc) error
	// List returns the documents whose key begins with prefix, by key.
	List(ctx context.Context, prefix string) ([]Doc, error)
}

// Snapshots keeps generations of files, such as the shards of a snapshot. A document says which generation is the current one
// (see StoredSnapshot); the files of a generation that a document names never change, but that forgetting takes keys out of its people
// and of its lists of who is due.
type Snapshots interface {
	// Put stores a file of a generation whole or not at all, over what is there. Invalid unless both names consist of letters,
	// digits, '-', '_' and inner dots.
	Put(ctx context.Context, generation, name string, r io.Reader) error
	// Get returns the whole of a file; NotFound when there is none.
	Get(ctx context.Context, generation, name string) ([]byte, error)
	// Generations lists the generations that have files, by name.
	Generations(ctx context.Context) ([]string, error)
	// Remove removes the files of a generation; one that is not there is no error.
	Remove(ctx context.Context, generation string) error
}

// Scratch is room on local disk for one pass over a file.
type Scratch interface {
	// Open makes n empty partitions. Unavailable, with a hint, when the disk is full.
	Open(ctx context.Context, n int) (Spill, error)
}

// Spill is a set of append-only partitions of records, gone when it is closed.
type Spill interface {
	// Append adds a record to a partition. The record is copied.
	Append(part int, record []byte) error
	// Flush makes everything appended readable.
	Flush() error
	// Read yields the records of a partition in the order they were appended; a record is valid until the next one.
	Read(part int) iter.Seq2[[]byte, error]
	// Bytes is the size of a partition.
	Bytes(part int) int64
	Close() error
}
