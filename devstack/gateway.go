package devstack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"github.com/bucketline/bucketline/sign"
)

// This file is all of the project that knows VersityGW. Its hooks for a foreign
// STS (auth.IAMService, auth.SigningKeyProvider, auth.PolicyEvaluator) are
// documented for its own IAM client only, so the version is pinned in go.mod
// and gateway_test.go says what we rely on.

const (
	// s3Domain is the name below which every bucket has a name of its own.
	s3Domain = "s3.localhost"

	accountID     = "111122223333"
	roleName      = "bucketline-dev"
	roleARN       = "arn:aws:iam::" + accountID + ":role/" + roleName
	sessionARN    = "arn:aws:sts::" + accountID + ":assumed-role/" + roleName + "/"
	rootAccessKey = "AKIABUCKETLINEDEVSTK"

	maxCopyBytes = 5 << 30 // CopyObject's limit; without it every copy fails
	maxParts     = 10000

	maxConnections = 1024 // to the gateway, and requests under way in it
)

// exposedHeaders are the answer headers that an uploader reads.
var exposedHeaders = []auth.CORSHeader{
	"ETag", "x-amz-request-id", "x-amz-id-2", "x-amz-version-id", "x-amz-bucket-region",
	"x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-type",
	"x-amz-abort-date", "Date", "Retry-After",
}

// errLostMetadata is a kept folder that was copied without its attributes.
var errLostMetadata = errors.New("the folder is there but its metadata is not: copy such a folder with its extended attributes (cp -a), or start with an empty one")

// A gateway is a VersityGW over a folder, listening on a Unix socket that only
// this process's front talks to.
//
// VersityGW works in the process's working directory, so a process can run one
// gateway at a time and stands in the gateway's folder while it does.
type gateway struct {
	store  *posix.Posix
	server *s3api.S3ApiServer
	socket string
	home   string // the working directory to return to

	rootSecret string
	served     chan error
}

// openGateway starts a gateway over folder/objects, with metadata in extended
// attributes where the file system has them and in folder/metadata where it has
// not.
func openGateway(folder, socket, region string, hooks *hooks) (*gateway, error) {
	home, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	store, err := openStore(filepath.Join(folder, "objects"), filepath.Join(folder, "metadata"))
	if err != nil {
		os.Chdir(home)
		return nil, err
	}
	secret := rand.Text()
	root := auth.Account{Access: rootAccessKey, Secret: secret, Role: auth.RoleAdmin}
	hooks.IAMService = auth.NewIAMServiceSingle(root)
	listening := make(chan struct{})
	server, err := s3api.New(wholeStore{store, new([partLocks]sync.RWMutex)}, middlewares.RootUserConfig{Access: root.Access, Secret: secret}, region, hooks,
		nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithHostStyle(s3Domain), s3api.WithMpMaxParts(maxParts), s3api.WithKeepAlive(),
		s3api.WithConcurrencyLimiter(maxConnections, maxConnections), // its zero refuses everything
		s3api.WithOnListen(func() { close(listening) }))
	if err != nil {
		store.Shutdown()
		os.Chdir(home)
		return nil, err
	}
	g := &gateway{store: store, server: server, socket: socket, home: home, rootSecret: secret, served: make(chan error, 1)}
	go func() { g.served <- server.ServeMultiPort([]string{socket}) }()
	select {
	case <-listening:
		return g, nil
	case err := <-g.served:
		store.Shutdown()
		os.Chdir(home)
		return nil, fmt.Errorf("listen on %s: %w", socket, err)
	}
}

// openStore opens the POSIX backend over objects. The choice between extended
// attributes and the metadata folder is made once for a kept folder: objects
// whose metadata lies in the folder must be found again after a remount.
func openStore(objects, metadata string) (*posix.Posix, error) {
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, err
	}
	options := posix.PosixOpts{ValidateBucketNames: true, CopyObjectThreshold: maxCopyBytes}
	_, err := os.Stat(metadata)
	if errors.Is(err, os.ErrNotExist) && hasXattrs(objects) {
		return posix.New(objects, meta.XattrMeta{}, options)
	}
	if err := os.MkdirAll(metadata, 0o700); err != nil {
		return nil, err
	}
	// options.SideCarDir stays empty: VersityGW uses it only to print a line on
	// standard output and to check that it is not inside objects.
	sidecar, err := meta.NewSideCar(metadata)
	if err != nil {
		return nil, err
	}
	return posix.New(objects, sidecar, options)
}

