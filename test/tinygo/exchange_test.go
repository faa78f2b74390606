package tinygo

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/wire"
	"github.com/bucketline/bucketline/wire/exchanges"
)

// exchangePair is one exchange in the module and the same in this process.
type exchangePair struct {
	t       *testing.T
	host    *host
	session exchanges.Session
}

func newExchangePair(t *testing.T, h *host) *exchangePair {
	t.Helper()
	if _, err := h.call('n', nil); err != nil {
		t.Fatal(err)
	}
	return &exchangePair{t: t, host: h}
}

// ask gives src to both and returns the kind of what both answer.
func (p *exchangePair) ask(src []byte) uint8 {
	p.t.Helper()
	want := p.session.Ask(nil, src)
	got, err := p.host.call('a', src)
	if err != nil || !bytes.Equal(got, want) {
		p.t.Fatalf("%s\nthe module answers %s, %v\nGo answers %s", show(src), show(got), err, show(want))
	}
	return frames(want)[0].Kind
}

// begins are the options with which each exchange begins well.
var begins = map[uint8][]s3.Field{
	exchanges.WebIdentity: fields("endpoint", "https://sts.eu-west-1.amazonaws.com", "roleArn", "arn:aws:iam::111122223333:role/uploads",
		"roleSessionName", "alice", "durationSeconds", "3600", "policy", `{"Version":"2012-10-17"}`),
	exchanges.Cognito: fields("identityPoolId", "eu-west-1:1a2b3c4d-1111-2222-3333-123456789abc", "provider", "accounts.google.com",
		"roleArn", "arn:aws:iam::111122223333:role/uploads"),
	exchanges.Container: fields("url", "https://issuer.example.com/credentials?x=1", "authorized", "true"),
	exchanges.Express:   fields("bucket", "a--euw1-az1--x-s3", "region", "eu-west-1"),
	exchanges.Grants: fields("accountId", "111122223333", "region", "eu-west-1", "target", "s3://b/p/*", "permission", "READWRITE",
		"durationSeconds", "900"),
}

// answers are bodies that services answer with, and some that they do not.
func answers(t *testing.T) [][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "cred", "sts", "testdata", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no answers: %v", err)
	}
	const keys = "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>" +
		"<Expiration>2026-11-23T09:00:00Z</Expiration></Credentials>"
	all := [][]byte{
		nil, []byte("<html>"), []byte(`{"IdentityId":"eu-west-1:1","Token":"a.b.c"}`), []byte(`{"__type":"x#NotAuthorizedException","message":"é eyJhbGci"}`),
		[]byte(`{"Credentials":{"AccessKeyId":"A","SecretKey":"s","SessionToken":"t","Expiration":1.795424400123E9}}`),
		[]byte(`{"AccessKeyId":"A","SecretAccessKey":"\u00e9","Token":"t","Expiration":"2026-11-23T09:00:00Z"}`), []byte(`{"code":"x"}`),
		[]byte("<CreateSessionResult>" + keys + "</CreateSessionResult>"), []byte("<GetDataAccessResult>" + keys + "</GetDataAccessResult>"),
		[]byte("<Error><Code>ExpiredToken</Code></Error>"),
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, body, body[:len(body)/2])
	}
	return all
}

// fitting are those of answers that an exchange gets on with.
func fitting(which uint8, all [][]byte) (fit [][]byte) {
	marks := map[uint8][]string{
		exchanges.WebIdentity: {"AssumeRoleWithWebIdentityResponse>"}, exchanges.Cognito: {"IdentityId", "IdentityId", "IdentityId", "AssumeRoleWithWebIdentityResponse>"},
		exchanges.Container: {`{"AccessKeyId"`}, exchanges.Express: {"CreateSessionResult"}, exchanges.Grants: {"GetDataAccessResult"},
	}
	for _, body := range all {
		for _, mark := range marks[which] {
			if bytes.Contains(body, []byte(mark)) {
				fit = append(fit, body)
			}
		}
	}
	return fit
}

// Every exchange, answered by anything, in an order that a seed decides.
func TestExchange_random(t *testing.T) {
	h := startHostOf(t, "exchange.wasm")
	bodies := answers(t)
	ends := map[string]bool{}
	for seed := range uint64(1600) {
		random := rand.New(rand.NewPCG(seed, 3))
		p := newExchangePair(t, h)
		which := uint8(1 + seed%5)
		q := wire.Frame{Kind: exchanges.QueryBegin, A: which, Fields: begins[which]}
		if random.IntN(8) == 0 {
			q.Fields = q.Fields[1:]
		}
		for range 12 {
			q.Y = startWall
			kind := p.ask(q.Append(nil))
			ends[fmt.Sprint(which, kind)] = true
			switch kind {
			case exchanges.StepToken:
				q = wire.Frame{Kind: exchanges.QueryToken, Fields: fields("token", fmt.Sprintf("a.b.%d", random.IntN(3)))}
			case exchanges.StepSource:
				q = wire.Frame{Kind: exchanges.QuerySource, Fields: fields("accessKey", fmt.Sprint("K", random.IntN(3)), "secretKey", "z", "sessionToken", "y")}
			default:
				status := []uint16{200, 200, 200, 200, 200, 400, 403, 503}[random.IntN(8)]
				from := bodies
				if random.IntN(3) > 0 {
					from = fitting(which, bodies)
				}
				q = wire.Frame{Kind: exchanges.QueryAnswer, B: status, Body: from[random.IntN(len(from))]}
			}
		}
	}
	for which := range begins {
		for _, kind := range []uint8{exchanges.StepSend, exchanges.StepDone, wire.KindRefused} {
			if !ends[fmt.Sprint(which, kind)] {
				t.Errorf("exchange %d never came to step %d", which, kind)
			}
		}
	}
}

// Each option taken away, and frames that are none.
func TestExchange_options(t *testing.T) {
	h := startHostOf(t, "exchange.wasm")
	for which, options := range begins {
		q := wire.Frame{Kind: exchanges.QueryBegin, A: which, Fields: options}
		whole := q.Append(nil)
		p := newExchangePair(t, h)
		for _, src := range [][]byte{whole, whole[:len(whole)-8], whole[:len(whole)/2], append(whole[:len(whole):len(whole)], 1)} {
			p.ask(src)
		}
		for i := range options {
			q.Fields = append(append([]s3.Field{}, options[:i]...), options[i+1:]...)
			p.ask(q.Append(nil))
			token := wire.Frame{Kind: exchanges.QueryToken, Fields: fields("token", "a.b.c")}
			p.ask(token.Append(nil))
		}
	}
	p := newExchangePair(t, h)
	for _, prefix := range []string{"", "u/42/", "a*?$é😀", "\xff"} {
		p.ask((&wire.Frame{Kind: exchanges.QueryPolicy, Fields: fields("bucket", "photos", "prefix", prefix)}).Append(nil))
	}
}
