package cli

import (
	"path/filepath"
	"testing"
)

// TestLogin_overTLS: with a certificate made on the spot, everything works
// once its authority is given, for the renewals too, and nothing before.
func TestLogin_overTLS(t *testing.T) {
	t.Parallel()
	e, data := slowStack(t, "--tls")
	home := t.TempDir()
	r := command{args: loginArgs(e), home: home}.run(t)
	if r.status != 1 {
		t.Errorf("login without the authority: %v", r)
	}
	contains(t, "message", r.stderr, "ask the identity provider "+e.Issuer, "certificate")

	r, page := signIn(t, home, loginArgs(e, "--ca", e.CAFile), browser(userOf(e, "bob"), e.CAFile))
	if r.status != 0 {
		t.Fatalf("login: %v", r)
	}
	contains(t, "page", page, "You are signed in.")
	name, sum := write(t, filepath.Join(t.TempDir(), "a.bin"), 20<<20)
	r = command{args: []string{"up", name, "s3:///users/bob/"}, home: home}.run(t)
	if r.status != 0 {
		t.Fatalf("up: %v", r)
	}
	if got := sumOf(t, filepath.Join(data, "objects", e.Bucket, "users/bob/a.bin")); got != sum {
		t.Errorf("stored %s, want %s", got, sum)
	}
}
