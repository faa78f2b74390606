// Package exchanges frames exchanges for credentials for the WebAssembly
// boundary, as package wire does the engine's events: what cmd/exchange is, in a
// form that can be tested. A Session takes one exchange.Machine through its
// steps: a query goes in, and what is wanted next comes out. web/core/exchange.ts
// is its twin; testdata/names.json holds the numbers that both use.
//
// It is a module of its own, beside the engine's, because few pages need an
// exchange before their first upload, and many never.
package exchanges

import (
	"errors"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/cred/cognito"
	"github.com/bucketline/bucketline/cred/container"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/cred/express"
	"github.com/bucketline/bucketline/cred/grants"
	"github.com/bucketline/bucketline/cred/policy"
	"github.com/bucketline/bucketline/cred/sts"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/wire"
)

// The kinds of queries. Y is the wall clock in each, in milliseconds since 1970.
const (
	QueryBegin  = 1 // a: which exchange; fields: its options
	QueryToken  = 2 // field token: answers StepToken
	QuerySource = 3 // fields accessKey, secretKey, sessionToken: answers StepSource
	QueryAnswer = 4 // b: HTTP status, body: answers StepSend
	QueryPolicy = 5 // fields bucket, prefix, actions, partition; answered with field policy
)

// The kinds of answers, which are the steps of exchange.Machine, and the one to
// QueryPolicy. A query that cannot be taken, and an exchange that has failed, is
// answered with a frame of wire.KindRefused.
const (
	StepToken  = 1 // a: 1 when the last token was refused
	StepSource = 2 // a: 1 when the last credentials were refused
	StepSend   = 3 // fields method, url, and headers by their names; body
	StepDone   = 4 // x: when they end; fields accessKey, secretKey, sessionToken
	StepPolicy = 5
)

// The exchanges.
const (
	WebIdentity = iota + 1
	Cognito
	Container
	Express
	Grants
)

// ErrQuery says that a query is none, or not for the step that the exchange is
// at.
var ErrQuery = errors.New("no such query")

// Session is one exchange. Its zero value is ready; a QueryBegin begins anew.
type Session struct {
	machine *exchange.Machine
	frame   wire.Frame
}

// Ask takes the query in src and appends the frame that answers it.
func (s *Session) Ask(dst, src []byte) []byte {
	if _, err := s.frame.Read(src); err != nil {
		return refuse(dst, err)
	}
	f, err := s.answer(&s.frame)
	if err != nil {
		return refuse(dst, err)
	}
	return f.Append(dst)
}

func (s *Session) answer(q *wire.Frame) (wire.Frame, error) {
	switch q.Kind {
	case QueryBegin:
		service, err := begin(q)
		if err != nil {
			return wire.Frame{}, err
		}
		s.machine = exchange.New(service)
	case QueryPolicy:
		return sessionPolicy(q)
	default:
		if err := s.goOn(q); err != nil {
			return wire.Frame{}, err
		}
	}
	return s.step(q)
}

// goOn gives the machine what it has asked for.
func (s *Session) goOn(q *wire.Frame) error {
	if s.machine == nil {
		return ErrQuery
	}
	switch step := s.machine.Step(); {
	case q.Kind == QueryToken && step == exchange.StepToken:
		var token string
		if err := options(q, option{"token", &token}); err != nil {
			return err
		}
		s.machine.Token(token)
	case q.Kind == QuerySource && step == exchange.StepSource:
		var c sign.Credentials
		err := options(q, option{"accessKey", &c.AccessKeyID}, option{"secretKey", &c.SecretAccessKey}, option{"sessionToken", &c.SessionToken})
		if err != nil {
			return err
		}
		s.machine.Source(c)
	case q.Kind == QueryAnswer && step == exchange.StepSend:
		s.machine.Answer(int(q.B), q.Body)
	default:
		return ErrQuery
	}
	return nil
}

// step frames what the machine wants now.
func (s *Session) step(q *wire.Frame) (wire.Frame, error) {
	m := s.machine
	f := wire.Frame{}
	if m.Again() {
		f.A = 1
	}
	switch m.Step() {
	case exchange.StepToken:
		f.Kind = StepToken
		return f, nil
	case exchange.StepSource:
		f.Kind = StepSource
		return f, nil
	case exchange.StepSend:
		r, err := m.Request(sign.UnixMilli(q.Y))
		if err != nil {
			return f, err
		}
		return send(&r), nil
	case exchange.StepDone:
		c := m.Credentials()
		return wire.Frame{Kind: StepDone, X: int64(c.Expiration), Fields: []s3.Field{
			{Name: "accessKey", Value: c.AccessKeyID}, {Name: "secretKey", Value: c.SecretAccessKey}, {Name: "sessionToken", Value: c.SessionToken},
		}}, nil
	}
	return f, m.Err()
}