// hasXattrs reports whether files in folder can carry user attributes, by
// giving one to the folder. Asking for an attribute is not enough: some file
// systems answer that and refuse to store any.
func hasXattrs(folder string) bool {
	x := meta.XattrMeta{}
	if err := x.StoreAttribute(nil, folder, "", "bucketline-probe", []byte("1")); err != nil {
		return false
	}
	return x.DeleteAttribute(folder, "", "bucketline-probe") == nil
}

// wholeStore keeps nothing of an upload that was broken off or aborted, where
// VersityGW 1.8.0 does. It takes the end of a broken connection, and
// io.ErrUnexpectedEOF too, for the end of the body, and stores what came until
// then. And a part that lands while its upload is aborted makes the removal of
// the upload's folder fail, or makes the folder anew: so an abort waits for the
// parts that are under way. It also takes no path for the ID of an upload.
type wholeStore struct {
	*posix.Posix
	parts *[partLocks]sync.RWMutex // shared by uploads, by their IDs
}

const (
	partLocks     = 64
	abortPatience = 3 * time.Second // with parts under way; then it goes on
	abortPause    = 10 * time.Millisecond
)

func (s wholeStore) lock(uploadID *string) *sync.RWMutex {
	return &s.parts[crc32.ChecksumIEEE([]byte(aws.ToString(uploadID)))%partLocks]
}

// PutObject stores an object of ContentLength bytes, or none.
func (s wholeStore) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	in.Body = whole(in.Body, in.ContentLength)
	return s.Posix.PutObject(ctx, in)
}

// UploadPart stores a part of ContentLength bytes, or none.
func (s wholeStore) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	if err := checkUploadID(in.UploadId); err != nil {
		return nil, err
	}
	lock := s.lock(in.UploadId)
	lock.RLock()
	defer lock.RUnlock()
	in.Body = whole(in.Body, in.ContentLength)
	return s.Posix.UploadPart(ctx, in)
}

// AbortMultipartUpload drops an upload, with the parts that are on their way.
func (s wholeStore) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	if err := checkUploadID(in.UploadId); err != nil {
		return err
	}
	lock := s.lock(in.UploadId)
	for begun := time.Now(); time.Since(begun) < abortPatience; time.Sleep(abortPause) {
		if lock.TryLock() {
			defer lock.Unlock()
			break
		}
	}
	return s.Posix.AbortMultipartUpload(ctx, in)
}

// UploadPartCopy stores a part that is a part of an object.
func (s wholeStore) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	if err := checkUploadID(in.UploadId); err != nil {
		return s3response.CopyPartResult{}, err
	}
	return s.Posix.UploadPartCopy(ctx, in)
}

// ListParts lists what an upload has.
func (s wholeStore) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	if err := checkUploadID(in.UploadId); err != nil {
		return s3response.ListPartsResult{}, err
	}
	return s.Posix.ListParts(ctx, in)
}

// CompleteMultipartUpload joins the parts of an upload.
func (s wholeStore) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if err := checkUploadID(in.UploadId); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	return s.Posix.CompleteMultipartUpload(ctx, in)
}

// uploadIDs are all that VersityGW makes: UUIDs.
var uploadIDs = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// checkUploadID refuses an ID that is none. VersityGW 1.8.0 makes a path of
// whatever it is given: with ".." whoever may abort an upload of their own aborts
// those of everybody, and with a longer way out removes any folder.
func checkUploadID(id *string) error {
	if !uploadIDs.MatchString(aws.ToString(id)) {
		return s3err.GetNoSuchUploadErr(aws.ToString(id))
	}
	return nil
}

func whole(body io.Reader, length *int64) io.Reader {
	if body == nil || length == nil {
		return body
	}
	w := &wholeBody{body, *length}
	if sum, ok := body.(middlewares.ChecksumReader); ok {
		return &summedBody{w, sum}
	}
	return w
}

// wholeBody is a body of which left bytes are to come.
type wholeBody struct {
	io.Reader
	left int64
}

