// Package transporttest holds every transport of the driver to the same
// behaviour. What is in the way of a request (a store that refuses early, one
// that is silent, one that closes what was to be kept, a certificate that nobody
// vouches for) must be the same to the engine, whoever carries it.
package transporttest

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Transport is what is tested.
type Transport interface {
	driver.Transport

	// Close closes the idle connections.
	Close()
}

// Open makes a transport that trusts roots; nil: what the system trusts.
type Open func(roots *x509.CertPool) Transport

// suite is the tests of one transport.
type suite struct{ open Open }

// Main starts the proxy that the environment is made to name and runs m, for the
// TestMain of a package that calls Run: a process reads its environment once. It
// returns the status to exit with.
func Main(m *testing.M) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	os.Setenv("HTTP_PROXY", "http://"+l.Addr().String())
	os.Unsetenv("NO_PROXY")
	go newWire(proxyAnswer).serve(l)
	return m.Run()
}

// Run runs the suite.
func Run(t *testing.T, open Open) {
	s := suite{open}
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"exactly as worded", s.exactlyAsWorded},
		{"headers", s.headers},
		{"a path that is not encoded", s.unencodedPath},
		{"a header that ends its line", s.brokenHeader},
		{"follows nothing", s.followsNothing},
		{"by the proxy of the environment", s.byProxy},
		{"names of this machine", s.namesOfThisMachine},
		{"early answer", s.earlyAnswer},
		{"early answer of a store that reads no more", s.earlyAnswerAndSilence},
		{"kept connections", s.keepsConnections},
		{"kept connection that was closed", s.keptConnectionThatWasClosed},
		{"a POST is not sent twice", s.postOnce},
		{"what nobody asked for", s.unsolicited},
		{"forms of an answer", s.formsOfAnswers},
		{"interim answers", s.interimAnswers},
		{"answers are bounded", s.boundedAnswers},
		{"an answer that ends early", s.cutAnswer},
		{"causes", s.causes},
		{"trusts the given authorities", s.trust},
		{"a large body over TLS", s.largeOverTLS},
		{"silence", s.silence},
		{"slow answer", s.slowAnswer},
		{"broken off", s.brokenOff},
		{"broken off is not delivered", s.brokenOffIsNotDelivered},
		{"a body that cannot be read", s.unreadableBody},
	} {
		t.Run(c.name, c.test)
	}
}

func (s suite) transport(t *testing.T, roots *x509.CertPool) Transport {
	t.Helper()
	tr := s.open(roots)
	t.Cleanup(tr.Close)
	return tr
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func put(host, path string) *s3.Request {
	return &s3.Request{
		Op: s3.OpPutObject, Method: "PUT", Scheme: "http", Host: host, SignedHost: host, Path: path,
		Header:        []s3.Field{{Name: "x-amz-date", Value: "20261123T090000Z"}, {Name: "content-type", Value: "text/plain"}},
		Authorization: []byte("AWS4-HMAC-SHA256 Credential=x"),
	}
}

func causeOf(err error) engine.Cause {
	var broke *driver.BrokeError
	if errors.As(err, &broke) {
		return broke.Cause
	}
	return 0
}

// send is Send of a body of fixed bytes.
func send(ctx context.Context, tr Transport, r *s3.Request, body []byte) (driver.Answer, error) {
	return tr.Send(ctx, r, driver.NewBody(body))
}
