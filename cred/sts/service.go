package sts

import (
	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
)

// The exchanges as an exchange.Machine takes them.

// Op implements exchange.Service.
func (w *WebIdentity) Op() string { return "AssumeRoleWithWebIdentity" }

// Need implements exchange.Service.
func (w *WebIdentity) Need() exchange.Need { return exchange.NeedToken }

// Restart implements exchange.Service.
func (w *WebIdentity) Restart() {}

// Word implements exchange.Service. The given token replaces Token.
func (w *WebIdentity) Word(given *exchange.Given) (exchange.Request, error) {
	with := *w
	with.Token = given.Token
	return with.Request()
}

// Read implements exchange.Service.
func (w *WebIdentity) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	a, err := Parse(status, body)
	return a.Credentials, err == nil, err
}

// Op implements exchange.Service.
func (a *AssumeRole) Op() string { return "AssumeRole" }

// Need implements exchange.Service.
func (a *AssumeRole) Need() exchange.Need { return exchange.NeedSource }

// Restart implements exchange.Service.
func (a *AssumeRole) Restart() {}

// Word implements exchange.Service.
func (a *AssumeRole) Word(given *exchange.Given) (exchange.Request, error) {
	return a.Request(&given.Source, given.At)
}

// Read implements exchange.Service.
func (a *AssumeRole) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	answer, err := ParseAssumeRole(status, body)
	return answer.Credentials, err == nil, err
}

// Op implements exchange.Service.
func (g *SessionToken) Op() string { return "GetSessionToken" }

// Need implements exchange.Service.
func (g *SessionToken) Need() exchange.Need { return exchange.NeedSource }

// Restart implements exchange.Service.
func (g *SessionToken) Restart() {}

// Word implements exchange.Service.
func (g *SessionToken) Word(given *exchange.Given) (exchange.Request, error) {
	return g.Request(&given.Source, given.At)
}

// Read implements exchange.Service.
func (g *SessionToken) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	answer, err := ParseSessionToken(status, body)
	return answer.Credentials, err == nil, err
}
