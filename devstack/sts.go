package devstack

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	stsVersion   = "2011-06-15"
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

	// AWS's shortest life is 900 s. Here it is 15 s, so that expiry can be
	// watched; the longest is a role's highest setting at AWS.
	minLifeSeconds     = 15
	maxLifeSeconds     = 12 * 60 * 60
	defaultLifeSeconds = 60 * 60

	minTokenBytes   = 4
	maxTokenBytes   = 20000
	maxSTSBodyBytes = 64 << 10
)

var (
	sessionNames = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

	// subjects are the users that can have a prefix of their own: nothing that
	// means something in a key, an ARN pattern or a path.
	subjects = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// sts answers AssumeRoleWithWebIdentity in AWS's words (AWS STS API Reference,
// "AssumeRoleWithWebIdentity"): one role, one OIDC provider.
type sts struct {
	vault     *vault
	verifier  *oidc.IDTokenVerifier
	issuer    string
	audiences []string
	log       *slog.Logger
}

// newSTS trusts issuer's ID tokens for any of audiences. The keys come over
// HTTP from the issuer, through client, when the first token does.
func newSTS(v *vault, issuer, keysURL string, audiences []string, client *http.Client, log *slog.Logger) *sts {
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), keysURL)
	verifier := oidc.NewVerifier(issuer, keys, &oidc.Config{
		SkipClientIDCheck: true, // several clients: trusted says whether one of them is meant
		Now:               v.now,
		SupportedSigningAlgs: []string{
			oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512,
		},
	})
	return &sts{vault: v, verifier: verifier, issuer: issuer, audiences: audiences, log: log}
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// AWS's STS answers any page: the request carries no ambient authority.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "x-amzn-RequestId, Date")
	w.Header().Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		w.Header().Set("Access-Control-Max-Age", "7200")
		w.WriteHeader(http.StatusOK)
		return
	case http.MethodGet, http.MethodPost:
	default:
		answerSTS(w, nil, &stsError{http.StatusMethodNotAllowed, "InvalidAction", "STS is spoken to with GET or POST."})
		return
	}
	r.Body = limited(w, r, maxSTSBodyBytes)
	if err := r.ParseForm(); err != nil {
		answerSTS(w, nil, invalid("The request is not a form of at most %d bytes.", maxSTSBodyBytes))
		return
	}
	result, refused := s.handle(r.Context(), r.Form)
	if refused != nil {
		s.log.Info("sts: refused", "error", refused.code, "message", refused.message)
	}
	answerSTS(w, result, refused)
}

func (s *sts) handle(ctx context.Context, form url.Values) (*stsResult, *stsError) {
	for name, values := range form {
		if len(values) > 1 {
			return nil, invalid("The parameter %s comes twice.", name)
		}
	}
	if v := form.Get("Version"); v != stsVersion {
		return nil, &stsError{http.StatusBadRequest, "InvalidAction", "Version is not " + stsVersion + "."}
	}
	if action := form.Get("Action"); action != "AssumeRoleWithWebIdentity" {
		return nil, &stsError{http.StatusBadRequest, "InvalidAction", "This STS knows AssumeRoleWithWebIdentity only."}
	}
	request, refused := readAssume(form)
	if refused != nil {
		return nil, refused
	}
	return s.assume(ctx, request)
}

// An assume is a checked AssumeRoleWithWebIdentity request.
type assume struct {
	role, name, token string
	life              time.Duration
	policy            []byte // nil: none
}

func readAssume(form url.Values) (*assume, *stsError) {
	a := &assume{role: form.Get("RoleArn"), name: form.Get("RoleSessionName"), token: form.Get("WebIdentityToken")}
	for name := range form {
		switch name {
		case "Action", "Version", "RoleArn", "RoleSessionName", "WebIdentityToken", "DurationSeconds", "Policy":
		default:
			// PolicyArns and ProviderId among them: ignoring a restriction that
			// the caller asked for would widen the session.
			return nil, invalid("The parameter %s is not supported here.", name)
		}
	}
	if len(a.role) < 20 || len(a.role) > 2048 {
		return nil, invalid("RoleArn must have 20 to 2048 characters.")
	}
	if !sessionNames.MatchString(a.name) {
		return nil, invalid("RoleSessionName must be 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -.")
	}
	if len(a.token) < minTokenBytes || len(a.token) > maxTokenBytes {
		return nil, invalid("WebIdentityToken must have %d to %d characters.", minTokenBytes, maxTokenBytes)
	}
	seconds := int64(defaultLifeSeconds)
	if text, ok := one(form, "DurationSeconds"); ok {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < minLifeSeconds || n > maxLifeSeconds {
			return nil, invalid("DurationSeconds must be %d to %d.", minLifeSeconds, maxLifeSeconds)
		}
		seconds = n
	}
	a.life = time.Duration(seconds) * time.Second
	if text, ok := one(form, "Policy"); ok {
		if len(text) == 0 || len(text) > maxPolicyBytes || !utf8.ValidString(text) {
			return nil, invalid("Policy must have 1 to %d characters.", maxPolicyBytes)
		}
		if _, err := parsePolicy([]byte(text)); err != nil {
			return nil, &stsError{http.StatusBadRequest, "MalformedPolicyDocument", "Policy: " + err.Error() + "."}
		}
		a.policy = []byte(text)
	}
	return a, nil
}

