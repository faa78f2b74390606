package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// The bounds of what a provider may answer to a device (RFC 8628, section 3.2).
const (
	maxUserCode        = 64   // bytes
	maxVerificationURI = 2048 // bytes
	maxDeviceInterval  = 10 * time.Minute
	maxDeviceLife      = 24 * time.Hour
	deviceLife         = 15 * time.Minute // where the provider does not say
	devicePause        = 5 * time.Second  // likewise, between two questions
	maxDevicePause     = time.Minute      // after failures of the network
)

// invitation is what a person is told: where to go, and what to type there.
type invitation struct {
	uri, code string
	complete  string // the URI with the code in it; empty: there is none
	interval  time.Duration
	until     time.Time
}

// hasBrowser guesses whether a browser can be opened here, in front of the
// person who typed the command.
func hasBrowser(system string, variable func(string) string) bool {
	for _, name := range []string{"SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"} {
		if variable(name) != "" {
			return false
		}
	}
	switch system {
	case "darwin", "windows":
		return true
	}
	return variable("DISPLAY") != "" || variable("WAYLAND_DISPLAY") != ""
}

// errNoDevice says that the provider has no such way.
var errNoDevice = errors.New("it has no sign-in for machines without a browser (RFC 8628: it names no device_authorization_endpoint)")

// signInDevice lets somebody sign in with a browser on another machine
// (RFC 8628).
func (p *provider) signInDevice(ctx context.Context, audience string, out io.Writer, qr bool) error {
	if p.known.Device == "" {
		return p.wrong(ctx, "sign in at", wordedError{errNoDevice.Error() + "; sign in where there is a browser, or through ssh -L, with --port 8400 --no-browser: docs/cli.md tells more"})
	}
	answer, err := p.askDevice(ctx, audience)
	if err != nil {
		return p.wrong(ctx, "ask for a code at", err)
	}
	told, err := invite(answer, time.Now())
	if err != nil {
		return p.wrong(ctx, "ask for a code at", wordedError{err.Error()})
	}
	answer.Expiry, answer.Interval = told.until, int64(told.interval/time.Second)
	fmt.Fprint(out, told.text())
	if qr {
		fmt.Fprint(out, qrCode(cmp.Or(told.complete, told.uri)))
	}
	fmt.Fprintf(out, "Waiting until %s. Ctrl+C ends it.\n", told.until.Local().Format(time.TimeOnly))
	token, err := p.poll(ctx, answer)
	if err == nil {
		p.login.secrets.RefreshToken = token.RefreshToken
		err = p.take(ctx, token, "")
	}
	if err != nil {
		return p.wrong(ctx, "sign in at", err)
	}
	return nil
}

// askDevice asks for a code. The library's way to do so is not ours: an answer of
// "null" ends its caller. A client secret goes with the form, as Keycloak wants.
func (p *provider) askDevice(ctx context.Context, audience string) (*oauth2.DeviceAuthResponse, error) {
	form := url.Values{"scope": {strings.Join(p.config.Scopes, " ")}}
	if audience != "" {
		form.Set("audience", audience)
	}
	body, err := p.post(ctx, p.known.Device, form)
	if err != nil {
		return nil, err
	}
	return parseDevice(body, time.Now())
}

