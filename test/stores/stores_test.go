package stores_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/bucketline/bucketline/test/stores"
)

const key = "u/42/a b+ü📦%.txt"

// put stores text under key and returns what S3 made of it.
func put(t *testing.T, c *minio.Client, bucket, text string) error {
	t.Helper()
	_, err := c.PutObject(t.Context(), bucket, key, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{
		ContentType:  "text/plain; charset=utf-8",
		CacheControl: "max-age=60",
		UserMetadata: map[string]string{"album": "x"},
	})
	return err
}

func TestMinIO_storesWhatBothVersionsSign(t *testing.T) {
	s := stores.MinIO(t)
	for version, client := range map[string]*minio.Client{"4": s.Client(t), "2": s.ClientV2(t)} {
		t.Run("version "+version, func(t *testing.T) {
			bucket := s.Bucket(t)
			text := "signed with version " + version
			if err := put(t, client, bucket, text); err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(text))
			o := s.Object(t, bucket, key)
			if o.Size != int64(len(text)) || o.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("%d bytes with SHA-256 %s, want %d with %x", o.Size, o.SHA256, len(text), sum)
			}
			if o.ContentType != "text/plain; charset=utf-8" || o.CacheControl != "max-age=60" || o.Metadata["album"] != "x" {
				t.Errorf("got %+v", o)
			}
			if len(o.ETag) != 32 {
				t.Errorf("ETag %q", o.ETag)
			}
			if keys := s.Keys(t, bucket, "u/"); !slices.Equal(keys, []string{key}) {
				t.Errorf("keys %q", keys)
			}
		})
	}
}

func TestMinIO_refusesAWrongSecret(t *testing.T) {
	s := stores.MinIO(t)
	bucket := s.Bucket(t)
	wrong := *s
	wrong.SecretAccessKey += "x"
	for version, client := range map[string]*minio.Client{"4": wrong.Client(t), "2": wrong.ClientV2(t)} {
		got := minio.ToErrorResponse(put(t, client, bucket, "x"))
		if got.StatusCode != http.StatusForbidden || got.Code != "SignatureDoesNotMatch" {
			t.Errorf("version %s: %d %s, want 403 SignatureDoesNotMatch", version, got.StatusCode, got.Code)
		}
	}
	if keys := s.Keys(t, bucket, ""); len(keys) > 0 {
		t.Errorf("stored all the same: %q", keys)
	}
}

func TestMinIO_virtualHost(t *testing.T) {
	s := stores.MinIO(t)
	bucket := s.Bucket(t)
	if err := put(t, s.Client(t), bucket, "x"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Client(t).Presign(t.Context(), http.MethodGet, bucket, key, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The same object, once by its path and once by the name of its host.
	for host, path := range map[string]string{
		u.Host:                                   signed.EscapedPath(),
		bucket + "." + s.Domain + ":" + u.Port(): strings.TrimPrefix(signed.EscapedPath(), "/"+bucket),
	} {
		req, err := http.NewRequest(http.MethodGet, s.Endpoint+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		// Unsigned, hence refused; but MinIO says which object it refuses.
		if !strings.Contains(string(body), "<BucketName>"+bucket+"<") || !strings.Contains(string(body), "<Key>u/42/") {
			t.Errorf("host %s: %s", host, body)
		}
	}
}

func TestStart_regionAndOpenID(t *testing.T) {
	idp := newProvider(t)
	s := stores.Start(t, stores.Config{
		Region: "eu-west-1",
		OpenID: &stores.OpenID{ConfigURL: idp.URL + "/.well-known/openid-configuration", ClientID: "page", Policy: "readwrite"},
	})
	bucket := s.Bucket(t)
	if s.Endpoint == stores.MinIO(t).Endpoint {
		t.Error("the same MinIO as everybody's")
	}
	assume := func(token string) (credentials.Value, error) {
		web, err := credentials.NewSTSWebIdentity(s.Endpoint, func() (*credentials.WebIdentityToken, error) {
			return &credentials.WebIdentityToken{Token: token, Expiry: 900}, nil
		}, func(i *credentials.STSWebIdentity) { i.RoleARN = s.RoleARN })
		if err != nil {
			t.Fatal(err)
		}
		return web.GetWithContext(&credentials.CredContext{Client: http.DefaultClient})
	}

	got, err := assume(idp.token("page"))
	if err != nil {
		t.Fatal(err)
	}
	user := *s
	user.AccessKeyID, user.SecretAccessKey, user.SessionToken = got.AccessKeyID, got.SecretAccessKey, got.SessionToken
	if err := put(t, user.Client(t), bucket, "temporary"); err != nil {
		t.Errorf("with temporary credentials: %v", err)
	}
	user.SessionToken = ""
	if err := put(t, user.Client(t), bucket, "temporary"); err == nil {
		t.Error("temporary credentials do without their token")
	}
	if _, err := assume(idp.token("another")); err == nil {
		t.Error("a token for another audience is accepted")
	}
	other := *s
	other.Region = "us-east-1"
	if code := minio.ToErrorResponse(put(t, other.Client(t), bucket, "x")).Code; code != "AuthorizationHeaderMalformed" {
		t.Errorf("another region: %q, want AuthorizationHeaderMalformed", code)
	}
}

// provider is as much of an OpenID provider as a store asks for: discovery,
// keys, and ID tokens signed with RS256.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// token is an ID token for an audience, good for an hour.
func (p *provider) token(audience string) string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{"iss": p.URL, "sub": "alice", "aud": audience, "iat": now, "exp": now + 3600})
	text := encode([]byte(`{"alg":"RS256","typ":"JWT","kid":"1"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(fmt.Sprint("sign: ", err))
	}
	return text + "." + encode(signature)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
