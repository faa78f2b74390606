package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
)

// A refusal is an answer without credentials: its code is stable, its message is
// for a developer, and why is for the log alone.
type refusal struct {
	status        int
	code, message string
	retryAfter    time.Duration
	why           error
}

// The codes of refusals, which are in openapi.yaml too.
const (
	codeNoToken     = "MissingToken"
	codeBadRequest  = "InvalidRequest"
	codeBadToken    = "InvalidToken"
	codeExpired     = "ExpiredToken"
	codeDenied      = "AccessDenied"
	codeTooMany     = "TooManyRequests"
	codeNoProvider  = "ProviderUnavailable"
	codeNoStore     = "StoreUnavailable"
	codeStoreDenies = "StoreRefused"
)

// SubjectHash stands for a subject in logs and in the names of sessions: the
// first 16 hexadecimal digits of the SHA-256 of the issuer's URL, a line feed and
// the subject. So the lines of one person can be found by who knows the subject,
// and a log tells nobody's name or address to who does not.
func SubjectHash(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\n" + subject))
	return hex.EncodeToString(sum[:8])
}

// A visit is one request for credentials, as far as the log may know it.
type visit struct {
	address, subject, accessKeyID string
	expiration                    string
}

// credentials answers GET /credentials.
func (i *Issuer) credentials(w http.ResponseWriter, r *http.Request) {
	begun := i.config.Now()
	v := &visit{address: i.address(r)}
	granted, refused := i.exchange(r, v)
	status, code := http.StatusOK, "ok"
	if refused == nil {
		send(w, status, granted)
	} else {
		status, code = refused.status, refused.code
		i.refuse(w, refused)
	}
	i.metrics.answered(code, i.config.Now().Sub(begun))
	level := slog.LevelInfo
	attributes := []slog.Attr{
		slog.String("outcome", code), slog.Int("status", status),
		slog.Duration("took", i.config.Now().Sub(begun)), slog.String("address", v.address),
	}
	if v.subject != "" {
		attributes = append(attributes, slog.String("subject", v.subject))
	}
	if refused == nil {
		attributes = append(attributes, slog.String("accessKeyId", v.accessKeyID), slog.String("expiration", v.expiration))
	} else if level = slog.LevelWarn; refused.why != nil {
		attributes = append(attributes, slog.String("why", clipped(refused.why.Error())))
	}
	i.config.Log.LogAttrs(r.Context(), level, "credentials", attributes...)
}

// clipped bounds what an error brings into the log.
func clipped(text string) string {
	const most = 300
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func (i *Issuer) refuse(w http.ResponseWriter, refused *refusal) {
	if refused.status == http.StatusUnauthorized {
		// RFC 6750, section 3: no error code where there was no token.
		challenge := `Bearer realm="bucketline"`
		if refused.code != codeNoToken {
			challenge += `, error="invalid_token", error_description="` + refused.message + `"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if refused.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.retryAfter.Seconds()))))
	}
	send(w, refused.status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{refused.code, refused.message})
}

// exchange is the whole way from a request to credentials: the cheap checks
// first, and the store last.
func (i *Issuer) exchange(r *http.Request, v *visit) (*answer, *refusal) {
	if wait := i.places.take(v.address); wait > 0 {
		i.metrics.limited("address")
		return nil, &refusal{status: 429, code: codeTooMany, message: "Too many requests come from this address.", retryAfter: wait}
	}
	raw, refused := bearer(r)
	if refused != nil {
		return nil, refused
	}
	identity, refused := i.verifier.verify(r.Context(), raw)
	if refused != nil {
		return nil, refused
	}
	v.subject = SubjectHash(i.config.Issuer, identity.subject)
	if wait := i.people.take(v.subject); wait > 0 {
		i.metrics.limited("subject")
		return nil, &refusal{status: 429, code: codeTooMany, message: "This person has asked too often.", retryAfter: wait}
	}
	prefix, err := i.prefix.fill(identity.claims)
	if err != nil {
		return nil, &refusal{status: 403, code: codeDenied, message: "The ID token has no claim that a prefix can be made of.", why: err}
	}
	grant := &Grant{
		Bucket: i.config.Bucket, Prefix: prefix, Read: i.config.Read, LifeSeconds: i.config.LifeSeconds,
		SessionName: "bucketline-" + v.subject, IDToken: raw,
	}
	ctx, cancel := context.WithTimeout(r.Context(), backendTimeout)
	defer cancel()
	begun := i.config.Now()
	c, err := i.config.Backend.Credentials(ctx, grant)
	i.metrics.exchanged(err == nil, i.config.Now().Sub(begun))
	if err != nil {
		return nil, storeRefusal(err)
	}
	if err := i.usable(&c); err != nil {
		return nil, refusedByStore(err)
	}
	a := i.answer(&c, prefix)
	v.accessKeyID, v.expiration = a.AccessKeyID, a.Expiration
	return a, nil
}

// usable refuses credentials that are permanent, or over already.
func (i *Issuer) usable(c *cred.Credentials) error {
	left := time.UnixMilli(int64(c.Expiration)).Sub(i.config.Now())
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "":
		return errors.New("the store's credentials are not temporary ones")
	case left <= 0 || left > 2*MaxLifeSeconds*time.Second:
		return fmt.Errorf("the store's credentials end in %v", left)
	}
	return nil
}

// storeRefusal words what a backend says. Its own words stay in the log: they
// are about our credentials and not about those of who asks.
func storeRefusal(err error) *refusal {
	var told *exchange.Error
	var answer *exchange.AnswerError
	var parameter *exchange.ParameterError
	if errors.As(err, &told) && told.Advice() != exchange.Retry || errors.As(err, &answer) || errors.As(err, &parameter) {
		return refusedByStore(err)
	}
	return &refusal{status: 503, code: codeNoStore, message: "The store does not answer just now.", retryAfter: 5 * time.Second, why: err}
}

func refusedByStore(why error) *refusal {
	return &refusal{status: 502, code: codeStoreDenies, message: "The store gives no credentials; its operator has to look.", why: why}
}

// bearer is the token of the Authorization header: RFC 6750, section 2.1. Those
// in a form or in the query are not taken; a query ends up in logs.
func bearer(r *http.Request) (string, *refusal) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return "", &refusal{status: 401, code: codeNoToken, message: "Send the ID token as Authorization: Bearer."}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &refusal{status: 401, code: codeNoToken, message: "Send one Authorization header, with Bearer and the ID token."}
	}
	if len(token) > MaxTokenBytes || strings.Trim(token, tokenLetters) != "" {
		return "", &refusal{status: 401, code: codeBadToken, message: "The ID token is malformed."}
	}
	if r.ContentLength != 0 {
		return "", &refusal{status: 400, code: codeBadRequest, message: "Send no body."}
	}
	return token, nil
}

// tokenLetters are those of a JWS in compact form: RFC 7515, section 7.1.
const tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
