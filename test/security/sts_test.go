package security

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

// assume asks the STS, and returns the credentials that it gave, if any.
func (w *world) assume(t testing.TB, form url.Values) (c sign.Credentials, got answer) {
	t.Helper()
	resp, err := http.PostForm(w.sts, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var given struct {
		ID      string `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
		Secret  string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
		Session string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	}
	xml.Unmarshal(body, &given) // a refusal has none of them
	c = sign.Credentials{AccessKeyID: given.ID, SecretAccessKey: given.Secret, SessionToken: given.Session}
	return c, answer{resp.StatusCode, resp.Header, string(body)}
}

// form is a good request.
func (w *world) form(token string) url.Values {
	return url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {w.roleARN},
		"RoleSessionName": {"test"}, "WebIdentityToken": {token}, "DurationSeconds": {"900"},
	}
}

func (w *world) mustAssume(t testing.TB, token string) sign.Credentials {
	t.Helper()
	c, got := w.assume(t, w.form(token))
	if c.SessionToken == "" {
		t.Fatalf("%s: sign in: %v", w.name, got)
	}
	return c
}

// changed is a good request with other values: none means that the parameter is
// left out.
func (w *world) changed(name string, values ...string) url.Values {
	form := w.form(w.token)
	delete(form, name)
	if len(values) > 0 {
		form[name] = values
	}
	return form
}

func TestSTS_refusesWhatIsNotATokenOfItsProvider(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mustAssume(t, w.token)
		header, claims, signature := cut(t, w.token)
		_, bobs, _ := cut(t, w.bobsToken)
		own := newIssuer(t)
		asWas := decoded(t, claims)
		foreign := asWas.with("iss", own.server.URL)
		kid := decoded(t, header)
		tokens := map[string]string{
			"bob's claims under alice's signature": header + "." + bobs + "." + signature,
			"a subject changed":                    header + "." + asWas.with("sub", "bob").encoded(t) + "." + signature,
			"an end moved":                         header + "." + asWas.with("exp", asWas["exp"].(float64)+3600).encoded(t) + "." + signature,
			"a signature with a bit changed":       header + "." + claims + "." + flipped(t, signature),
			"no signature":                         header + "." + claims + ".",
			"no signature and no dot":              header + "." + claims,
			"alg none":                             kid.with("alg", "none").encoded(t) + "." + claims + ".",
			"alg None":                             kid.with("alg", "None").encoded(t) + "." + claims + ".",
			"alg none with the signature":          kid.with("alg", "none").encoded(t) + "." + claims + "." + signature,
			"alg none with bob's claims":           kid.with("alg", "none").encoded(t) + "." + bobs + ".",
			"another's key under the same kid":     own.token(t, kid, asWas),
			"another's key under no kid":           own.token(t, object{"alg": "RS256"}, asWas),
			"another's key under its address":      own.token(t, kid.with("jku", own.server.URL+"/keys"), asWas),
			"another's key in the header":          own.token(t, kid.with("jwk", own.jwk()), asWas),
			"another issuer":                       own.token(t, object{"alg": "RS256", "kid": "1"}, foreign),
			"a kid that is a path":                 own.token(t, kid.with("kid", "../../../../dev/null"), asWas),
			"HS256 with the provider's public key": own.hmac(t, w.provider.Issuer, kid, asWas.with("sub", "bob")),
			"an access token's worth of noise":     "bm9pc2U.bm9pc2U.bm9pc2U",
			"a token and another":                  w.token + "." + w.bobsToken,
			"an empty token":                       "",
		}
		for name, token := range tokens {
			if c, got := w.assume(t, w.form(token)); c.AccessKeyID != "" || !got.refused() {
				t.Errorf("%s: %v, want a refusal", name, got)
			}
		}
	})
}

// MinIO trusts the page's client alone; the dev stack the command line's too, and
// its own test has a token for a third (devstack, TestSTS_trustsNoOtherIDToken).
func TestSTS_refusesAnotherAudience(t *testing.T) {
	stack, _, store := startStores(t, 15*time.Minute)
	w := newMinIOWorld(t, stack, store)
	e := w.provider
	token := commandLineToken(t, e, "alice")
	_, claims, _ := cut(t, token)
	if audience := decoded(t, claims)["aud"]; !strings.Contains(fmt.Sprint(audience), e.CLIClientID) {
		t.Fatalf("the token is for %v", audience)
	}
	if c, got := w.assume(t, w.form(token)); c.AccessKeyID != "" || !got.refused() {
		t.Errorf("a token for the command line: %v, want a refusal", got)
	}
	w.mustAssume(t, w.token)
}

func TestSTS_refusesATokenThatHasEnded(t *testing.T) {
	stack, folder, store := startStores(t, time.Second)
	token := harness.IDToken(t, stack.Endpoints(), "alice")
	_, claims, _ := cut(t, token)
	ends := time.Unix(int64(decoded(t, claims)["exp"].(float64)), 0)
	for time.Now().Before(ends) {
		time.Sleep(50 * time.Millisecond)
	}
	e := stack.Endpoints()
	for _, w := range []*world{
		{name: "dev stack", sts: e.STS, roleARN: e.RoleARN, folder: folder},
		{name: "MinIO", sts: store.Endpoint, roleARN: store.RoleARN},
	} {
		c, got := w.assume(t, w.form(token))
		if c.AccessKeyID != "" || !got.refused() || !strings.Contains(got.body, "xpired") {
			t.Errorf("%s: %v, want it to say that the token has expired", w.name, got)
		}
	}
}

func TestSTS_refusesARoleThatIsNotOfTheToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, form := range map[string]url.Values{
			"a role of another account": w.changed("RoleArn", "arn:aws:iam::999988887777:role/bucketline-dev"),
			"a role that is no role":    w.changed("RoleArn", "arn:aws:iam::111122223333:user/root"),
			"MinIO's form of a role":    w.changed("RoleArn", "arn:minio:iam:::role/nothing-of-that-name-here"),
			"a pattern":                 w.changed("RoleArn", "arn:aws:iam::111122223333:role/*"),
			"the role and something":    w.changed("RoleArn", w.roleARN+"/admin"),
			"two roles":                 w.changed("RoleArn", "arn:aws:iam::999988887777:role/bucketline-dev", w.roleARN),
			"another action":            w.changed("Action", "AssumeRoleWithSAML"),
			"no action":                 w.changed("Action"),
			"root's action":             w.changed("Action", "AssumeRole"),
			"another version":           w.changed("Version", "1999-01-01"),
			"no token":                  w.changed("WebIdentityToken"),
			"a life of no time":         w.changed("DurationSeconds", "0"),
			"a life backwards":          w.changed("DurationSeconds", "-900"),
			"a life of ages":            w.changed("DurationSeconds", "999999999"),
		} {
			if c, got := w.assume(t, form); c.AccessKeyID != "" || !got.refused() {
				t.Errorf("%s: %v, want a refusal", name, got)
			}
		}
	})
}

// A session policy is the caller's: whatever it says, it gives nothing that the
// role does not.
func TestSTS_sessionPolicyWidensNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		own := "/" + w.bucket + "/" + ownPrefix + "mine.txt"
		w.must(t, attack{method: "PUT", path: own, body: "mine"}, w.alice)
		for name, policy := range map[string]string{
			"everything":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}`,
			"bob's":       `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":["arn:aws:s3:::` + w.bucket + `/users/bob/*","arn:aws:s3:::` + w.bucket + `/users/alice/*"]}]}`,
			"the buckets": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::` + w.foreign + `","arn:aws:s3:::` + w.foreign + `/*","arn:aws:s3:::` + w.bucket + `/*"]}]}`,
		} {
			wider, got := w.assume(t, w.changed("Policy", policy))
			if wider.AccessKeyID == "" {
				t.Errorf("%s: %v, want credentials that are no wider", name, got)
				continue
			}
			for _, a := range []attack{
				{method: "GET", path: "/" + w.bucket + "/" + bobsKey},
				{method: "PUT", path: "/" + w.bucket + "/" + bobsKey, body: "alice was here"},
				{method: "DELETE", path: "/" + w.bucket + "/" + bobsKey},
				{method: "GET", path: "/" + w.bucket + "/secret.txt"},
				{method: "PUT", path: "/" + w.foreign + "/" + ownPrefix + "new.txt", body: "alice was here"},
				{method: "GET", path: "/" + w.foreign + "/secret.txt"},
				{method: "GET", path: "/" + w.bucket, query: []s3.Field{{Name: "prefix", Value: "users/bob/"}}},
				{method: "GET", path: "/" + w.bucket, query: []s3.Field{{Name: "uploads"}}},
				{method: "DELETE", path: "/" + w.bucket + "/" + bobsKey, query: []s3.Field{{Name: "uploadId", Value: w.bobsUpload}}},
			} {
				if got := w.send(t, a, wider, ways[0], a.path); !got.refused() {
					t.Errorf("with a session policy for %s: %v: %v, want a refusal", name, a, got)
				}
			}
			if got := w.send(t, attack{method: "GET", path: own}, wider, ways[0], own); got.body != "mine" {
				t.Errorf("with a session policy for %s, her own: %v", name, got)
			}
			w.unharmed(t, "a session policy for "+name, was)
		}

		// And it narrows.
		narrow, got := w.assume(t, w.changed("Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::`+w.bucket+`/users/alice/other/*"]}]}`))
		if narrow.AccessKeyID == "" {
			t.Fatalf("a narrow session policy: %v", got)
		}
		for _, a := range []attack{{method: "GET", path: own}, {method: "PUT", path: own, body: "x"}} {
			if got := w.send(t, a, narrow, ways[0], a.path); !got.refused() {
				t.Errorf("with a narrow session policy: %v: %v, want a refusal", a, got)
			}
		}
	})
}
