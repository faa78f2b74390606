package bucketline_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bucketline/bucketline"
)

// Credentials are judged by the clock of who gave them, where that is known: the
// first request has its date.
func TestCredentials_skew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(file, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, skew := range []time.Duration{24 * time.Hour, -24 * time.Hour, 20 * time.Minute, -20 * time.Minute} {
		for how, set := range map[string]func(c *bucketline.Config, given bucketline.Credentials){
			"to begin with": func(c *bucketline.Config, given bucketline.Credentials) { c.Credentials = given },
			"when they are asked for": func(c *bucketline.Config, given bucketline.Credentials) {
				c.CredentialsExpired = func(context.Context) (bucketline.Credentials, error) { return given, nil }
			},
		} {
			dates := make(chan string, 10)
			store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				dates <- r.Header.Get("X-Amz-Date")
				w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
				w.Header().Set("ETag", `"e"`)
			}))
			c := bucketline.Config{Bucket: "photos", Region: "eu-west-1", Endpoint: store.URL, PathStyle: true}
			set(&c, bucketline.Credentials{
				AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token",
				Expiration: time.Now().Add(skew + time.Hour), Skew: skew,
			})
			if _, err := open(t, c).UploadFile(t.Context(), file, bucketline.Object{Key: "a.txt"}); err != nil {
				t.Errorf("%v, %s: %v", skew, how, err)
			}
			store.Close()
			close(dates)
			for date := range dates {
				at, err := time.Parse("20060102T150405Z", date)
				if d := at.Sub(time.Now().Add(skew)); err != nil || d.Abs() > 3*time.Minute {
					t.Errorf("%v, %s: a request of %s, %v", skew, how, date, err)
				}
			}
		}
	}
}
