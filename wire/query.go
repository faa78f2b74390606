package wire

import (
	"errors"

	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/sign"
)

// The kinds of queries, and of the frames that answer them. A query that has
// no answer is answered with a frame of KindRefused.
const (
	QueryTotals      = 1 // no argument; see frameTotals
	QueryFile        = 2 // file; see frameFile
	QueryCells       = 3 // file, x: at most so many cells; see frameCells
	QueryLife        = 4 // y: wall clock; answered with x: milliseconds left, y: in all
	QueryObjectURL   = 5 // field key; answered with field url
	QueryPresign     = 6 // field key, x: seconds, y: wall clock; answered with field url
	QueryWebIdentity = 7 // fields endpoint, roleArn, …; answered with the request
	QueryCredentials = 8 // b: status, body: STS's answer; answered with credentials
)

// MaxPageBytes bounds the shared page.
const MaxPageBytes = 8 << 20

// What is wrong with a query.
var (
	ErrQuery = errors.New("no such query")
	ErrOpen  = errors.New("no session is open")
)

// Answer appends the frame that answers the query q. e is nil before a session
// is open; the exchanges with STS need none. cells is a reused buffer.
func Answer(dst []byte, e *engine.Engine, q *Frame, cells *[]engine.Cell) []byte {
	var f Frame
	var err error
	switch q.Kind {
	case QueryWebIdentity:
		f, err = webIdentity(q)
	case QueryCredentials:
		f, err = credentials(q)
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
		*cells = e.Cells((*cells)[:0], engine.FileID(q.File), int(q.X))
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
		key, err := one(q, "key")
		if err != nil {
			return Frame{}, err
		}
		url, err := e.Presign(engine.Now{Wall: sign.UnixMilli(q.Y)}, key, int(q.X))
		f := Frame{}
		f.add("url", url)
		return f, err
	}
	return Frame{}, ErrQuery
}

// one returns the value of the only field of q.
func one(q *Frame, name string) (string, error) {
	if len(q.Fields) != 1 || q.Fields[0].Name != name {
		return "", ErrFrame
	}
	return q.Fields[0].Value, nil
}

func webIdentity(q *Frame) (Frame, error) {
	var w sts.WebIdentity
	for _, field := range q.Fields {
		ok := true
		switch field.Name {
		case "endpoint":
			w.Endpoint = field.Value
		case "roleArn":
			w.RoleARN = field.Value
		case "roleSessionName":
			w.RoleSessionName = field.Value
		case "token":
			w.Token = field.Value
		case "policy":
			w.Policy = field.Value
		case "durationSeconds":
			w.DurationSeconds, ok = readInt(field.Value)
		default:
			return Frame{}, &Error{Code: "OptionUnknown", Option: field.Name}
		}
		if !ok {
			return Frame{}, invalid(field.Name)
		}
	}
	r, err := w.Request()
	if err != nil {
		return Frame{}, err
	}
	f := Frame{Body: r.Body}
	f.add("method", r.Method)
	f.add("url", r.URL)
	f.add("content-type", r.ContentType)
	return f, nil
}

// frameTotals frames a session's counters: a: cred.Reason while held, x: bytes
// of all files, y: requests under way; body: sent, acknowledged and stored
// bytes, then the number of files in each State, int64 each.
func frameTotals(t *engine.Totals) Frame {
	f := Frame{X: t.Size, Y: int64(t.InFlight)}
	if t.Held {
		f.A = uint8(t.Hold)
	}
	f.Body = append64(f.Body, t.Sent)
	f.Body = append64(f.Body, t.Acknowledged)
	f.Body = append64(f.Body, t.Stored)
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

// credentials reads STS's answer: fields accessKey, secretKey, sessionToken,
// x: their end in milliseconds since 1970.
func credentials(q *Frame) (Frame, error) {
	answer, err := sts.Parse(int(q.B), q.Body)
	if err != nil {
		return Frame{}, err
	}
	c := &answer.Credentials
	f := Frame{X: int64(c.Expiration)}
	f.add("accessKey", c.AccessKeyID)
	f.add("secretKey", c.SecretAccessKey)
	f.add("sessionToken", c.SessionToken)
	return f, nil
}
