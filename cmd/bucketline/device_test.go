package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/oauth2"
	"rsc.io/qr"
)

func TestHasBrowser(t *testing.T) {
	for _, c := range []struct {
		system    string
		variables map[string]string
		want      bool
	}{
		{"linux", nil, false},
		{"linux", map[string]string{"DISPLAY": ":0"}, true},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, true},
		{"linux", map[string]string{"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, false},
		{"freebsd", nil, false},
		{"darwin", nil, true},
		{"darwin", map[string]string{"SSH_TTY": "/dev/ttys001"}, false},
		{"windows", nil, true},
		{"windows", map[string]string{"SSH_CLIENT": "10.0.0.1 1 22"}, false},
	} {
		if got := hasBrowser(c.system, func(name string) string { return c.variables[name] }); got != c.want {
			t.Errorf("hasBrowser(%s, %v) = %v, want %v", c.system, c.variables, got, c.want)
		}
	}
}

func TestInvite_answers(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	good := oauth2.DeviceAuthResponse{
		DeviceCode: "d", UserCode: "WDJB-MJHT", VerificationURI: "https://id.example/device",
		VerificationURIComplete: "https://id.example/device?user_code=WDJB-MJHT", Expiry: now.Add(time.Minute), Interval: 7,
	}
	for _, c := range []struct {
		name   string
		change func(*oauth2.DeviceAuthResponse)
		check  func(invitation) bool
		want   string
	}{
		{"all is well", func(*oauth2.DeviceAuthResponse) {}, func(i invitation) bool {
			return i.code == "WDJB-MJHT" && i.interval == 7*time.Second && i.until.Equal(now.Add(time.Minute)) && i.complete != ""
		}, ""},
		{"no pause is five seconds (RFC 8628, section 3.2)", func(a *oauth2.DeviceAuthResponse) { a.Interval = 0 }, func(i invitation) bool { return i.interval == 5*time.Second }, ""},
		{"the longest pause", func(a *oauth2.DeviceAuthResponse) { a.Interval = 600 }, func(i invitation) bool { return i.interval == 10*time.Minute }, ""},
		{"a longer pause", func(a *oauth2.DeviceAuthResponse) { a.Interval = 601 }, nil, "impossible pause"},
		{"a pause before it", func(a *oauth2.DeviceAuthResponse) { a.Interval = -1 }, nil, "impossible pause"},
		{"no end", func(a *oauth2.DeviceAuthResponse) { a.Expiry = time.Time{} }, func(i invitation) bool { return i.until.Equal(now.Add(deviceLife)) }, ""},
		{"an end that is now", func(a *oauth2.DeviceAuthResponse) { a.Expiry = now }, nil, "has ended already"},
		{"an end a moment from now", func(a *oauth2.DeviceAuthResponse) { a.Expiry = now.Add(1) }, func(i invitation) bool { return i.until.After(now) }, ""},
		{"an end in a year", func(a *oauth2.DeviceAuthResponse) { a.Expiry = now.AddDate(1, 0, 0) }, func(i invitation) bool { return i.until.Equal(now.Add(24 * time.Hour)) }, ""},
		{"no device code", func(a *oauth2.DeviceAuthResponse) { a.DeviceCode = "" }, nil, "no code to type"},
		{"no user code", func(a *oauth2.DeviceAuthResponse) { a.UserCode = " " }, nil, "no code to type"},
		{"the longest code", func(a *oauth2.DeviceAuthResponse) { a.UserCode = strings.Repeat("B", 64) }, func(i invitation) bool { return true }, ""},
		{"a longer code", func(a *oauth2.DeviceAuthResponse) { a.UserCode = strings.Repeat("B", 65) }, nil, "no code to type"},
		{"a code that moves the cursor", func(a *oauth2.DeviceAuthResponse) { a.UserCode = "AB\x1b[2J" }, nil, "no code to type"},
		{"no address", func(a *oauth2.DeviceAuthResponse) { a.VerificationURI = "" }, nil, "cannot be used"},
		{"an address in clear", func(a *oauth2.DeviceAuthResponse) { a.VerificationURI = "http://id.example/device" }, nil, "not https"},
		{"an address of a script", func(a *oauth2.DeviceAuthResponse) { a.VerificationURI = "javascript:alert(1)" }, nil, "cannot be used"},
		{"an address with a name before it", func(a *oauth2.DeviceAuthResponse) { a.VerificationURI = "https://id.example@evil.example/" }, nil, "cannot be used"},
		{"a complete address in clear is left out", func(a *oauth2.DeviceAuthResponse) { a.VerificationURIComplete = "http://evil.example/" }, func(i invitation) bool { return i.complete == "" }, ""},
	} {
		answer := good
		c.change(&answer)
		got, err := invite(&answer, now)
		switch {
		case c.want == "" && (err != nil || !c.check(got)):
			t.Errorf("%s: invite = %+v, %v", c.name, got, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: invite = %v, want %q in it", c.name, err, c.want)
		}
	}
}

// FuzzDeviceAnswer holds that whatever a provider answers, nothing is shown that
// a terminal obeys, nor the device code, and no pause or end that is impossible.
func FuzzDeviceAnswer(f *testing.F) {
	f.Add([]byte(`{"device_code":"GmRhmhcxhwAzkoEqiMEg","user_code":"WDJB-MJHT","verification_uri":"https://id.example/device","verification_uri_complete":"https://id.example/device?user_code=WDJB-MJHT","expires_in":1800,"interval":5}`))
	f.Add([]byte(`{"device_code":"d","user_code":"\u001b[2J","verification_url":"https://www.google.com/device","expires_in":9223372036854775807,"interval":-1}`))
	f.Add([]byte(`{"device_code":"d","user_code":"A","verification_uri":"http://127.0.0.1/%0a%1b","expires_in":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		now := time.Now()
		answer, err := parseDevice(data, now)
		if err != nil {
			return
		}
		told, err := invite(answer, now)
		if err != nil {
			return
		}
		if told.interval < time.Second || told.interval > maxDeviceInterval || !told.until.After(now) || told.until.After(now.Add(maxDeviceLife)) {
			t.Errorf("pause %v, until %v", told.interval, told.until.Sub(now))
		}
		text := told.text()
		if len(text) > 40*maxVerificationURI || !strings.Contains(text, told.code) {
			t.Errorf("text of %d bytes", len(text))
		}
		for _, r := range text {
			if r != '\n' && !unicode.IsPrint(r) && r != 0x200c && r != 0x200d {
				t.Errorf("%U is shown", r)
			}
		}
		if len(answer.DeviceCode) > maxVerificationURI && strings.Contains(text, answer.DeviceCode) {
			t.Error("the device code is shown")
		}
	})
}

// What quotes numbers is understood, and Google's own name for the address.
func TestParseDevice_kinds(t *testing.T) {
	now := time.Now()
	a, err := parseDevice([]byte(`{"device_code":"d","user_code":"A","verification_url":"https://www.google.com/device","expires_in":"900","interval":"5"}`), now)
	if err != nil || a.VerificationURI != "https://www.google.com/device" || !a.Expiry.Equal(now.Add(15*time.Minute)) || a.Interval != 5 {
		t.Errorf("%+v, %v", a, err)
	}
}

// deviceSignIn signs in at p, which answers its token endpoint by the list.
func deviceSignIn(t *testing.T, p *identityProvider, answers ...func() (int, map[string]any)) (*savedLogin, string, error) {
	t.Helper()
	n := 0
	p.token = func(url.Values) (int, map[string]any) {
		n++
		if n > len(answers) {
			return 0, nil
		}
		return answers[n-1]()
	}
	login := p.loginAt("https://sts.example", "")
	c, err := newProvider(t.Context(), &login)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	var out bytes.Buffer
	err = c.signInDevice(t.Context(), "https://api.example", &out, false)
	return &login, out.String(), err
}

func refusal(code string) func() (int, map[string]any) {
	return func() (int, map[string]any) { return http.StatusBadRequest, map[string]any{"error": code} }
}

// RFC 8628, sections 3.4 and 3.5, in the order in which it may come.
func TestDevice_polls(t *testing.T) {
	t.Parallel()
	p := newIdentityProvider(t)
	began := time.Now()
	login, out, err := deviceSignIn(t, p,
		refusal("authorization_pending"),
		func() (int, map[string]any) { return http.StatusServiceUnavailable, map[string]any{} },
		func() (int, map[string]any) { // Google's way to say it
			return http.StatusPreconditionRequired, map[string]any{"error": "authorization_pending"}
		},
		refusal("slow_down"),
	)
	if err != nil || login.Subject != "alice" || login.Name != "alice@example.com" || login.secrets.RefreshToken == "" {
		t.Fatalf("login %v: %v", login.Subject, err)
	}
	// Two pauses of a second, two of two after the failure, and one of seven.
	if took := time.Since(began); took < 12*time.Second {
		t.Errorf("five questions in %v, want the pauses kept", took)
	}
	for _, want := range []string{"  " + p.URL + "/device\n", "  WDJB-MJHT\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q: %s", want, out)
		}
	}
	leaks(t, out, "the-device-code", login.secrets.RefreshToken)
	if got := p.asked("/device_authorization")[0]; got.Get("audience") != "https://api.example" || got.Get("scope") != "openid" || got.Get("client_id") != "cli" {
		t.Errorf("asked for %v", got)
	}
	for _, form := range p.asked("/token") {
		if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" || form.Get("device_code") != "the-device-code" {
			t.Errorf("asked with %v", form)
		}
	}
}

func TestDevice_endings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer func() (int, map[string]any)
		want   string
	}{
		{refusal("access_denied"), "the sign-in was denied there"},
		{refusal("expired_token"), `the code has ended: run "bucketline login" again`},
		{refusal("invalid_client"), "give it with --client-secret-file"},
		{refusal("unsupported_grant_type"), "does not sign in this way"},
		{func() (int, map[string]any) { return 200, map[string]any{"access_token": "a"} }, "no ID token"},
	} {
		_, _, err := deviceSignIn(t, newIdentityProvider(t), c.answer)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q in it", err, c.want)
		}
	}
	for answer, want := range map[string]string{
		"null": "no code to type", "[]": "no JSON object", "<html>": "no JSON object", "{}": "no code to type", `{"device_code":"d","user_code":"A","interval":"x"}`: "no JSON object",
		strings.Repeat(" ", maxProviderAnswer+1): "too large",
	} {
		p := newIdentityProvider(t)
		p.device = answer
		if _, _, err := deviceSignIn(t, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q in it", answer, err, want)
		}
	}
	p := newIdentityProvider(t)
	p.extra = map[string]any{"device_authorization_endpoint": ""} // as Cognito
	_, _, err := deviceSignIn(t, p)
	if err == nil || !strings.Contains(err.Error(), "no sign-in for machines without a browser (RFC 8628") || !strings.Contains(err.Error(), "ssh -L") {
		t.Errorf("without the endpoint: %v", err)
	}
}

// What is drawn is the code, with its margin, dark on light.
func TestQRCode_drawsEachModule(t *testing.T) {
	text := "https://id.example/device?user_code=WDJB-MJHT"
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(qrCode(text), "\n"), "\n")
	dark := map[rune][2]bool{' ': {false, false}, '▀': {true, false}, '▄': {false, true}, '█': {true, true}}
	if want := (code.Size + 2*quietZone + 1) / 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	for i, line := range lines {
		cells := []rune(strings.TrimSuffix(strings.TrimPrefix(line, "  \x1b[30;107m"), "\x1b[0m"))
		if len(cells) != code.Size+2*quietZone {
			t.Fatalf("line %d has %d cells", i, len(cells))
		}
		for j, r := range cells {
			for half, got := range dark[r] {
				x, y := j-quietZone, 2*i+half-quietZone
				if want := code.Black(x, y); got != want {
					t.Errorf("(%d, %d) is dark: %v, want %v", x, y, got, want)
				}
			}
		}
	}
	if got := qrCode(strings.Repeat("x", 5000)); got != "" {
		t.Error("a text that does not fit is drawn")
	}
}

func TestKeyringThere(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return // always
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if err := keepKey(t.Context(), "a", make([]byte, keyBytes)); err == nil || errors.Is(err, errNoKey) {
		t.Errorf("without a bus: %v", err)
	}
}
