package fakes3_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// desk words, signs and hands in requests in virtual time.
type desk struct {
	t       *testing.T
	store   *fakes3.Store
	address s3.Address
	request s3.Request
	signer  sign.V4
	at      sign.UnixMilli
	ahead   sign.UnixMilli // of the client's clock
	as      sign.Credentials
	fault   *fakes3.Fault
}

const noon = 1_795_435_200_000

func newDesk(t *testing.T, c fakes3.Config) *desk {
	c.Host, c.Region, c.Bucket = "store.example", "eu-west-1", "photos"
	target := s3.Target{Endpoint: "https://store.example", Region: c.Region, Bucket: c.Bucket, PathStyle: true}
	address, err := target.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, store: fakes3.New(c), address: address, at: noon, as: user}
	d.store.Grant(user, noon+60_000)
	return d
}

func (d *desk) ask(err error, body fakes3.Body) fakes3.Answer {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	r := &d.request
	d.signer.SignHeader(r, &d.as, d.address.Region, d.at+d.ahead)
	header := append(r.Header[:len(r.Header):len(r.Header)], s3.Field{Name: "authorization", Value: string(r.Authorization)})
	if r.Body != nil {
		body = fakes3.Real{r.Body}
	}
	path := string(r.AppendURL(nil))[len("https://store.example"):]
	path, query := cutQuery(path)
	return d.store.Serve(d.at, &fakes3.Request{Method: r.Method, Host: r.Host, Path: path, Query: query, Header: header, Body: body}, d.fault)
}

func cutQuery(url string) (path, query string) {
	for i := range url {
		if url[i] == '?' {
			return url[:i], url[i+1:]
		}
	}
	return url, ""
}

func (d *desk) put(key string, body fakes3.Body) fakes3.Answer {
	d.t.Helper()
	return d.ask(d.address.PutObject(&d.request, &s3.Object{Key: key}), body)
}

func (d *desk) code(a fakes3.Answer) string {
	return s3.ParseError(d.request.Op, a.Status, a.Header, a.Body).Code
}

func (d *desk) want(a fakes3.Answer, status int, code string) *s3.Error {
	d.t.Helper()
	e := s3.ParseError(d.request.Op, a.Status, a.Header, a.Body)
	if a.Status != status || e.Code != code {
		d.t.Errorf("answer %d %s, want %d %s", a.Status, e.Code, status, code)
	}
	return e
}

func TestStore_credentialsEnd(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	d.at = noon + 59_999
	d.want(d.put("k", fakes3.Runs()), 200, "")
	d.at = noon + 60_000
	d.want(d.put("k", fakes3.Runs()), 400, "ExpiredToken")
	d.at = noon
	d.as.SessionToken = "another"
	d.want(d.put("k", fakes3.Runs()), 400, "InvalidToken")
	d.as = user
	d.store.Revoke(user.AccessKeyID)
	d.want(d.put("k", fakes3.Runs()), 403, "InvalidAccessKeyId")
}

// S3 API Reference, "Authenticating Requests: Using the Authorization Header":
// every x-amz- header that is sent is to be signed. MinIO does not insist.
func TestStore_wantsAllSigned(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	d.put("k", nil)
	header := append(d.request.Header, s3.Field{Name: "authorization", Value: string(d.request.Authorization)})
	r := &fakes3.Request{Method: "PUT", Host: d.request.Host, Path: d.request.Path, Header: header}
	d.want(d.store.Serve(noon, r, nil), 200, "")
	r.Header = append(r.Header, s3.Field{Name: "x-amz-acl", Value: "private"})
	d.want(d.store.Serve(noon, r, nil), 403, "AccessDenied")
}

func TestStore_tellsItsClock(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	for ahead, status := range map[sign.UnixMilli]int{899_000: 200, -899_000: 200, 901_000: 403, -901_000: 403} {
		d.ahead = ahead
		a := d.put("k", fakes3.Runs())
		if a.Status != status {
			t.Errorf("%d ms ahead: %d, want %d", ahead, a.Status, status)
		}
		if e := s3.ParseError(s3.OpPutObject, a.Status, a.Header, a.Body); e.ServerTime != noon {
			t.Errorf("%d ms ahead: told that it is %d", ahead, e.ServerTime)
		}
	}
}

