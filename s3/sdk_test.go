package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// sdkJudge is the AWS SDK with a transport that keeps the request and answers
// with what the operation needs to succeed.
type sdkJudge struct {
	client *awss3.Client
	got    *http.Request
	body   []byte
}

func newSDKJudge() *sdkJudge {
	j := &sdkJudge{}
	j.client = awss3.New(awss3.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, nil
		}),
		HTTPClient:                 j,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	return j
}

func (j *sdkJudge) Do(r *http.Request) (*http.Response, error) {
	j.got, j.body = r, nil
	if r.Body != nil {
		j.body, _ = io.ReadAll(r.Body)
	}
	answer := "<R><UploadId>U</UploadId></R>"
	return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{"Etag": {`"e"`}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// wire is what of a request the two must have in common: the request line with
// its query in order of names, and the headers that say something.
func wire(method, path, query string, header map[string]string) string {
	var lines []string
	for name, value := range header {
		switch name = strings.ToLower(name); {
		case name == "x-amz-date" || name == "x-amz-content-sha256" || name == "x-amz-sdk-checksum-algorithm",
			strings.HasPrefix(name, "amz-sdk"), name == "authorization", name == "user-agent", name == "x-amz-user-agent",
			name == "accept-encoding", name == "content-length", name == "expect":
			continue
		}
		lines = append(lines, name+": "+value)
	}
	slices.Sort(lines)
	var pairs []string
	for _, pair := range strings.Split(query, "&") {
		if pair != "" && !strings.HasPrefix(pair, "x-id=") { // the SDK's own mark
			name, value, _ := strings.Cut(pair, "=")
			pairs = append(pairs, name+"="+value)
		}
	}
	slices.Sort(pairs)
	return method + " " + path + "?" + strings.Join(pairs, "&") + "\n" + strings.Join(lines, "\n")
}

func (j *sdkJudge) wire() string {
	header := map[string]string{}
	if j.got.URL.Query().Has("partNumber") {
		j.got.Header.Del("Content-Type") // the SDK's default for a stream; a part has none
	}
	for name, values := range j.got.Header {
		header[name] = strings.Join(values, ",")
	}
	return wire(j.got.Method, j.got.URL.EscapedPath(), j.got.URL.RawQuery, header)
}

func ourWire(r *Request) string {
	header := map[string]string{}
	for _, h := range r.Header {
		header[h.Name] = h.Value
	}
	u, err := url.Parse(string(r.AppendURL(nil)))
	if err != nil {
		return err.Error()
	}
	return wire(r.Method, r.Path, u.RawQuery, header)
}

// randomObject has properties that both can say. Header values stay plain:
// what the SDK does about others is no model (it sends them as they are).
func randomObject(random *rand.Rand) *Object {
	text := func(from string, most int) string {
		letters := []rune(from)
		out := ""
		for range 1 + random.IntN(most) {
			out += string(letters[random.IntN(len(letters))])
		}
		return out
	}
	const plain = "abcXYZ019-_.,;=/"
	maybe := func(s string) string {
		if random.IntN(2) == 0 {
			return ""
		}
		return s
	}
	o := &Object{
		Key:         "k" + text("aZ0 /+&=?#%~*'()!@$:,;[]{}|\\^`<>\"äßעש\U0001f600\t\x01", 20),
		ContentType: "type/" + text(plain, 8), CacheControl: maybe(text(plain, 8)), ContentDisposition: maybe(text(plain, 8)),
		ContentEncoding: maybe("gzip"), ContentLanguage: maybe("de"),
		ACL: maybe("public-read"), StorageClass: maybe("STANDARD_IA"), WebsiteRedirect: maybe("/" + text(plain, 8)),
		IfNoneMatch: maybe("*"),
	}
	for i := range random.IntN(3) {
		o.Metadata = append(o.Metadata, Field{fmt.Sprintf("Name%d-%s", i, text("aZ0", 4)), text(plain, 9)})
	}
	for i := range random.IntN(3) {
		o.Tags = append(o.Tags, Field{fmt.Sprintf("%d%s", i, text("aZ +&=äש", 6)), maybe(text("bY +&=ßע", 6))})
	}
	switch random.IntN(4) {
	case 0:
		o.SSE.Mode = SSES3
	case 1:
		o.SSE = SSE{Mode: SSEKMS, KMSKeyID: maybe(text(plain, 9)), KMSContext: maybe(`{"a":"b"}`), BucketKey: random.IntN(2) == 0}
	case 2:
		o.SSE.Mode = SSECustomer
		for i := range o.SSE.CustomerKey {
			o.SSE.CustomerKey[i] = byte(random.IntN(256))
		}
	}
	o.Algorithm = []Algorithm{NoChecksum, CRC32, CRC32C, CRC64NVME, SHA1, SHA256, ContentMD5}[random.IntN(7)]
	o.Digest = make([]byte, o.Algorithm.Size())
	for i := range o.Digest {
		o.Digest[i] = byte(random.IntN(256))
	}
	if o.Algorithm != NoChecksum && random.IntN(2) == 0 {
		o.Lock = ObjectLock{Mode: LockGovernance, RetainUntil: "2030-01-31T00:00:00Z", LegalHold: random.IntN(2) == 0}
	}
	return o
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// sdkPut says o in the SDK's words.
func sdkPut(o *Object) *awss3.PutObjectInput {
	in := &awss3.PutObjectInput{
		Bucket: aws.String("photos"), Key: &o.Key, Body: strings.NewReader(""),
		ContentType: optional(o.ContentType), CacheControl: optional(o.CacheControl), ContentDisposition: optional(o.ContentDisposition),
		ContentEncoding: optional(o.ContentEncoding), ContentLanguage: optional(o.ContentLanguage),
		ACL: types.ObjectCannedACL(o.ACL), StorageClass: types.StorageClass(o.StorageClass), WebsiteRedirectLocation: optional(o.WebsiteRedirect),
		IfNoneMatch: optional(o.IfNoneMatch), ExpectedBucketOwner: aws.String("123456789012"),
		ServerSideEncryption: types.ServerSideEncryption(sseNames[o.SSE.Mode]), SSEKMSKeyId: optional(o.SSE.KMSKeyID),
	}
	for _, m := range o.Metadata {
		if in.Metadata == nil {
			in.Metadata = map[string]string{}
		}
		in.Metadata[strings.ToLower(m.Name)] = m.Value
	}
	var tags []string
	for _, tag := range o.Tags {
		tags = append(tags, strings.ReplaceAll(url.QueryEscape(tag.Name)+"="+url.QueryEscape(tag.Value), "+", "%20"))
	}
	in.Tagging = optional(strings.Join(tags, "&"))
	if o.SSE.KMSContext != "" {
		in.SSEKMSEncryptionContext = aws.String(base64.StdEncoding.EncodeToString([]byte(o.SSE.KMSContext)))
	}
	if o.SSE.BucketKey {
		in.BucketKeyEnabled = aws.Bool(true)
	}
	if o.SSE.Mode == SSECustomer {
		in.SSECustomerAlgorithm = aws.String("AES256")
		in.SSECustomerKey = aws.String(base64.StdEncoding.EncodeToString(o.SSE.CustomerKey[:]))
		sum := md5.Sum(o.SSE.CustomerKey[:])
		in.SSECustomerKeyMD5 = aws.String(base64.StdEncoding.EncodeToString(sum[:]))
	}
	if o.Lock.set() {
		until, _ := time.Parse(time.RFC3339, o.Lock.RetainUntil)
		in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockModeGovernance, &until
		if o.Lock.LegalHold {
			in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn
		}
	}
	if len(o.Digest) != 0 {
		value := base64.StdEncoding.EncodeToString(o.Digest)
		*map[Algorithm]**string{CRC32: &in.ChecksumCRC32, CRC32C: &in.ChecksumCRC32C, CRC64NVME: &in.ChecksumCRC64NVME,
			SHA1: &in.ChecksumSHA1, SHA256: &in.ChecksumSHA256, ContentMD5: &in.ContentMD5}[o.Algorithm] = &value
	}
	return in
}

// sdkCreate has the same words for CreateMultipartUpload.
func sdkCreate(o *Object, put *awss3.PutObjectInput) *awss3.CreateMultipartUploadInput {
	in := &awss3.CreateMultipartUploadInput{
		Bucket: put.Bucket, Key: put.Key, ContentType: put.ContentType, CacheControl: put.CacheControl, ContentDisposition: put.ContentDisposition,
		ContentEncoding: put.ContentEncoding, ContentLanguage: put.ContentLanguage, ACL: put.ACL, StorageClass: put.StorageClass,
		WebsiteRedirectLocation: put.WebsiteRedirectLocation, ExpectedBucketOwner: put.ExpectedBucketOwner, ServerSideEncryption: put.ServerSideEncryption,
		SSEKMSKeyId: put.SSEKMSKeyId, SSEKMSEncryptionContext: put.SSEKMSEncryptionContext, BucketKeyEnabled: put.BucketKeyEnabled,
		SSECustomerAlgorithm: put.SSECustomerAlgorithm, SSECustomerKey: put.SSECustomerKey, SSECustomerKeyMD5: put.SSECustomerKeyMD5,
		Metadata: put.Metadata, Tagging: put.Tagging,
		ObjectLockMode: put.ObjectLockMode, ObjectLockRetainUntilDate: put.ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus: put.ObjectLockLegalHoldStatus,
	}
	if o.Algorithm.Stored() {
		in.ChecksumAlgorithm = types.ChecksumAlgorithm(o.Algorithm.String())
	}
	return in
}

// sdkComplete has the same words for CompleteMultipartUpload of n parts that
// all have the object's digest, and puts the parts into ours.
func sdkComplete(t *testing.T, o *Object, put *awss3.PutObjectInput, id *string, n int, ours *PartList) *awss3.CompleteMultipartUploadInput {
	t.Helper()
	in := &awss3.CompleteMultipartUploadInput{
		Bucket: put.Bucket, Key: put.Key, UploadId: id, ExpectedBucketOwner: put.ExpectedBucketOwner, IfNoneMatch: put.IfNoneMatch,
		MpuObjectSize: aws.Int64(77), MultipartUpload: &types.CompletedMultipartUpload{},
		SSECustomerAlgorithm: put.SSECustomerAlgorithm, SSECustomerKey: put.SSECustomerKey, SSECustomerKeyMD5: put.SSECustomerKeyMD5,
	}
	if o.Algorithm == CRC64NVME {
		in.ChecksumCRC64NVME, in.ChecksumType = put.ChecksumCRC64NVME, types.ChecksumTypeFullObject
	}
	for i := range n {
		etag := fmt.Sprintf(`"e<&%d>"`, i)
		set(t, ours, uint16(i+1), etag, o.Digest)
		in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, types.CompletedPart{
			ETag: &etag, PartNumber: aws.Int32(int32(i + 1)), ChecksumCRC32: put.ChecksumCRC32, ChecksumCRC32C: put.ChecksumCRC32C,
			ChecksumCRC64NVME: put.ChecksumCRC64NVME, ChecksumSHA1: put.ChecksumSHA1, ChecksumSHA256: put.ChecksumSHA256,
		})
	}
	return in
}

// The SDK of AWS, given the same object, sends the same method, path, query
// and headers: an independent reading of the service model.
func TestAddress_agreesWithSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	judge, ctx := newSDKJudge(), context.Background()
	a := resolved(t, owned)
	var r Request
	same := func(o *Object, err, sdkErr error) {
		t.Helper()
		if err != nil || sdkErr != nil {
			t.Fatalf("%v of %+v: error %v, the SDK's %v", r.Op, o, err, sdkErr)
		}
		if got, want := ourWire(&r), judge.wire(); got != want {
			t.Fatalf("%v of %+v is worded as\n%s\nand by the SDK as\n%s", r.Op, o, got, want)
		}
	}
	for range 400 {
		o := randomObject(random)
		put := sdkPut(o)
		bucket, key, owner, id := put.Bucket, put.Key, put.ExpectedBucketOwner, aws.String("U/1+ 2")

		_, sdkErr := judge.client.PutObject(ctx, put)
		same(o, a.PutObject(&r, o), sdkErr)

		_, sdkErr = judge.client.CreateMultipartUpload(ctx, sdkCreate(o, put))
		same(o, a.CreateMultipartUpload(&r, o), sdkErr)

		number := uint16(1 + random.IntN(MaxParts))
		_, sdkErr = judge.client.UploadPart(ctx, &awss3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: id, PartNumber: aws.Int32(int32(number)), Body: strings.NewReader(""), ExpectedBucketOwner: owner,
			SSECustomerAlgorithm: put.SSECustomerAlgorithm, SSECustomerKey: put.SSECustomerKey, SSECustomerKeyMD5: put.SSECustomerKeyMD5,
			ContentMD5: put.ContentMD5, ChecksumCRC32: put.ChecksumCRC32, ChecksumCRC32C: put.ChecksumCRC32C,
			ChecksumCRC64NVME: put.ChecksumCRC64NVME, ChecksumSHA1: put.ChecksumSHA1, ChecksumSHA256: put.ChecksumSHA256,
		})
		same(o, a.UploadPart(&r, o, *id, number, o.Digest), sdkErr)

		_, sdkErr = judge.client.ListParts(ctx, &awss3.ListPartsInput{Bucket: bucket, Key: key, UploadId: id, ExpectedBucketOwner: owner,
			MaxParts: aws.Int32(7), PartNumberMarker: aws.String("12"),
			SSECustomerAlgorithm: put.SSECustomerAlgorithm, SSECustomerKey: put.SSECustomerKey, SSECustomerKeyMD5: put.SSECustomerKeyMD5})
		same(o, a.ListParts(&r, o, *id, 12, 7), sdkErr)

		var parts PartList
		_, sdkErr = judge.client.CompleteMultipartUpload(ctx, sdkComplete(t, o, put, id, 1+random.IntN(3), &parts))
		same(o, a.CompleteMultipartUpload(&r, o, *id, &parts, 77), sdkErr)
		if got, want := partsOf(t, r.Body), partsOf(t, judge.body); got != want {
			t.Fatalf("CompleteMultipartUpload has the body\n%s\nand by the SDK\n%s", got, want)
		}

		_, sdkErr = judge.client.ListMultipartUploads(ctx, &awss3.ListMultipartUploadsInput{Bucket: bucket, ExpectedBucketOwner: owner, Prefix: key,
			KeyMarker: key, UploadIdMarker: id, MaxUploads: aws.Int32(9), EncodingType: types.EncodingTypeUrl})
		same(o, a.ListMultipartUploads(&r, *key, *key, *id, 9), sdkErr)

		_, sdkErr = judge.client.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: id, ExpectedBucketOwner: owner})
		same(o, a.AbortMultipartUpload(&r, o, *id), sdkErr)

		_, sdkErr = judge.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: bucket, Key: key, ExpectedBucketOwner: owner})
		same(o, a.DeleteObject(&r, o), sdkErr)

		head := &awss3.HeadObjectInput{Bucket: bucket, Key: key, ExpectedBucketOwner: owner,
			SSECustomerAlgorithm: put.SSECustomerAlgorithm, SSECustomerKey: put.SSECustomerKey, SSECustomerKeyMD5: put.SSECustomerKeyMD5}
		if o.Algorithm.Stored() {
			head.ChecksumMode = types.ChecksumModeEnabled
		}
		_, sdkErr = judge.client.HeadObject(ctx, head)
		same(o, a.HeadObject(&r, o), sdkErr)
	}
}

// partsOf reads the body of CompleteMultipartUpload with encoding/xml.
func partsOf(t *testing.T, body []byte) string {
	t.Helper()
	type part struct {
		PartNumber                                                                           int
		ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 string
	}
	var all struct {
		XMLName xml.Name
		Part    []part
	}
	if err := xml.Unmarshal(body, &all); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	return fmt.Sprintf("%+v", all)
}