func send(r *exchange.Request) wire.Frame {
	f := wire.Frame{Kind: StepSend, Body: r.Body, Fields: []s3.Field{{Name: "method", Value: r.Method}, {Name: "url", Value: r.URL}}}
	if r.ContentType != "" {
		f.Fields = append(f.Fields, s3.Field{Name: "content-type", Value: r.ContentType})
	}
	f.Fields = append(f.Fields, r.Header...)
	return f
}

// begin makes a service of its options.
func begin(q *wire.Frame) (exchange.Service, error) {
	switch q.A {
	case WebIdentity:
		w := new(sts.WebIdentity)
		return w, options(q,
			option{"endpoint", &w.Endpoint}, option{"roleArn", &w.RoleARN}, option{"roleSessionName", &w.RoleSessionName},
			option{"policy", &w.Policy}, option{"durationSeconds", &w.DurationSeconds})
	case Cognito:
		p := new(cognito.Pool)
		return p, options(q,
			option{"identityPoolId", &p.IdentityPoolID}, option{"endpoint", &p.Endpoint}, option{"provider", &p.Provider},
			option{"accountId", &p.AccountID}, option{"customRoleArn", &p.CustomRoleARN}, option{"roleArn", &p.RoleARN},
			option{"roleSessionName", &p.RoleSessionName}, option{"policy", &p.Policy}, option{"stsEndpoint", &p.STSEndpoint},
			option{"durationSeconds", &p.DurationSeconds})
	case Container:
		e := new(container.Endpoint)
		return e, options(q, option{"url", &e.URL}, option{"authorized", &e.Authorized})
	case Express:
		s := new(express.Session)
		return s, options(q,
			option{"bucket", &s.Bucket}, option{"region", &s.Region}, option{"endpoint", &s.Endpoint}, option{"readOnly", &s.ReadOnly})
	case Grants:
		a := new(grants.Access)
		return a, options(q,
			option{"accountId", &a.AccountID}, option{"region", &a.Region}, option{"endpoint", &a.Endpoint}, option{"target", &a.Target},
			option{"permission", &a.Permission}, option{"durationSeconds", &a.DurationSeconds}, option{"defaultPrivilege", &a.DefaultPrivilege})
	}
	return nil, ErrQuery
}

func sessionPolicy(q *wire.Frame) (wire.Frame, error) {
	var s policy.Scope
	var actions string
	err := options(q, option{"bucket", &s.Bucket}, option{"prefix", &s.Prefix}, option{"actions", &actions}, option{"partition", &s.Partition})
	if err != nil {
		return wire.Frame{}, err
	}
	if actions != "" {
		s.Actions = strings.Split(actions, ",")
	}
	text, err := s.JSON()
	return wire.Frame{Kind: StepPolicy, Fields: []s3.Field{{Name: "policy", Value: text}}}, err
}

// option is a field of a query and where its value goes: a *string, *int or
// *bool.
type option struct {
	name string
	into any
}

// options reads all fields of a query: none is unknown, and none is there twice.
func options(q *wire.Frame, known ...option) error {
	for i, field := range q.Fields {
		for _, other := range q.Fields[:i] {
			if other.Name == field.Name {
				return &wire.Error{Code: "OptionInvalid", Option: field.Name}
			}
		}
		if err := set(field, known); err != nil {
			return err
		}
	}
	return nil
}

func set(field s3.Field, known []option) error {
	for _, o := range known {
		if o.name != field.Name {
			continue
		}
		ok := true
		switch into := o.into.(type) {
		case *string:
			*into = field.Value
		case *bool:
			*into, ok = field.Value == "true", field.Value == "true" || field.Value == "false"
		case *int:
			n, err := strconv.ParseInt(field.Value, 10, 32)
			*into, ok = int(n), err == nil
		}
		if !ok {
			return &wire.Error{Code: "OptionInvalid", Option: field.Name}
		}
		return nil
	}
	return &wire.Error{Code: "OptionUnknown", Option: field.Name}
}

// refuse frames an error. It asserts types and does not look for them with
// errors.As, which makes the module larger: no package below wraps its errors.
func refuse(dst []byte, err error) []byte {
	f := wire.Frame{Kind: wire.KindRefused}
	add := func(name, value string) {
		if value != "" {
			f.Fields = append(f.Fields, s3.Field{Name: name, Value: value})
		}
	}
	switch err := err.(type) {
	case *exchange.Error:
		f.X = int64(err.Status)
		add("code", err.Code)
		add("requestId", err.RequestID)
		add("operation", err.Op)
		add("text", err.Message)
		return f.Append(dst)
	case *wire.Error:
		add("code", err.Code)
		add("option", err.Option)
	case interface{ Code() string }:
		add("code", err.Code())
	default:
		add("code", "OptionInvalid")
	}
	add("text", err.Error())
	return f.Append(dst)
}
