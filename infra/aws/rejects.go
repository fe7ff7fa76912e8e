package aws

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
)

// rejects implements app.Rejects. A reject is pk "r#" and its file, sk its line and reason. The index lists those that wait by
// reason; "rf" lists the files that have any from the newest, and "reasons" the reasons that ever came.
type rejects struct {
	table *table
	days  int // after so many a reject expires by the table's TTL; 0: never
}

// attrExpires is the table's attribute of TTL, in seconds.
const attrExpires = "expires"

func (p *rejects) expiring(it item, at int64) item {
	if p.days > 0 {
		it[attrExpires] = num(at/1000 + int64(p.days)*24*3600)
	}
	return it
}

func (p *rejects) key(file string, line int64, reason string) key {
	return p.table.key("r#"+file, fmt.Sprintf("%012d#%s", line, reason))
}

func (p *rejects) waiting(reason string) string { return p.table.key("r#waiting#"+reason, "").pk }

// Put implements app.Rejects.
func (p *rejects) Put(ctx context.Context, rs []app.Reject) error {
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	files, reasons := map[string]bool{}, map[string]bool{}
	var at int64 // of the newest
	for i := range rs {
		files[rs[i].File], reasons[rs[i].Reason] = true, true
		at = max(at, rs[i].At)
	}
	for file := range files {
		arrived, err := p.arrived(ctx, file)
		if err != nil {
			return err
		}
		if err := p.table.put(ctx, p.expiring(p.table.key("rf", inverse(arrived)+"#"+file).item(), at), nil); err != nil {
			return p.table.fault(err, "keep rejects")
		}
	}
	for reason := range reasons {
		if err := p.table.put(ctx, p.table.key("reasons", reason).item(), nil); err != nil {
			return p.table.fault(err, "keep rejects")
		}
	}
	err := atOnce(ctx, len(rs), writeWidth, func(i int) error {
		r := &rs[i]
		it := p.expiring(p.key(r.File, r.Line, r.Reason).with(item{"at": num(r.At)}), r.At)
		it.set("message", str(r.Message))
		it.set("text", blob([]byte(r.Text)))
		it.set("header", blob([]byte(r.Header)))
		if r.Redrive == "" {
			it["lpk"], it["lsk"] = str(p.waiting(r.Reason)), str(fmt.Sprintf("%s#%012d", r.File, r.Line))
		} else {
			it["redrive"] = str(r.Redrive)
		}
		if err := p.table.put(ctx, it, absent); err != nil && !isCondition(err) {
			return err
		}
		return nil
	})
	return p.table.fault(err, "keep rejects")
}

// arrived is when a file arrived, 0 for one that the ledger does not know.
func (p *rejects) arrived(ctx context.Context, file string) (int64, error) {
	it, err := p.table.get(ctx, fileKey(p.table, file))
	return it.number("arrived"), p.table.fault(err, "read the record of a file")
}

func (p *rejects) decode(file string, it item) app.Reject {
	line, reason, _ := strings.Cut(it.text("sk"), "#")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		n = 0
	}
	return app.Reject{
		File: file, Line: n, Reason: reason, Message: it.text("message"), Text: string(it.bytes("text")), Header: string(it.bytes("header")),
		At: it.number("at"), Redrive: it.text("redrive"),
	}
}

// List implements app.Rejects. A page does not end between two rejects of one line.
func (p *rejects) List(ctx context.Context, file, afterFile string, afterLine int64, limit int) (all []app.Reject, err error) {
	files := []string{file}
	if file == "" {
		if files, err = p.files(ctx, afterFile); err != nil {
			return nil, p.table.fault(err, "list rejects")
		}
	}
	for _, f := range files {
		q := query{pk: p.table.key("r#"+f, "").pk, limit: int32(limit + 1 - len(all)), consistent: true}
		if f == afterFile {
			q.from = fmt.Sprintf("%012d", afterLine+1)
		}
		err := p.table.each(ctx, q, func(it item) (bool, error) {
			all = append(all, p.decode(f, it))
			return len(all) <= limit, nil
		})
		if err != nil {
			return nil, p.table.fault(err, "list rejects")
		}
		if len(all) > limit {
			break
		}
	}
	return wholeLines(all, limit), nil
}

// wholeLines cuts a list to its first limit rejects, and further to where a line ends.
func wholeLines(all []app.Reject, limit int) []app.Reject {
	if len(all) <= limit {
		return all
	}
	end := limit
	for end > 0 && all[end-1].File == all[end].File && all[end-1].Line == all[end].Line {
		end--
	}
	if end == 0 { // one line fills the page
		end = limit
	}
	return all[:end]
}

// files lists the files that have rejects from the newest, from one on.
func (p *rejects) files(ctx context.Context, from string) (files []string, err error) {
	q := query{pk: p.table.key("rf", "").pk, consistent: true}
	if from != "" {
		arrived, err := p.arrived(ctx, from)
		if err != nil {
			return nil, err
		}
		q.from = inverse(arrived) + "#" + from
	}
	err = p.table.each(ctx, q, func(it item) (bool, error) {
		_, file, _ := strings.Cut(it.text("sk"), "#")
		files = append(files, file)
		return true, nil
	})
	return files, err
}

// Redriven implements app.Rejects.
func (p *rejects) Redriven(ctx context.Context, file, by string) error {
	var waiting []key
	err := p.table.each(ctx, query{pk: p.table.key("r#"+file, "").pk, consistent: true}, func(it item) (bool, error) {
		if it.text("redrive") == "" {
			waiting = append(waiting, it.key())
		}
		return true, nil
	})
	if err == nil {
		err = atOnce(ctx, len(waiting), writeWidth, func(i int) error {
			_, err := p.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &p.table.name, Key: waiting[i].item(), UpdateExpression: ref("SET redrive = :by REMOVE lpk, lsk"),
				ConditionExpression: ref("attribute_not_exists(redrive)"), ExpressionAttributeValues: item{":by": str(by)},
			})
			if isCondition(err) {
				return nil
			}
			return err
		})
	}
	return p.table.fault(err, "record that rejects were carried again")
}

// Counts implements app.Rejects.
func (p *rejects) Counts(ctx context.Context, file string) (map[string]int64, error) {
	counts := map[string]int64{}
	var reasons []string
	err := p.table.each(ctx, query{pk: p.table.key("reasons", "").pk, consistent: true}, func(it item) (bool, error) {
		reasons = append(reasons, it.text("sk"))
		return true, nil
	})
	for _, reason := range reasons {
		if err != nil {
			break
		}
		q := query{index: listIndex, pk: p.waiting(reason)}
		if file != "" {
			q.prefix = file + "#"
		}
		var n int64
		if n, err = p.table.count(ctx, q); n > 0 {
			counts[reason] = n
		}
	}
	return counts, p.table.fault(err, "count rejects")
}

// Expire implements app.Rejects. The table does it by itself, too, within a few days after their time.
func (p *rejects) Expire(ctx context.Context, before int64) (n int64, err error) {
	files, err := p.files(ctx, "")
	if err != nil {
		return 0, p.table.fault(err, "list rejects")
	}
	for _, file := range files {
		var old []key
		err := p.table.each(ctx, query{pk: p.table.key("r#"+file, "").pk, consistent: true}, func(it item) (bool, error) {
			if it.number("at") < before {
				old = append(old, it.key())
			}
			return true, nil
		})
		if err == nil {
			err = p.table.drop(ctx, old)
		}
		if err != nil {
			return n, p.table.fault(err, "remove rejects")
		}
		n += int64(len(old))
	}
	return n, nil
}
