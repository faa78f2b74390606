package wire

import (
	"errors"
	"slices"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// The kinds of queries, and of the frames that answer them. A query that has
// no answer is answered with a frame of KindRefused.
const (
	QueryTotals    = 1 // no argument; see frameTotals
	QueryFile      = 2 // file; see frameFile
	QueryCells     = 3 // file, x: at most so many cells; see frameCells
	QueryLife      = 4 // y: wall clock; answered with x: milliseconds left, y: in all
	QueryObjectURL = 5 // field key; answered with field url
	QueryPresign   = 6 // field key, x: seconds, y: wall clock; see framePresign
	QueryRecord    = 9 // body: a record of the journal; see frameRecord

	// For a driver that words its forms itself, and for somebody else who signs.
	QueryPolicyFields = 10 // y: wall clock; answered with the form fields of who signs
	QuerySignPolicy   = 11 // y: wall clock, body: a policy in base64; answered with field signature
	QueryUnsigned     = 12 // request; answered with what is to be signed, as the body
	QuerySignAgain    = 14 // request, y: wall clock, perhaps field payloadHash; answered with its headers

	// With the option remoteSign: see framePresign.
	QueryFinishPresign = 13 // field url, body: the MAC; answered with field url
)

// MaxPageBytes bounds the shared page.
const MaxPageBytes = 8 << 20

// What is wrong with a query.
var (
	ErrQuery = errors.New("no such query")
	ErrOpen  = errors.New("no session is open")
)

// Answer appends the frame that answers the query q. e is nil before a session
// is open; records need none. cells is a reused buffer.
func Answer(dst []byte, e *engine.Engine, q *Frame, cells *[]engine.Cell) []byte {
	var f Frame
	var err error
	switch q.Kind {
	case QueryRecord:
		f, err = record(q)
	default:
		if e == nil {
			return AppendRefusal(dst, 0, ErrOpen)
		}
		f, err = session(e, q, cells)
	}
	if err != nil {
		return AppendRefusal(dst, 0, err)
	}
	f.Kind = q.Kind
	return f.Append(dst)
}

// session answers what only an open session knows.
func session(e *engine.Engine, q *Frame, cells *[]engine.Cell) (Frame, error) {
	switch q.Kind {
	case QueryTotals:
		totals := e.Totals()
		return frameTotals(&totals), nil
	case QueryFile:
		info, ok := e.File(engine.FileID(q.File))
		if !ok {
			return Frame{}, engine.ErrNoFile
		}
		return frameFile(&info), nil
	case QueryCells:
		*cells = e.Cells((*cells)[:0], engine.FileID(q.File), count(q.X))
		return frameCells(*cells), nil
	case QueryLife:
		left, total := e.Life(engine.Now{Wall: sign.UnixMilli(q.Y)})
		return Frame{X: left, Y: total}, nil
	case QueryObjectURL:
		key, err := one(q, "key")
		f := Frame{}
		f.add("url", e.ObjectURL(key))
		return f, err
	case QueryPresign:
		return framePresign(e, q)
	case QueryFinishPresign:
		url, err := one(q, "url")
		if err != nil {
			return Frame{}, err
		}
		url, err = e.FinishPresign(url, q.Body)
		f := Frame{}
		f.add("url", url)
		return f, err
	case QueryPolicyFields:
		fields, err := e.PolicyFields(engine.Now{Wall: sign.UnixMilli(q.Y)})
		return Frame{Fields: fields}, err
	case QuerySignPolicy:
		signature, err := e.SignPolicy(engine.Now{Wall: sign.UnixMilli(q.Y)}, q.Body)
		f := Frame{}
		f.add("signature", signature)
		return f, err
	case QuerySignAgain:
		hash := ""
		if len(q.Fields) > 0 {
			var err error
			if hash, err = one(q, "payloadHash"); err != nil {
				return Frame{}, err
			}
		}
		header, err := e.SignAgain(engine.Now{Wall: sign.UnixMilli(q.Y)}, engine.ReqID(q.Req), hash)
		return Frame{Fields: header}, err
	case QueryUnsigned:
		text, err := e.Unsigned(engine.ReqID(q.Req))
		return Frame{Body: []byte(text)}, err
	}
	return Frame{}, ErrQuery
}

// framePresign frames a presigned URL: field url. Where the secret is not here
// it lacks its signature: the body is what is to be signed, field scope as in
// ActSign, and QueryFinishPresign makes the URL whole.
func framePresign(e *engine.Engine, q *Frame) (Frame, error) {
	key, err := one(q, "key")
	if err != nil {
		return Frame{}, err
	}
	now := engine.Now{Wall: sign.UnixMilli(q.Y)}
	f := Frame{}
	url, err := e.Presign(now, key, count(q.X))
	if errors.Is(err, engine.ErrRemote) {
		var draft engine.Draft
		url, draft, err = e.DraftPresign(now, key, count(q.X))
		f.Body = draft.Text
		f.add("scope", draft.Scope)
	}
	f.add("url", url)
	return f, err
}

// count is x as an int, which has 32 bits in the module: what is more stays too
// much, and does not wrap round to what is not.
func count(x int64) int { return int(min(max(x, -1), 1<<31-1)) }

// one returns the value of the only field of q.
func one(q *Frame, name string) (string, error) {
	if len(q.Fields) != 1 || q.Fields[0].Name != name {
		return "", ErrFrame
	}
	return q.Fields[0].Value, nil
}

// frameTotals frames a session's counters: a: cred.Reason while held, x: bytes
// of all files, y: requests under way, b: how many may be, file: 1 while the
// network is gone; body: sent, acknowledged, stored and resent bytes, then the
// number of files in each State, int64 each.
func frameTotals(t *engine.Totals) Frame {
	f := Frame{B: uint16(t.Window), X: t.Size, Y: int64(t.InFlight)}
	if t.Offline {
		f.File = 1
	}
	if t.Held {
		f.A = uint8(t.Hold)
	}
	f.Body = append64(f.Body, t.Sent)
	f.Body = append64(f.Body, t.Acknowledged)
	f.Body = append64(f.Body, t.Stored)
	f.Body = append64(f.Body, t.Resent)
	for _, n := range t.Files {
		f.Body = append64(f.Body, int64(n))
	}
	return f
}

// frameFile frames a file's counters: a: State, b: parts, x: size, y: sent;
// body: acknowledged bytes, stored parts, parts in flight, int64 each.
func frameFile(i *engine.FileInfo) Frame {
	f := Frame{A: uint8(i.State), B: i.Parts, X: i.Size, Y: i.Sent}
	f.Body = append64(f.Body, i.Acknowledged)
	f.Body = append64(f.Body, int64(i.PartsStored))
	f.Body = append64(f.Body, int64(i.PartsInFlight))
	return f
}

// frameCells frames a part map; body: two bytes a cell, its CellState and how
// many percent of it are filled.
func frameCells(cells []engine.Cell) Frame {
	f := Frame{Body: make([]byte, 0, 2*len(cells))}
	for _, c := range cells {
		f.Body = append(f.Body, byte(c.State), c.Filled)
	}
	return f
}

// record reads a record of the journal.
func record(q *Frame) (Frame, error) {
	var r journal.Record
	_, err := journal.Parse(q.Body, &r)
	switch {
	case errors.Is(err, journal.ErrVersion):
		return Frame{}, &Error{Code: "RecordVersion", Option: "record"}
	case err != nil:
		return Frame{}, &Error{Code: engine.WarnRecord, Option: "record"}
	}
	return frameRecord(&r), nil
}

// frameRecord frames what people want to know of a record: a: 1 when its parts
// have a checksum, b: parts acknowledged, x: bytes of the source, y: when it
// began, in milliseconds since 1970; fields key, bucket, region, endpoint,
// source, print and uploadId; body: bytes acknowledged, bytes of a part and
// when the source was modified, int64 each.
func frameRecord(r *journal.Record) Frame {
	f := Frame{X: r.Source.Size, Y: r.Begun}
	if r.Algorithm != s3.NoChecksum {
		f.A = 1
	}
	numbers := make([]uint16, len(r.Parts))
	for i := range r.Parts {
		numbers[i] = r.Parts[i].Number
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	acknowledged := int64(0)
	for _, n := range numbers {
		// All parts have PartSize bytes but the one at the end.
		acknowledged += max(0, min(r.PartSize, r.Source.Size-int64(n-1)*r.PartSize))
	}
	f.B = uint16(len(numbers))
	f.add("key", r.Object.Key)
	f.add("bucket", r.Target.Bucket)
	f.add("region", r.Target.Region)
	f.add("endpoint", r.Target.Endpoint)
	f.add("source", r.Source.Name)
	f.add("print", r.Source.Print)
	f.add("uploadId", r.UploadID)
	f.Body = append64(f.Body, acknowledged)
	f.Body = append64(f.Body, r.PartSize)
	f.Body = append64(f.Body, r.Source.Modified)
	return f
}
