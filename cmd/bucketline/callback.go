package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// callback waits on a loopback address for the browser to come back from a
// sign-in (RFC 8252, section 7.3). The address is 127.0.0.1 and, unless it was
// asked for, not a name, which something else could answer for.
type callback struct {
	redirect string // the redirect URI
	state    string // ties the answer to our request (RFC 6749, section 10.12)
	issuer   string
	server   *http.Server
	came     chan url.Values // the first answer with our state
	outcome  chan error      // what the browser is to show
	shown    chan struct{}   // closed when it has been told
	back     bool            // the browser waits for the outcome
}

// listenCallback listens on port, or on a free one. Some providers know the name
// localhost alone, which may be either address of this computer.
func listenCallback(port int, issuer string, localhost bool) (*callback, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("wait for the browser: %w", err)
	}
	host := l.Addr().String()
	var other net.Listener
	if localhost {
		_, bound, _ := net.SplitHostPort(host)
		host = "localhost:" + bound
		other, _ = net.Listen("tcp6", "[::1]:"+bound) // where there is no IPv6, nobody comes by it
	}
	c := &callback{
		redirect: "http://" + host + "/callback",
		state:    rand.Text(),
		issuer:   issuer,
		came:     make(chan url.Values, 1),
		outcome:  make(chan error, 1),
		shown:    make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", c.serve)
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go c.server.Serve(l)
	if other != nil {
		go c.server.Serve(other)
	}
	return c, nil
}

// serve takes what the browser brings. Anything without our state is somebody
// else's, and waiting goes on.
func (c *callback) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	query := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.state)) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		callbackPage.Execute(w, "This is not the answer to the sign-in that bucketline waits for.")
		return
	}
	select {
	case c.came <- query:
	default:
		callbackPage.Execute(w, "This sign-in has been answered already.")
		return
	}
	select {
	case err := <-c.outcome:
		text := "You are signed in. You can close this window and go on in the terminal."
		if err != nil {
			text = "The sign-in failed: " + err.Error()
		}
		callbackPage.Execute(w, text)
		close(c.shown)
	case <-r.Context().Done():
		close(c.shown)
	}
}

var callbackPage = template.Must(template.New("callback").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Bucketline</title>
<style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}</style>
<h1>Bucketline</h1><p>{{.}}</p></html>
`))

// wait returns the code of the sign-in.
func (c *callback) wait(ctx context.Context) (string, error) {
	select {
	case query := <-c.came:
		c.back = true
		switch {
		case query.Get("error") != "":
			return "", fmt.Errorf("the identity provider refused the sign-in: %s %s", show(cut(query.Get("error"), maxWords)), show(cut(query.Get("error_description"), maxWords)))
		case query.Get("iss") != "" && query.Get("iss") != c.issuer:
			// RFC 9207, section 2.4: another provider's code is not for ours.
			return "", fmt.Errorf("the answer comes from another identity provider: %s", show(cut(query.Get("iss"), maxWords)))
		case query.Get("code") == "":
			return "", fmt.Errorf("the identity provider answered without a code")
		}
		return query.Get("code"), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// answer lets the browser show how it went, if it has come back, and waits a
// moment until it does.
func (c *callback) answer(err error) {
	if !c.back {
		return
	}
	c.outcome <- err
	select {
	case <-c.shown:
	case <-time.After(time.Second):
	}
}

func (c *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.server.Shutdown(ctx)
}

// openBrowser opens page in the user's browser.
func openBrowser(page string) error {
	name, args := "xdg-open", []string{page}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", page}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}
