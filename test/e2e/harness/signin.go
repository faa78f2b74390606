package harness

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/devstack"
)

// IDToken signs a user of a dev stack in as a page does, code and PKCE (RFC
// 7636), with the real password in the provider's real form, and returns the ID
// token. The demo page's tests do it in a browser.
func IDToken(t testing.TB, e devstack.Endpoints, user string) string {
	t.Helper()
	var password string
	for _, u := range e.Users {
		if u.Name == user {
			password = u.Password
		}
	}
	client := http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), e.Page) {
			return http.ErrUseLastResponse // the redirect to the page has the code
		}
		return nil
	}}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	resp, err := client.Get(e.Issuer + "/authorize?" + url.Values{
		"client_id": {e.ClientID}, "redirect_uri": {e.Page}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"state": {"s"}, "nonce": {"n"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	form := resp.Request.URL // of the sign-in form
	resp, err = client.PostForm(e.Issuer+form.Path, url.Values{
		"id": {form.Query().Get("id")}, "user": {user}, "password": {password},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("sign %s in: %s from %v", user, resp.Status, resp.Request.URL)
	}
	resp, err = client.PostForm(e.Issuer+"/oauth/token", url.Values{
		"client_id": {e.ClientID}, "redirect_uri": {e.Page}, "grant_type": {"authorization_code"},
		"code": {back.Query().Get("code")}, "code_verifier": {verifier},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.IDToken == "" {
		t.Fatalf("sign %s in: %s, no ID token: %v", user, resp.Status, err)
	}
	return answer.IDToken
}