func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.left -= int64(n)
	if b.left > 0 && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	return n, err
}

// summedBody is a wholeBody whose checksum comes in its trailer.
type summedBody struct {
	*wholeBody
	sum middlewares.ChecksumReader
}

func (b *summedBody) Algorithm() string { return b.sum.Algorithm() }
func (b *summedBody) Checksum() string  { return b.sum.Checksum() }

// close stops the gateway. Requests still under way end with their
// connections, which are the front's to close first.
func (g *gateway) close() error {
	done := make(chan error, 1)
	go func() { done <- g.server.ShutDown() }()
	var err error
	select {
	case err = <-done:
	case <-time.After(shutdownPatience):
		err = errors.New("the gateway still has connections")
	}
	g.store.Shutdown()
	return errors.Join(err, os.Chdir(g.home))
}

// makeBucket makes the bucket unless it is there, and gives it a CORS rule for
// origins, or none when origins is empty.
func (g *gateway) makeBucket(ctx context.Context, bucket string, origins []string) error {
	owner := auth.Account{Access: rootAccessKey, Role: auth.RoleAdmin}
	acl, err := json.Marshal(auth.ACL{Owner: owner.Access})
	if err != nil {
		return err
	}
	//lint:ignore SA1029 VersityGW reads the owner under this plain string
	err = g.store.CreateBucket(context.WithValue(ctx, "bucket-owner", owner), &s3.CreateBucketInput{
		Bucket:                    &bucket,
		ObjectOwnership:           types.ObjectOwnershipBucketOwnerEnforced,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{},
	}, acl)
	if refusal, ok := errors.AsType[s3err.S3Error](err); ok && refusal.BaseError().Code == "BucketAlreadyOwnedByYou" {
		err = nil
	}
	if errors.Is(err, meta.ErrNoSuchKey) {
		return errLostMetadata
	}
	if err != nil || len(origins) == 0 {
		return err
	}
	rule, err := corsRule(origins)
	if err != nil {
		return err
	}
	return g.store.PutBucketCors(ctx, bucket, rule)
}

// corsRule is what a bucket for browsers needs: every method of an upload, any
// request header, and the answer headers that an uploader reads.
func corsRule(origins []string) ([]byte, error) {
	age := int32(7200)
	rule := auth.CORSRule{
		AllowedMethods: []auth.CORSHTTPMethod{"PUT", "POST", "GET", "HEAD", "DELETE"},
		AllowedHeaders: []auth.CORSHeader{"*"},
		ExposeHeaders:  exposedHeaders,
		MaxAgeSeconds:  &age,
	}
	for _, o := range origins {
		rule.AllowedOrigins = append(rule.AllowedOrigins, auth.CORSOrigin(o))
	}
	return xml.Marshal(struct {
		XMLName xml.Name        `xml:"CORSConfiguration"`
		Rules   []auth.CORSRule `xml:"CORSRule"`
	}{Rules: []auth.CORSRule{rule}})
}

// allowance is what the bucket's CORS configuration grants one request.
type allowance = auth.CORSAllowanceConfig

// cors asks the bucket's CORS configuration about a request. The error is a
// refusal in S3's words; refusal is unchanged by whether the bucket exists.
func (g *gateway) cors(ctx context.Context, bucket, origin, method, headers string) (*allowance, *refusal) {
	forbidden := &refusal{http.StatusForbidden, "AccessForbidden", "CORS of this bucket does not allow this request."}
	asked, err := auth.ParseCORSHeaders(headers)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "BadRequest", "Access-Control-Request-Headers is not a list of header names."}
	}
	text, err := g.store.GetBucketCors(ctx, bucket)
	if err != nil {
		return nil, forbidden
	}
	rules, err := auth.ParseCORSOutput(text)
	if err != nil {
		return nil, forbidden
	}
	granted, err := rules.IsAllowed(origin, auth.CORSHTTPMethod(method), asked, "")
	if err != nil {
		return nil, forbidden
	}
	return granted, nil
}

// hooks answers VersityGW's questions about who signs and what they may do.
type hooks struct {
	auth.IAMService // accounts: the root alone
	vault           *vault
	buckets         []string

	// formMark is the User-Agent under which the front sends POST Object
	// requests whose key it has authorised. VersityGW 1.8.0 asks about
	// s3:PutObject on the bucket alone for such a request, whatever its key.
	formMark string
}