func TestStore_millionMebibytesAreOneObject(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	o := &s3.Object{Key: "huge", Algorithm: s3.CRC64NVME, ChecksumType: s3.FullObject}
	created := d.ask(d.address.CreateMultipartUpload(&d.request, o), nil).Created
	var parts s3.PartList
	var whole fakes3.Content
	const size = 1 << 30
	for n := uint16(1); n <= 1000; n++ {
		body := fakes3.Runs(fakes3.Run{Value: byte(n), Length: size - 5}, fakes3.Run{Value: 255, Length: 5})
		a := d.ask(d.address.UploadPart(&d.request, o, created.ID, n, nil), body)
		etag, _ := s3.ParseUploadPart(a.Header)
		if err := parts.Set(n, etag, d.store.Sums().Digest(body, s3.CRC64NVME)); err != nil {
			t.Fatal(err)
		}
		whole = fakes3.Join(whole, body).(fakes3.Content)
	}
	o.Digest, _ = parts.AppendFullObject(nil, s3.CRC64NVME, func(uint16) int64 { return size })
	a := d.ask(d.address.CompleteMultipartUpload(&d.request, o, created.ID, &parts, 1000*size), nil)
	d.want(a, 200, "")
	if want, _ := parts.AppendETag(nil); a.Stored.ETag != string(want) {
		t.Errorf("ETag %s, want %s", a.Stored.ETag, want)
	}
	if got := d.store.Object("huge").Body.(fakes3.Content); !got.Equal(whole) || got.Len() != 1000*size {
		t.Error("the object is another one than its parts")
	}
}

func TestServe_faults(t *testing.T) {
	data := fakes3.Runs(fakes3.Run{Value: 7, Length: 100})
	for name, c := range map[string]struct {
		fault  fakes3.Fault
		status int
		code   string
		stored bool
	}{
		"none":            {fakes3.Fault{}, 200, "", true},
		"instead of work": {fakes3.Fault{Code: "SlowDown"}, 503, "SlowDown", false},
		"after the work":  {fakes3.Fault{Code: "InternalError", After: true}, 500, "InternalError", true},
		"another status":  {fakes3.Fault{Code: "RequestTimeout", Status: 408}, 408, "RequestTimeout", false},
		"hidden ETag":     {fakes3.Fault{HideETag: true}, 200, "", true},
	} {
		d := newDesk(t, fakes3.Config{})
		d.fault = &c.fault
		a := d.put("k", data)
		d.want(a, c.status, c.code)
		if stored := d.store.Object("k") != nil; stored != c.stored || (a.Stored != nil) != c.stored {
			t.Errorf("%s: stored %v, want %v", name, stored, c.stored)
		}
		if _, ok := s3.HeaderValue(a.Header, "etag"); c.status == 200 && ok == c.fault.HideETag {
			t.Errorf("%s: ETag shown: %v", name, ok)
		}
	}
}

func TestServe_waitAndRegionAreTold(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	d.fault = &fakes3.Fault{Code: "SlowDown", RetryAfterSeconds: 3}
	if e := d.want(d.put("k", nil), 503, "SlowDown"); e.RetryAfterMillis != 3000 {
		t.Errorf("told to wait %d ms", e.RetryAfterMillis)
	}
	d.fault = &fakes3.Fault{Code: "SlowDown", RetryAfterMillis: 250}
	if e := d.want(d.put("k", nil), 503, "SlowDown"); e.RetryAfterMillis != 250 {
		t.Errorf("told to wait %d ms", e.RetryAfterMillis)
	}
	d.fault = &fakes3.Fault{Code: "PermanentRedirect", Region: "eu-south-2"}
	if e := d.want(d.put("k", nil), 301, "PermanentRedirect"); e.Region != "eu-south-2" {
		t.Errorf("told of region %q", e.Region)
	}
	d.fault = nil
	d.address.Region = "eu-north-1"
	if e := d.want(d.put("k", nil), 400, "AuthorizationHeaderMalformed"); e.Region != "eu-west-1" {
		t.Errorf("told of region %q", e.Region)
	}
}

func TestServe_corruption(t *testing.T) {
	data := fakes3.Runs(fakes3.Run{Value: 6, Length: 100})
	o := &s3.Object{Key: "k", Algorithm: s3.CRC32C}
	for name, c := range map[string]struct {
		when   fakes3.Corruption
		status int
		code   string
	}{
		"on the way":   {fakes3.Arrived, 400, "BadDigest"},
		"in the store": {fakes3.Stored, 200, ""},
	} {
		d := newDesk(t, fakes3.Config{})
		d.fault = &fakes3.Fault{Corrupt: c.when}
		o.Digest = d.store.Sums().Digest(data, s3.CRC32C)
		a := d.ask(d.address.PutObject(&d.request, o), data)
		d.want(a, c.status, c.code)
		if a.Stored != nil && (a.Stored.Body.(fakes3.Content).Equal(data) || a.Stored.Body.Len() != 100) {
			t.Errorf("%s: stored %v", name, a.Stored.Body)
		}
	}
}

