package exchange

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/sign"
)

// Step is what a Machine wants done next.
type Step uint8

// The steps.
const (
	// StepToken: call Token with an ID token.
	StepToken Step = iota + 1

	// StepSource: call Source with credentials to sign with.
	StepSource

	// StepSend: send what Request returns, and call Answer.
	StepSend

	// StepDone: Credentials returns them.
	StepDone

	// StepFailed: Err says why. It is the end too.
	StepFailed
)

// maxRequests bounds the requests of one exchange: three of Cognito's basic
// flow, once again with another token, and once more by a corrected clock.
const maxRequests = 9

// Machine takes one exchange through its steps. A driver looks at Step, does
// what it wants, and looks again. A token or credentials that the service
// refuses are asked for once more, since they end too; what is given then is
// tried if it is not the same.
type Machine struct {
	service     Service
	step        Step
	given       Given
	requests    int
	refused     error // what the first token, or the first source, met
	clock       bool  // the clock was corrected
	credentials cred.Credentials
	err         error
}

// New begins an exchange with s, which belongs to the machine from now on.
func New(s Service) *Machine {
	m := &Machine{service: s}
	m.begin()
	return m
}

// begin goes to the first step.
func (m *Machine) begin() {
	m.service.Restart()
	switch m.service.Need() {
	case NeedToken:
		m.step = StepToken
	case NeedSource:
		m.step = StepSource
	default:
		m.step = StepSend
	}
}

// String shows no secret.
func (m *Machine) String() string { return "Machine{" + m.service.Op() + ", secrets redacted}" }

// GoString is String, so that %#v shows no secret either.
func (m *Machine) GoString() string { return m.String() }

// Op is the API's name of what is asked for.
func (m *Machine) Op() string { return m.service.Op() }

// Step is what is wanted now.
func (m *Machine) Step() Step { return m.step }

// Again reports, in StepToken and StepSource, that the service refused what was
// given before: another one is wanted, if need be by signing in again.
func (m *Machine) Again() bool { return m.refused != nil }

// Err is why the exchange failed, in StepFailed.
func (m *Machine) Err() error { return m.err }

// Credentials are the credentials, in StepDone.
func (m *Machine) Credentials() cred.Credentials { return m.credentials }

// Token answers StepToken.
func (m *Machine) Token(token string) {
	if m.step != StepToken {
		panic("bucketline: internal error: a token that was not asked for")
	}
	same := token == m.given.Token
	m.given.Token = token
	m.retryWith(same)
}

// Source answers StepSource.
func (m *Machine) Source(c sign.Credentials) {
	if m.step != StepSource {
		panic("bucketline: internal error: credentials that were not asked for")
	}
	same := c == m.given.Source
	m.given.Source = c
	m.retryWith(same)
}

// retryWith goes on, unless the service has refused the same already.
func (m *Machine) retryWith(same bool) {
	if m.refused != nil && same {
		m.fail(m.refused)
		return
	}
	m.step = StepSend
}

// Request words the next request, in StepSend, by the wall clock at. When the
// parameters are wrong the machine has failed, and the error is Err's.
func (m *Machine) Request(at sign.UnixMilli) (Request, error) {
	if m.step != StepSend {
		panic("bucketline: internal error: no request is wanted")
	}
	if m.requests == maxRequests {
		m.fail(ErrTooMany)
		return Request{}, m.err
	}
	m.requests++
	m.given.At = at
	r, err := m.service.Word(&m.given)
	if err != nil {
		m.fail(err)
	}
	return r, err
}

// Answer gives the answer to the last request: its HTTP status and body.
func (m *Machine) Answer(status int, body []byte) {
	c, done, err := m.service.Read(&m.given, status, body)
	switch {
	case err != nil:
		m.refuse(err)
	case done:
		m.credentials, m.step = c, StepDone
		m.given = Given{}
	}
}

// refuse asks for another token where that may help, and fails otherwise.
func (m *Machine) refuse(err error) {
	if adviceOf(err) == NewToken && m.service.Need() != NeedNothing && m.refused == nil {
		m.refused = err
		m.begin()
		return
	}
	m.fail(err)
}

// Resign begins again after a failure whose Advice is Clock, with what was
// given before, once the driver knows the right time; false when that has been
// tried already, or is not what failed.
func (m *Machine) Resign() bool {
	if m.step != StepFailed || m.clock || adviceOf(m.err) != Clock {
		return false
	}
	m.clock, m.err = true, nil
	m.begin()
	m.step = StepSend
	return true
}

// adviceOf is 0 for what is no refusal. A service returns its *Error as it is, so
// errors.As, which is large in the module, is not needed.
func adviceOf(err error) Advice {
	if refusal, ok := err.(*Error); ok {
		return refusal.Advice()
	}
	return 0
}

// Fail ends the exchange, for a driver that could not do what was wanted.
func (m *Machine) Fail(err error) { m.fail(err) }

func (m *Machine) fail(err error) { m.err, m.step = err, StepFailed }