func one(form url.Values, name string) (string, bool) {
	values, ok := form[name]
	if !ok {
		return "", false
	}
	return values[0], true
}

func (s *sts) assume(ctx context.Context, a *assume) (*stsResult, *stsError) {
	token, refused := s.trusted(ctx, a.token)
	if refused != nil {
		return nil, refused
	}
	if a.role != roleARN {
		return nil, &stsError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity on " + a.role + "."}
	}
	credentials, err := s.vault.mint(token.Subject, a.name, a.policy, a.life)
	if err != nil {
		return nil, &stsError{http.StatusInternalServerError, "InternalFailure", "The credentials could not be made."}
	}
	result := &stsResult{
		SubjectFromWebIdentityToken: token.Subject,
		Audience:                    s.audience(token),
		Provider:                    strings.TrimPrefix(strings.TrimPrefix(s.issuer, "https://"), "http://"),
		AssumedRoleUser:             stsRoleUser{sessionARN + a.name, "AROABUCKETLINEDEVSTK:" + a.name},
		Credentials: stsCredentials{
			credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken,
			credentials.Expiration.Format("2006-01-02T15:04:05Z"),
		},
	}
	if a.policy != nil {
		result.PackedPolicySize = (len(a.policy)*100 + maxPolicyBytes - 1) / maxPolicyBytes
	}
	return result, nil
}

// trusted verifies an ID token: signature, issuer, audience, expiry, not-before,
// and that its subject can own a prefix.
func (s *sts) trusted(ctx context.Context, raw string) (*oidc.IDToken, *stsError) {
	token, err := s.verifier.Verify(ctx, raw)
	if expired, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return nil, &stsError{http.StatusBadRequest, "ExpiredTokenException", "The ID token expired at " + expired.Expiry.UTC().Format(time.RFC3339) + "."}
	}
	if err != nil {
		s.log.Debug("sts: ID token", "error", err)
		return nil, &stsError{http.StatusBadRequest, "InvalidIdentityToken", "The ID token is malformed, or its issuer, signature or times are not valid here."}
	}
	if s.audience(token) == "" {
		return nil, &stsError{http.StatusBadRequest, "InvalidIdentityToken", "The ID token is for another audience."}
	}
	if !subjects.MatchString(token.Subject) {
		return nil, &stsError{http.StatusForbidden, "IDPRejectedClaim", "The ID token's sub must be 1 to 64 characters of A-Z a-z 0-9 _ -."}
	}
	return token, nil
}

// audience is the client, of those trusted, that the token is for; or empty.
func (s *sts) audience(token *oidc.IDToken) string {
	for _, a := range token.Audience {
		if slices.Contains(s.audiences, a) {
			return a
		}
	}
	return ""
}

type stsError struct {
	status        int
	code, message string
}

func invalid(format string, args ...any) *stsError {
	return &stsError{http.StatusBadRequest, "ValidationError", fmt.Sprintf(format, args...)}
}

type stsResult struct {
	SubjectFromWebIdentityToken string
	Audience                    string
	Provider                    string
	AssumedRoleUser             stsRoleUser
	PackedPolicySize            int `xml:",omitempty"`
	Credentials                 stsCredentials
}

type stsRoleUser struct{ Arn, AssumedRoleId string }

type stsCredentials struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }

type stsAnswer struct {
	XMLName  xml.Name                   `xml:"AssumeRoleWithWebIdentityResponse"`
	Space    string                     `xml:"xmlns,attr"`
	Result   *stsResult                 `xml:"AssumeRoleWithWebIdentityResult"`
	Metadata struct{ RequestId string } `xml:"ResponseMetadata"`
}

type stsRefusal struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Space     string   `xml:"xmlns,attr"`
	Error     struct{ Type, Code, Message string }
	RequestId string
}

// answerSTS writes result, or refused when it is not nil.
func answerSTS(w http.ResponseWriter, result *stsResult, refused *stsError) {
	id := strings.ToLower(rand.Text())
	status := http.StatusOK
	var answer any
	if refused == nil {
		a := stsAnswer{Space: stsNamespace, Result: result}
		a.Metadata.RequestId = id
		answer = a
	} else {
		status = refused.status
		e := stsRefusal{Space: stsNamespace, RequestId: id}
		e.Error.Type, e.Error.Code, e.Error.Message = "Sender", refused.code, refused.message
		if status >= 500 {
			e.Error.Type = "Receiver"
		}
		answer = e
	}
	body, err := xml.MarshalIndent(answer, "", "  ")
	if err != nil {
		panic("bucketline: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-RequestId", id)
	w.WriteHeader(status)
	w.Write(body)
	io.WriteString(w, "\n")
}