var (
	_ auth.SigningKeyProvider = (*hooks)(nil)
	_ auth.PolicyEvaluator    = (*hooks)(nil)
)

// DeriveSigningKey returns the Signature Version 4 key of temporary credentials.
func (h *hooks) DeriveSigningKey(access, token, date, region, service string) ([]byte, auth.Account, error) {
	s, err := h.vault.open(access, token)
	if err != nil {
		return nil, auth.Account{}, gatewayError(err)
	}
	account := auth.Account{
		Access:       access,
		Role:         auth.RoleUser,
		SessionToken: token,
		IsSession:    true,
		Arn:          sessionARN + s.Name,
		RoleArn:      roleARN,
	}
	day, err := time.Parse("20060102", date)
	if err != nil {
		return nil, auth.Account{}, err
	}
	signer := sign.V4{Service: service}
	return signer.AppendSigningKey(nil, s.credentials(), region, sign.UnixMilli(day.UnixMilli())), account, nil
}

// EvaluatePolicy says what the role and the session policy say about each of
// actions on each of resources.
func (h *hooks) EvaluatePolicy(access, token string, actions []auth.Action, resources []string, condition map[string][]string) (auth.PolicyEvaluation, error) {
	var out auth.PolicyEvaluation
	s, err := h.vault.open(access, token)
	if err != nil {
		return out, gatewayError(err)
	}
	rights, err := h.rights(s)
	if err != nil {
		return out, err
	}
	q := question{
		actions:   actions,
		resources: resources,
		prefix:    strings.Join(condition["s3:prefix"], ","),
		formKnown: strings.Join(condition["aws:UserAgent"], "") == h.formMark,
	}
	out.PrincipalArn = sessionARN + s.Name
	ask(&out.Decisions, rights.role, q)
	if rights.narrowed {
		out.HasSessionPolicy = true
		ask(&out.SessionDecisions, rights.session, q)
	}
	return out, nil
}

type question struct {
	actions   []auth.Action
	resources []string
	prefix    string
	formKnown bool // a POST Object request that the front has authorised
}

// ask fills out, whose element type VersityGW does not export: 0 is no match, 1
// allow, 2 deny, the order of verdict.
func ask[T ~int](out *[][]T, p policy, q question) {
	for _, resource := range q.resources {
		row := make([]T, len(q.actions))
		for i, action := range q.actions {
			v := p.decide(string(action), resource, q.prefix)
			if q.formKnown && action == auth.PutObjectAction && !strings.Contains(strings.TrimPrefix(resource, arnPrefix), "/") {
				v = allowed
			}
			row[i] = T(v)
		}
		*out = append(*out, row)
	}
}

// rights is everything a session may do: what the role says and, when narrowed,
// the session policy too.
type rights struct {
	role     policy
	session  policy
	narrowed bool
}

func (h *hooks) rights(s *session) (rights, error) {
	r := rights{role: rolePolicy(s.Subject, h.buckets)}
	if s.Policy == nil {
		return r, nil
	}
	p, err := parsePolicy(s.Policy)
	r.session, r.narrowed = p, true
	return r, err
}

// mayPut reports whether the session may put an object under key. It judges the
// key as it is and as the gateway will store it: neither may be anybody else's.
func (h *hooks) mayPut(g *gateway, s *session, bucket, key string) bool {
	r, err := h.rights(s)
	if err != nil {
		return false
	}
	const action = string(auth.PutObjectAction)
	for _, k := range []string{key, g.store.NormalizeObjectKey(bucket, key)} {
		resource := arnPrefix + bucket + "/" + k
		if r.role.decide(action, resource, "") != allowed || r.narrowed && r.session.decide(action, resource, "") != allowed {
			return false
		}
	}
	return true
}

func gatewayError(err error) error {
	switch err {
	case errUnknownKey:
		return auth.ErrNoSuchUser
	case errExpiredToken:
		return s3err.APIError{Code: refusedExpired.code, Description: refusedExpired.message, HTTPStatusCode: refusedExpired.status}
	default:
		return auth.ErrInvalidSessionToken
	}
}
