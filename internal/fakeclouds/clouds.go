// Package fakeclouds answers like the services that give out credentials, for
// tests: STS, Cognito identity pools, Cloudflare's API, CreateSession, S3
// Control, and a container's endpoint. Each is built from its API's reference,
// is strict about method, path, query, headers, body and signature, and says in
// its refusal what it did not like. What each takes is also what AWS's own SDK
// sends, which the tests of this package show.
//
// Signatures are verified by AWS's signer and not by ours, so that the two
// cannot share a mistake. It is not the services: that a request is taken here
// says that it is as documented, and no more.
package fakeclouds

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Key is an access key that the clouds know.
type Key struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expired                                    bool // the service refuses it as such
}

// Cloud is all services at once; each method that returns a handler is one. Set
// the fields before the first request.
type Cloud struct {
	Region string

	// Now is the services' clock; time.Now if nil.
	Now func() time.Time

	// Keys may sign.
	Keys []Key

	// Tokens are the ID tokens that are accepted, by the provider that issued
	// them; Expired are those that were.
	Tokens  map[string][]string
	Expired []string

	// Pool, Identity and RoleARN are what Cognito and STS know.
	Pool, Identity, RoleARN string

	// AccountID is that of S3 Access Grants, R2Account that of Cloudflare, whose
	// API token and parent key are the others.
	AccountID, R2Account, R2Token, R2Parent string

	// Bucket is the directory bucket of CreateSession.
	Bucket string

	// Authorization is what the container's endpoint wants; empty for none.
	Authorization string

	mu     sync.Mutex
	given  int
	openID []string // tokens that GetOpenIdToken gave out
	log    []string // what was asked for, in order
}

// maxBody is more than any request has, in bytes.
const maxBody = 128 << 10

// Asked is what was asked for and granted, in order, by the name of the action.
func (c *Cloud) Asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.log)
}

func (c *Cloud) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// credentials are new ones, which the clouds know from now on.
func (c *Cloud) credentials(op string, seconds int) (Key, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given++
	c.log = append(c.log, op)
	k := Key{
		AccessKeyID:     fmt.Sprintf("ASIAFAKE%08d", c.given),
		SecretAccessKey: fmt.Sprintf("secret/of+%s/%d", op, c.given),
		SessionToken:    fmt.Sprintf("session//token+of=%s/%d==", op, c.given),
	}
	c.Keys = append(c.Keys, k)
	return k, c.now().Add(time.Duration(seconds) * time.Second).UTC().Truncate(time.Second)
}

func (c *Cloud) note(op string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, op)
}

// refusal is an error as a service says it.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(status int, code, format string, args ...any) error {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

// body reads a bounded body.
func body(r *http.Request) ([]byte, error) {
	all, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(all) > maxBody {
		return nil, refuse(http.StatusBadRequest, "RequestTooLarge", "The body could not be read, or is too long.")
	}
	return all, nil
}

// answerXML writes an answer, or a refusal in one of the two forms that S3 and
// the other services have.
func answerXML(w http.ResponseWriter, result any, err error, asS3 bool) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	type detail struct {
		Type    string `xml:",omitempty"`
		Code    string
		Message string
	}
	var r *refusal
	if errors.As(err, &r) {
		w.WriteHeader(r.status)
		if asS3 {
			result = struct {
				XMLName                  xml.Name `xml:"Error"`
				Code, Message, RequestId string
			}{Code: r.code, Message: r.message, RequestId: "fake-request"}
		} else {
			result = struct {
				XMLName   xml.Name `xml:"ErrorResponse"`
				Error     detail
				RequestId string
			}{Error: detail{"Sender", r.code, r.message}, RequestId: "fake-request"}
		}
	}
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(result)
}

// CORS lets pages of any origin in, as the services that browsers may call do:
// with these methods and headers and no others.
func CORS(methods, headers []string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method != http.MethodOptions {
			h.ServeHTTP(w, r)
			return
		}
		asked := strings.ToLower(r.Header.Get("Access-Control-Request-Headers"))
		for _, name := range strings.Split(asked, ",") {
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(headers, name) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
		}
		w.Header().Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
		w.Header().Set("Access-Control-Allow-Headers", asked)
	})
}
