package security

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func escapedWhole(s string) string { return string(s3.AppendEscaped(nil, s, false)) }

// create begins an upload in parts and returns its ID.
func (w *world) create(t *testing.T, c sign.Credentials, key string) string {
	t.Helper()
	got := w.must(t, attack{method: "POST", path: "/" + w.bucket + "/" + escaped(key), query: []s3.Field{{Name: "uploads"}}}, c)
	var made struct{ UploadId string }
	if err := xml.Unmarshal([]byte(got.body), &made); err != nil || made.UploadId == "" {
		t.Fatalf("create an upload: %v: %v", got, err)
	}
	return made.UploadId
}

// uploadRequests are all that can be done to an upload.
func uploadRequests(at, uploadID string) []attack {
	id := s3.Field{Name: "uploadId", Value: uploadID}
	complete := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + md5OfSecret() + "</ETag></Part></CompleteMultipartUpload>"
	return []attack{
		{method: "PUT", path: at, query: []s3.Field{{Name: "partNumber", Value: "1"}, id}, body: "alice was here"},
		{method: "PUT", path: at, query: []s3.Field{{Name: "partNumber", Value: "2"}, id}, body: "alice was here"},
		{method: "GET", path: at, query: []s3.Field{id}},
		{method: "POST", path: at, query: []s3.Field{id}, body: complete},
		{method: "DELETE", path: at, query: []s3.Field{id}},
	}
}

// refusesOrAbortsNothing wants a refusal. CompleteMultipartUpload may say 200
// first and fail then, and MinIO says 204 to an abort of what is not there.
func (w *world) refusesOrAbortsNothing(t *testing.T, a attack) {
	t.Helper()
	got := w.send(t, a, w.alice, ways[0], a.path)
	nothing := w.folder == "" && a.method == http.MethodDelete && got.status == http.StatusNoContent
	if !got.refused() && !nothing && !strings.Contains(got.body, "<Error>") {
		t.Errorf("%v: %v, want a refusal", a, got)
	}
	w.silent(t, a, got)
}

func md5OfSecret() string {
	sum := md5.Sum([]byte(secret))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// Knowing the ID of another's upload helps nobody.
func TestMultipart_ofOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		for _, a := range uploadRequests("/"+w.bucket+"/"+bobsKey, w.bobsUpload) {
			w.refuses(t, a)
			w.unharmed(t, a.String(), was)
		}
		// Under a key of her own, the ID is nobody's.
		for _, a := range uploadRequests("/"+w.bucket+"/"+ownPrefix+"mine.bin", w.bobsUpload) {
			w.refusesOrAbortsNothing(t, a)
			w.unharmed(t, a.String(), was)
		}
		if keys := w.own(t); len(keys) > 0 {
			t.Errorf("there is now %q", keys)
		}
		// Bob's own upload still ends well.
		etag := was["part 1 of bob's upload"]
		complete := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag + "</ETag></Part></CompleteMultipartUpload>"
		w.must(t, attack{method: "POST", path: "/" + w.bucket + "/" + bobsKey, query: []s3.Field{{Name: "uploadId", Value: w.bobsUpload}}, body: complete}, w.bob)
	})
}

// An upload ID that is a path: to another's upload, and to where the store keeps
// its objects.
func TestMultipart_idsThatArePaths(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bobs := sha256.Sum256([]byte(bobsKey))
		was := w.outside(t)
		for _, id := range []string{
			"..", ".", "", "../..", "/", "*",
			"../" + hex.EncodeToString(bobs[:]) + "/" + w.bobsUpload,
			"../" + hex.EncodeToString(bobs[:]),
			"./" + w.bobsUpload,
			"../../../users/bob", "../../../users/bob/secret.txt", "../../../secret.txt", "../../../users",
			"../../../../" + w.foreign, "../../../../" + w.foreign + "/users/bob",
			"../../../../../outside", "/etc", `..\..\..\users\bob`,
			w.bobsUpload + "/.", w.bobsUpload + "\x00", w.bobsUpload + "/1",
			"%2e%2e%2f%2e%2e%2f%2e%2e%2fusers%2fbob",
		} {
			for _, key := range []string{ownPrefix + "mine.bin", ownPrefix + "deep/mine.bin"} {
				// There is an upload, so that there is a folder to go out of.
				upload := w.create(t, w.alice, key)
				for _, one := range []string{id, upload + "/../" + id} {
					for _, a := range uploadRequests("/"+w.bucket+"/"+key, one) {
						if one == "" && a.method == "GET" {
							continue // without an ID it asks for the object
						}
						w.refusesOrAbortsNothing(t, a)
						w.unharmed(t, a.String(), was)
					}
				}
			}
		}
	})
}