// start begins an upload of one part.
func (d *desk) start(o *s3.Object) (id string, parts *s3.PartList) {
	d.t.Helper()
	id = d.ask(d.address.CreateMultipartUpload(&d.request, o), nil).Created.ID
	a := d.ask(d.address.UploadPart(&d.request, o, id, 1, nil), fakes3.Runs(fakes3.Run{Value: 1, Length: 9}))
	etag, _ := s3.ParseUploadPart(a.Header)
	parts = new(s3.PartList)
	if err := parts.Set(1, etag, nil); err != nil {
		d.t.Fatal(err)
	}
	return id, parts
}

func TestServe_errorInsideA200(t *testing.T) {
	for _, after := range []bool{false, true} {
		d := newDesk(t, fakes3.Config{})
		o := &s3.Object{Key: "k"}
		id, parts := d.start(o)
		d.fault = &fakes3.Fault{Code: "InternalError", InBody: true, After: after}
		a := d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil)
		_, err := s3.ParseCompleteMultipartUpload(a.Status, a.Header, a.Body)
		var refusal *s3.Error
		if a.Status != 200 || !errors.As(err, &refusal) || refusal.Code != "InternalError" {
			t.Errorf("after the work %v: %d, %v", after, a.Status, err)
		}
		if stored := d.store.Object("k") != nil; stored != after {
			t.Errorf("after the work %v: stored %v", after, stored)
		}
		d.fault = nil
		d.want(d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil), 200, "")
	}
}

func TestStore_completedTwice(t *testing.T) {
	for _, forget := range []bool{false, true} {
		d := newDesk(t, fakes3.Config{ForgetCompleted: forget})
		o := &s3.Object{Key: "k"}
		id, parts := d.start(o)
		d.want(d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil), 200, "")
		again := d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil)
		if forget {
			d.want(again, 404, "NoSuchUpload")
		} else {
			d.want(again, 200, "")
		}
		if again.Stored != nil {
			t.Error("stored twice")
		}
	}
}

func TestServe_forgottenUpload(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	o := &s3.Object{Key: "k"}
	id, _ := d.start(o)
	d.fault = &fakes3.Fault{Forget: true}
	d.want(d.ask(d.address.ListParts(&d.request, o, id, 0, 0), nil), 404, "NoSuchUpload")
	if n := len(d.store.Uploads()); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

func TestServe_partsAndAbortsThatAreNot(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	o := &s3.Object{Key: "k"}
	id, parts := d.start(o)
	d.fault = &fakes3.Fault{ForgetPart: true}
	d.want(d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil), 400, "InvalidPart")
	d.fault = &fakes3.Fault{Idle: true}
	d.want(d.ask(d.address.AbortMultipartUpload(&d.request, o, id), nil), 204, "")
	if n := len(d.store.Uploads()); n != 1 {
		t.Errorf("%d uploads after an abort that did nothing", n)
	}
	d.fault = nil
	d.want(d.ask(d.address.AbortMultipartUpload(&d.request, o, id), nil), 204, "")
	if n := len(d.store.Uploads()); n != 0 {
		t.Errorf("%d uploads after an abort", n)
	}
	d.store.Place(noon, "k", fakes3.Runs(fakes3.Run{Value: 1, Length: 3}))
	o.IfNoneMatch = "*"
	d.want(d.ask(d.address.PutObject(&d.request, o), nil), 412, "PreconditionFailed")
}

func TestStore_peculiarities(t *testing.T) {
	o := &s3.Object{Key: "k"}
	join := func(c fakes3.Config, sizes ...int64) fakes3.Answer {
		d := newDesk(t, c)
		id, parts := d.start(o)
		for i, size := range sizes {
			a := d.ask(d.address.UploadPart(&d.request, o, id, uint16(i+1), nil), fakes3.Runs(fakes3.Run{Value: 1, Length: size}))
			etag, _ := s3.ParseUploadPart(a.Header)
			if err := parts.Set(uint16(i+1), etag, nil); err != nil {
				t.Fatal(err)
			}
		}
		return d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil)
	}
	if a := join(fakes3.Config{EqualParts: true}, 5<<20, 5<<20, 6<<20); a.Status != 400 {
		t.Errorf("a longer last part: %d", a.Status)
	}
	if a := join(fakes3.Config{EqualParts: true}, 6<<20, 5<<20, 6<<20); a.Status != 400 {
		t.Errorf("a shorter part in between: %d", a.Status)
	}
	if a := join(fakes3.Config{EqualParts: true}, 6<<20, 6<<20, 5); a.Status != 200 {
		t.Errorf("a shorter last part: %d", a.Status)
	}
	d := newDesk(t, fakes3.Config{Denied: []s3.Op{s3.OpListParts}})
	id, _ := d.start(o)
	d.want(d.ask(d.address.ListParts(&d.request, o, id, 0, 0), nil), 403, "AccessDenied")

	d = newDesk(t, fakes3.Config{AllParts: true})
	id, parts := d.start(o)
	d.ask(d.address.UploadPart(&d.request, o, id, 2, nil), fakes3.Runs(fakes3.Run{Value: 1, Length: 9}))
	d.want(d.ask(d.address.CompleteMultipartUpload(&d.request, o, id, parts, -1), nil), 400, "InvalidPart")
}

