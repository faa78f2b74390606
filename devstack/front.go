package devstack

import (
	"crypto/rand"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// maxDrainBytes bounds how much of a refused request's body is read after the
// answer. A browser reports "network error" instead of the 403 when the
// connection breaks while it is still sending, so this is larger than any part
// an uploader sends at the start of a file.
const maxDrainBytes = 64 << 20

// A front is the S3 endpoint that clients see. It passes Signature Version 4
// through untouched, so that the gateway itself verifies it, and adds what the
// gateway lacks: Signature Version 2, ${filename} and the check of the key in
// POST forms, and CORS headers on every answer, refusals included.
type front struct {
	gateway *gateway
	hooks   *hooks
	vault   *vault
	region  string
	now     func() time.Time
	proxy   *httputil.ReverseProxy
}

func newFront(g *gateway, h *hooks, v *vault, region string, now func() time.Time, log *slog.Logger) *front {
	f := &front{gateway: g, hooks: h, vault: v, region: region, now: now}
	f.proxy = &httputil.ReverseProxy{
		Transport:     gatewayTransport{g.socket},
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			// Query and host are signed: they travel exactly as they came.
			r.Out.URL = &url.URL{
				Scheme: "http", Host: "gateway",
				Path: r.In.URL.Path, RawPath: r.In.URL.RawPath,
				RawQuery: r.In.URL.RawQuery, ForceQuery: r.In.URL.ForceQuery,
			}
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			for name := range r.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
					delete(r.Header, name) // ours are complete, the gateway's are not
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Warn("s3: gateway", "error", err)
			refuse(w, r, &refusal{http.StatusServiceUnavailable, "ServiceUnavailable", "The store behind this endpoint did not answer."})
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Answer a refused upload at once, then read on for a while (see
	// maxDrainBytes) and keep the connection: HTTP/1 must be asked for that.
	http.NewResponseController(w).EnableFullDuplex()
	defer io.CopyN(io.Discard, r.Body, maxDrainBytes)

	at := locate(r)
	if r.Method == http.MethodOptions {
		f.preflight(w, r, at)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if granted, refused := f.gateway.cors(r.Context(), at.bucket, origin, r.Method, ""); refused == nil {
			grant(w.Header(), granted)
		}
	}
	out, refused := f.prepare(r, at)
	if refused != nil {
		refuse(w, r, refused)
		return
	}
	f.proxy.ServeHTTP(w, out)
	http.NewResponseController(w).Flush()
}

// prepare returns the request to send to the gateway: r itself when it needs no
// change, or a copy that is signed again.
func (f *front) prepare(r *http.Request, at place) (*http.Request, *refusal) {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && at.key == "" && isForm(r):
		return f.postForm(r, at)
	case strings.HasPrefix(r.Header.Get("Authorization"), "AWS "):
		return f.headerV2(r, at)
	case query.Has("AWSAccessKeyId") || query.Has("Signature"):
		return f.queryV2(r, at)
	default:
		return r, nil
	}
}

// preflight answers OPTIONS. Nobody signs a preflight, and a bucket without
// CORS refuses it (S3 API Reference, "OPTIONS object").
func (f *front) preflight(w http.ResponseWriter, r *http.Request, at place) {
	origin, method := r.Header.Get("Origin"), r.Header.Get("Access-Control-Request-Method")
	if origin == "" || method == "" {
		refuse(w, r, &refusal{http.StatusBadRequest, "BadRequest", "A preflight needs Origin and Access-Control-Request-Method."})
		return
	}
	granted, refused := f.gateway.cors(r.Context(), at.bucket, origin, method, r.Header.Get("Access-Control-Request-Headers"))
	if refused != nil {
		refuse(w, r, refused)
		return
	}
	grant(w.Header(), granted)
	requestIDs(w.Header())
	w.WriteHeader(http.StatusOK)
}

func grant(h http.Header, a *allowance) {
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin":      a.Origin,
		"Access-Control-Allow-Methods":     a.Methods,
		"Access-Control-Allow-Headers":     a.AllowHeaders,
		"Access-Control-Expose-Headers":    a.ExposedHeaders,
		"Access-Control-Allow-Credentials": strings.TrimPrefix(a.AllowCredentials, "false"),
		"Vary":                             "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if a.MaxAge != nil {
		h.Set("Access-Control-Max-Age", decimal(int64(*a.MaxAge)))
	}
}

// A place is what a request is about, read from host and path.
type place struct {
	bucket  string
	key     string // unescaped; empty for the bucket itself
	virtual bool   // the host names the bucket
}

func locate(r *http.Request) place {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket, ok := strings.CutSuffix(host, "."+s3Domain); ok {
		return place{bucket: bucket, key: path, virtual: true}
	}
	bucket, key, _ := strings.Cut(path, "/")
	return place{bucket: bucket, key: key}
}

// A refusal is an error answer in S3's words. Clients branch on the code.
type refusal struct {
	status  int
	code    string
	message string
}

var (
	refusedExpired    = &refusal{http.StatusBadRequest, "ExpiredToken", "The session token has expired."}
	refusedKey        = &refusal{http.StatusForbidden, "InvalidAccessKeyId", "No credentials here have this access key ID."}
	refusedToken      = &refusal{http.StatusBadRequest, "InvalidToken", "The session token is malformed or of another store."}
	refusedSignature  = &refusal{http.StatusForbidden, "SignatureDoesNotMatch", "The signature is not the one that this request and the secret access key give."}
	refusedMalformed  = &refusal{http.StatusBadRequest, "MalformedPOSTRequest", "The body is not well-formed multipart/form-data."}
	refusedLength     = &refusal{http.StatusLengthRequired, "MissingContentLength", "A form needs a Content-Length."}
	refusedFiles      = &refusal{http.StatusBadRequest, "IncorrectNumberOfFilesInPostRequest", "A form needs exactly one file, as its last field."}
	refusedFieldBytes = &refusal{http.StatusBadRequest, "MaxPostPreDataLengthExceededError", "The fields before the file are longer than 20 KB."}
)

// refusedSession words what the vault says.
func refusedSession(err error) *refusal {
	switch {
	case errors.Is(err, errUnknownKey):
		return refusedKey
	case errors.Is(err, errExpiredToken):
		return refusedExpired
	default:
		return refusedToken
	}
}

// refuse writes the error answer and flushes it, so that it leaves before the
// rest of the request's body is read.
func refuse(w http.ResponseWriter, r *http.Request, e *refusal) {
	id, host := requestIDs(w.Header())
	body, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Resource  string
		RequestId string
		HostId    string
	}{Code: e.code, Message: e.message, Resource: r.URL.Path, RequestId: id, HostId: host})
	if err != nil {
		panic("bucketline: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", decimal(int64(len(xml.Header)+len(body))))
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		io.WriteString(w, xml.Header)
		w.Write(body)
	}
	http.NewResponseController(w).Flush()
}

// requestIDs sets the two IDs that S3 gives every answer.
func requestIDs(h http.Header) (id, host string) {
	id, host = rand.Text()[:16], rand.Text()
	h.Set("X-Amz-Request-Id", id)
	h.Set("X-Amz-Id-2", host)
	return id, host
}
