package main

import (
	"strings"
	"testing"
)

// Whatever the file of a login holds, reading it neither fails otherwise than by
// an error, nor has that error a secret in it; and what is read can be written
// and read again as the same.
func FuzzParseLogin(f *testing.F) {
	f.Add(`{"version":2,"login":{"issuer":"http://127.0.0.1:1","clientId":"c"},"secrets":{"refreshToken":"planted-secret"}}`)
	f.Add(`{"version":1,"issuer":"http://127.0.0.1:1","refreshToken":"planted-secret"}`)
	f.Add(`{"version":2,"login":{},"key":"k","sealed":"AAAA"}`)
	f.Add(`{"version":2,"login":[],"secrets":{}}`)
	f.Add(`{"version":3}`)
	f.Add(`{"refreshToken":"planted-secret`)
	f.Fuzz(func(t *testing.T, text string) {
		login, _, err := parseLogin([]byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "planted-secret") {
				t.Errorf("the error %q has a secret in it", err)
			}
			return
		}
		if len(text) > maxLoginBytes {
			t.Errorf("%d bytes were read, the bound is %d", len(text), maxLoginBytes)
		}
		again, _, err := parseLogin([]byte(text))
		if err != nil || again.secrets != login.secrets || again.account != login.account {
			t.Errorf("read again: %v", err)
		}
	})
}
