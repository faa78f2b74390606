package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A name of this computer is reached by either of its addresses.
func TestCallback_localhost(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "[::1]"} {
		c, err := listenCallback(0, "https://id.example", true)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(c.redirect)
		if err != nil || u.Hostname() != "localhost" || u.Path != "/callback" {
			t.Fatalf("redirect %s", c.redirect)
		}
		go func() { c.outcome <- nil }()
		answer, err := http.Get("http://" + address + ":" + u.Port() + "/callback?code=x&state=" + c.state)
		if err != nil {
			t.Errorf("by %s: %v", address, err)
		} else {
			answer.Body.Close()
			if code, err := c.wait(t.Context()); err != nil || code != "x" {
				t.Errorf("by %s: %q, %v", address, code, err)
			}
		}
		c.close()
	}
	c, err := listenCallback(0, "https://id.example", false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if !strings.HasPrefix(c.redirect, "http://127.0.0.1:") {
		t.Errorf("redirect %s", c.redirect)
	}
}
