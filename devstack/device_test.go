package devstack

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// deviceAnswer is what a device is told (RFC 8628, section 3.2).
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
	Error      string `json:"error"`
}

// askDevice asks for a sign-in without a browser.
func askDevice(t testing.TB, s *Stack, client *http.Client, id string) (deviceAnswer, int) {
	t.Helper()
	got := postForm(t, client, s.Endpoints().Issuer+"/device_authorization", url.Values{"client_id": {id}, "scope": {"openid offline_access"}})
	var a deviceAnswer
	if err := json.Unmarshal([]byte(got.body), &a); err != nil {
		t.Fatalf("%d %s: %v", got.StatusCode, got.body, err)
	}
	return a, got.StatusCode
}

// fetch asks once whether somebody has let the device in.
func (a deviceAnswer) fetch(t testing.TB, s *Stack, c *http.Client, id string) tokens {
	t.Helper()
	out, _ := token(t, s, c, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {a.DeviceCode}, "client_id": {id},
	})
	return out
}

// decide sends the form of the page.
func decide(t testing.TB, s *Stack, c *http.Client, code string, u User, choice string) reply {
	t.Helper()
	return postForm(t, c, s.Endpoints().Issuer+devicePath, url.Values{
		"code": {code}, "user": {u.Name}, "password": {u.Password}, "choice": {choice},
	})
}

// poll is long enough for a device to ask again.
func poll(a deviceAnswer) { time.Sleep(time.Duration(a.Interval) * time.Second) }

// The whole way of RFC 8628: a code, a person who types it, tokens, and a
// refresh that goes on from them.
func TestDevice_signsIn(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	a, _ := askDevice(t, s, c, cliClient)
	if a.URI != s.Endpoints().Issuer+"/device" || a.Complete != a.URI+"?user_code="+a.UserCode || a.ExpiresIn != 600 || a.Interval != 1 {
		t.Fatalf("answer %+v", a)
	}
	if got := a.fetch(t, s, c, cliClient); got.Error != "authorization_pending" {
		t.Errorf("before anybody came: %q", got.Error)
	}
	page := do(t, c, request(t, http.MethodGet, a.Complete, nil))
	for _, want := range []string{`value="` + a.UserCode + `"`, "bucketline-cli asks to sign in as you."} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q: %s", want, page.body)
		}
	}
	typed := strings.ToLower(strings.ReplaceAll(a.UserCode, "-", " "))
	if got := decide(t, s, c, typed, user(t, s, "bob"), "allow"); !strings.Contains(got.body, "The device is signed in") {
		t.Fatalf("page: %d %s", got.StatusCode, got.body)
	}
	poll(a)
	if got := a.fetch(t, s, c, pageClient); got.IDToken != "" {
		t.Error("another client got the device's tokens")
	}
	poll(a)
	got := a.fetch(t, s, c, cliClient)
	if got.IDToken == "" || got.RefreshToken == "" || claims(t, got.IDToken)["sub"] != "bob" {
		t.Fatalf("tokens of %v, error %q", got.IDToken != "", got.Error)
	}
	if again := a.fetch(t, s, c, cliClient); again.IDToken != "" {
		t.Error("a device code worked twice")
	}
	next, status := token(t, s, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.RefreshToken}, "client_id": {cliClient}})
	if status != http.StatusOK || claims(t, next.IDToken)["sub"] != "bob" {
		t.Errorf("refresh: %d %s", status, next.Error)
	}
	if got := callSTS(t, s, assumeForm(next.IDToken)); got.Status != http.StatusOK || got.Subject != "bob" {
		t.Errorf("STS: %d %s %s", got.Status, got.Code, got.Subject)
	}
}

// RFC 8628, section 3.5: who asks too often is told so, and has to slow down.
func TestDevice_asksTooOften(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	a, _ := askDevice(t, s, c, cliClient)
	slowed := func() bool {
		for range 20 { // a machine under load may leave a second between two of them
			if a.fetch(t, s, c, cliClient).Error == "slow_down" {
				return true
			}
		}
		return false
	}
	if !slowed() {
		t.Error("no slow_down, however often it asked")
	}
	poll(a)
	if !slowed() {
		t.Error("no slow_down after the first interval, though it is longer now")
	}
}

func TestDevice_refusals(t *testing.T) {
	s := open(t, Config{})
	c := client(t, s)
	alice := user(t, s, "alice")
	if a, status := askDevice(t, s, c, pageClient); status == http.StatusOK || a.DeviceCode != "" {
		t.Errorf("the page's client got a device code: %d", status)
	}

	denied, _ := askDevice(t, s, c, cliClient)
	if got := decide(t, s, c, denied.UserCode, alice, "deny"); !strings.Contains(got.body, "The device is not signed in") {
		t.Errorf("page: %s", got.body)
	}
	if got := denied.fetch(t, s, c, cliClient); got.Error != "access_denied" {
		t.Errorf("denied: %q", got.Error)
	}
	if got := decide(t, s, c, denied.UserCode, alice, "allow"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("allowed after it was denied: %d", got.StatusCode)
	}

	guessed, _ := askDevice(t, s, c, cliClient)
	wrong := User{Name: "alice", Password: "guess"}
	for i := range maxLoginTries {
		if got := decide(t, s, c, guessed.UserCode, wrong, "allow"); got.StatusCode != http.StatusForbidden {
			t.Errorf("guess %d: %d", i, got.StatusCode)
		}
	}
	if got := decide(t, s, c, guessed.UserCode, alice, "allow"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("after too many guesses: %d", got.StatusCode)
	}
	if got := guessed.fetch(t, s, c, cliClient); got.Error != "access_denied" {
		t.Errorf("after too many guesses: %q", got.Error)
	}
	for _, code := range []string{"", "BCDF", "BCDF-GHJK", "AAAA-AAAA", "<b>", strings.Repeat("B", 100)} {
		got := decide(t, s, c, code, alice, "allow")
		if got.StatusCode != http.StatusBadRequest || strings.Contains(got.body, "<b>") {
			t.Errorf("code %q: %d %s", code, got.StatusCode, got.body)
		}
	}
}

func TestDevice_codesEnd(t *testing.T) {
	s := open(t, Config{DeviceCodeLife: time.Second})
	c := client(t, s)
	a, _ := askDevice(t, s, c, cliClient)
	time.Sleep(1100 * time.Millisecond)
	if got := a.fetch(t, s, c, cliClient); got.Error != "expired_token" {
		t.Errorf("after its life: %q, want expired_token", got.Error)
	}
	if got := decide(t, s, c, a.UserCode, user(t, s, "alice"), "allow"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("allowed after its life: %d", got.StatusCode)
	}
}
