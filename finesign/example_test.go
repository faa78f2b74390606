package finesign_test

import (
	"errors"
	"log/slog"
	"net/http"
	"os"

	"github.com/bucketline/bucketline/finesign"
)

// A page that uploads with Fine Uploader to a bucket of its own, each person
// below a prefix. In the page:
//
//	new qq.s3.FineUploader({
//	    request: { endpoint: "https://photos.s3.eu-west-1.amazonaws.com", accessKey: "AKIA…" },
//	    objectProperties: { bucket: "photos", region: "eu-west-1", key: id => "users/42/" + uploader.getUuid(id) },
//	    signature: { endpoint: "/s3/signature", version: 4 },
//	    validation: { sizeLimit: 100 * 1024 * 1024 },
//	    chunking: { enabled: true },
//	})
func Example() {
	handler, err := finesign.New(finesign.Config{
		AccessKeyID:     os.Getenv("UPLOADS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("UPLOADS_SECRET_ACCESS_KEY"),
		Region:          "eu-west-1",
		Addresses:       []string{"{bucket}.s3.eu-west-1.amazonaws.com"},
		Scope: func(r *http.Request) (finesign.Scope, error) {
			user, ok := signedIn(r)
			if !ok {
				return finesign.Scope{}, errors.New("nobody is signed in")
			}
			return finesign.Scope{Bucket: "photos", Prefix: "users/" + user + "/", MaxSize: 100 << 20}, nil
		},
		Refused: func(r *http.Request, err error) {
			slog.WarnContext(r.Context(), "not signed", "remote", r.RemoteAddr, "error", err)
		},
	})
	if err != nil {
		slog.Error("set up the signer", "error", err)
		return
	}
	http.Handle("/s3/signature", handler)
}

// signedIn is whatever the application has: a session, a header of its proxy.
func signedIn(r *http.Request) (user string, ok bool) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return "", false
	}
	user, ok = map[string]string{"a session of user 42": "42"}[cookie.Value]
	return user, ok
}