func TestStore_gapWithChecksums(t *testing.T) {
	d := newDesk(t, fakes3.Config{})
	o := &s3.Object{Key: "k", Algorithm: s3.CRC64NVME, ChecksumType: s3.FullObject}
	id, _ := d.start(o)
	a := d.ask(d.address.UploadPart(&d.request, o, id, 2, nil), fakes3.Runs(fakes3.Run{Value: 1, Length: 9}))
	etag, _ := s3.ParseUploadPart(a.Header)
	if err := d.address.AbortMultipartUpload(&d.request, o, id); err != nil {
		t.Fatal(err)
	}
	d.request.Method, d.request.PayloadHash = "POST", sign.UnsignedPayload
	d.request.Body = []byte(`<CompleteMultipartUpload><Part><PartNumber>2</PartNumber><ETag>` + etag + `</ETag></Part></CompleteMultipartUpload>`)
	d.want(d.ask(nil, nil), 500, "InternalError")
}

// What a Handler does to connections is what a browser sees of it.
func TestHandler_connectionsBreak(t *testing.T) {
	var fault fakes3.Fault
	var attempts []int
	h, where := open(t, fakes3.Config{}, fakes3.Options{Fault: func(_ s3.Op, _ string, _ uint16, attempt int) fakes3.Fault {
		attempts = append(attempts, attempt)
		return fault
	}})
	address, err := where.Target.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	put := func() error {
		var r s3.Request
		if err := address.PutObject(&r, &s3.Object{Key: "k"}); err != nil {
			t.Fatal(err)
		}
		new(sign.V4).SignHeader(&r, &user, address.Region, sign.UnixMilli(time.Now().UnixMilli()))
		request, err := http.NewRequestWithContext(t.Context(), "PUT", string(r.AppendURL(nil)), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Header {
			request.Header.Set(f.Name, f.Value)
		}
		request.Header.Set("Authorization", string(r.Authorization))
		client := http.Client{Timeout: time.Second}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	stored := func() (found bool) {
		h.Do(func(s *fakes3.Store) { found = s.Object("k") != nil })
		return found
	}
	for _, f := range []fakes3.Fault{{Broken: true}, {Silent: true}} {
		fault = f
		if err := put(); err == nil || stored() {
			t.Errorf("%+v: error %v, stored %v", f, err, stored())
		}
	}
	fault = fakes3.Fault{Lose: true}
	if err := put(); err == nil || !stored() {
		t.Errorf("lost answer: error %v, stored %v", err, stored())
	}
	fault = fakes3.Fault{Late: 50 * time.Millisecond}
	begun := time.Now()
	if err := put(); err != nil || time.Since(begun) < fault.Late {
		t.Errorf("late answer: error %v after %v", err, time.Since(begun))
	}
	if attempts[0] != 1 || attempts[len(attempts)-1] != len(attempts) {
		t.Errorf("attempts were counted %v", attempts)
	}
}

func TestHandler_crossOrigin(t *testing.T) {
	_, where := open(t, fakes3.Config{}, fakes3.Options{Hidden: []string{"etag"}})
	request, err := http.NewRequestWithContext(t.Context(), "OPTIONS", where.Target.Endpoint+"/photos/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://page.example")
	request.Header.Set("Access-Control-Request-Headers", "authorization,x-amz-date")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "https://page.example",
		"Access-Control-Allow-Headers": "authorization,x-amz-date",
		"Access-Control-Allow-Methods": "GET, HEAD, PUT, POST, DELETE",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := response.Header.Get("Access-Control-Expose-Headers"); len(got) < 20 || got[:4] == "ETag" {
		t.Errorf("exposed: %q", got)
	}
}