// parseDevice reads an answer (RFC 8628, section 3.2). Google says
// verification_url.
func parseDevice(body []byte, now time.Time) (*oauth2.DeviceAuthResponse, error) {
	var a struct {
		DeviceCode      string  `json:"device_code"`
		UserCode        string  `json:"user_code"`
		VerificationURI string  `json:"verification_uri"`
		VerificationURL string  `json:"verification_url"`
		Complete        string  `json:"verification_uri_complete"`
		ExpiresIn       seconds `json:"expires_in"`
		Interval        seconds `json:"interval"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, wordedError{"its answer is no JSON object"}
	}
	answer := &oauth2.DeviceAuthResponse{
		DeviceCode: a.DeviceCode, UserCode: a.UserCode, VerificationURI: cmp.Or(a.VerificationURI, a.VerificationURL),
		VerificationURIComplete: a.Complete, Interval: int64(a.Interval),
	}
	if a.ExpiresIn != 0 {
		answer.Expiry = now.Add(time.Duration(min(max(int64(a.ExpiresIn), -1), int64(2*maxDeviceLife/time.Second))) * time.Second)
	}
	return answer, nil
}

// seconds is a number that some providers quote.
type seconds int64

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*s = seconds(n)
	return err
}

// poll asks until somebody has decided. Where the network fails, it asks more
// and more seldom (RFC 8628, section 3.5).
func (p *provider) poll(ctx context.Context, answer *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	for {
		token, err := p.config.DeviceAccessToken(p.context(ctx), answer)
		if err == nil {
			return token, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var refused *oauth2.RetrieveError
		switch {
		case errors.As(err, &refused) && refused.ErrorCode == "access_denied":
			return nil, wordedError{"the sign-in was denied there"}
		case errors.As(err, &refused) && refused.ErrorCode == "expired_token", !time.Now().Before(answer.Expiry):
			return nil, wordedError{`nobody signed in in time, and the code has ended: run "bucketline login" again for a new one`}
		case !transient(err):
			return nil, err
		}
		answer.Interval = min(2*answer.Interval, int64(maxDevicePause/time.Second))
	}
}

// transient reports that asking again may help: there was no answer, or the
// provider says that it is its own fault.
func transient(err error) bool {
	var (
		refused *oauth2.RetrieveError
		sending *url.Error
	)
	if errors.As(err, &refused) {
		return refused.Response != nil && (refused.Response.StatusCode >= 500 || refused.Response.StatusCode == 429 && refused.ErrorCode == "")
	}
	return errors.As(err, &sending)
}

// invite checks an answer before a person is told to go where it says.
func invite(answer *oauth2.DeviceAuthResponse, now time.Time) (invitation, error) {
	told := invitation{code: strings.TrimSpace(answer.UserCode), until: answer.Expiry, interval: devicePause}
	if answer.DeviceCode == "" || told.code == "" || len(told.code) > maxUserCode || show(told.code) != told.code {
		return told, errors.New("its answer has no code to type")
	}
	var err error
	if told.uri, err = verificationURI(answer.VerificationURI); err != nil {
		return told, err
	}
	told.complete, _ = verificationURI(answer.VerificationURIComplete)
	switch seconds := answer.Interval; {
	case seconds < 0 || seconds > int64(maxDeviceInterval/time.Second):
		return told, errors.New("it asks for an impossible pause between two questions")
	case seconds > 0:
		told.interval = time.Duration(seconds) * time.Second
	}
	switch {
	case told.until.IsZero():
		told.until = now.Add(deviceLife)
	case !told.until.After(now):
		return told, errors.New("its code has ended already")
	case told.until.After(now.Add(maxDeviceLife)):
		told.until = now.Add(maxDeviceLife)
	}
	return told, nil
}

// verificationURI returns an address that can be shown and opened.
func verificationURI(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxVerificationURI {
		return "", errors.New("its answer has no address to open")
	}
	if err := notInClear(u); err != nil {
		return "", errors.New("the address to open cannot be used: " + err.Error())
	}
	return show(u.String()), nil
}

func (i *invitation) text() string {
	text := fmt.Sprintf("To sign in, open this address on any device that has a browser:\n\n  %s\n\nand type this code there:\n\n  %s\n\n", i.uri, i.code)
	if i.complete != "" {
		text += fmt.Sprintf("This address has the code in it already:\n\n  %s\n\n", i.complete)
	}
	return text
}

// browserHere is hasBrowser for this process.
func browserHere() bool { return hasBrowser(runtime.GOOS, os.Getenv) }
