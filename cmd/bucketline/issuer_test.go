package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// gathered are the flags of the issuer after a command line, an environment and
// a file; each may be empty.
func gathered(t *testing.T, args, environ []string, file string) (*issuerFlags, error) {
	t.Helper()
	f := new(issuerFlags)
	flags := pflag.NewFlagSet("issuer", pflag.ContinueOnError)
	f.define(flags)
	if file != "" {
		name := filepath.Join(t.TempDir(), "issuer.json")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", name)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f, f.gather(flags, environ)
}

func TestIssuerConfig_aFlagThenAVariableThenTheFile(t *testing.T) {
	file := `{"bucket": "of-file", "issuer": "https://file.example", "prefix": "file/{sub}/", "audience": ["f", "g"], "read": true,
		"subject-burst": 7, "life": "20m", "origin": []}`
	environ := []string{
		"PATH=/bin", "BUCKETLINE_ISSUER_BUCKET=of-variable", "BUCKETLINE_ISSUER_ISSUER=https://variable.example",
		"BUCKETLINE_ISSUER_ORIGIN=https://a.example,https://b.example", "BUCKETLINE_ISSUER_R2_TOKEN=secret", "BUCKETLINE_ENDPOINT=x",
		"BUCKETLINE_ISSUER_ADDRESS_EVERY=3s",
	}
	f, err := gathered(t, []string{"--bucket", "of-flag"}, environ, file)
	if err != nil {
		t.Fatal(err)
	}
	if f.Bucket != "of-flag" || f.Issuer != "https://variable.example" || f.Prefix != "file/{sub}/" || !f.Read || f.subject.Burst != 7 ||
		f.life != 20*time.Minute || f.address.Every != 3*time.Second || f.r2Token != "secret" || f.listen != "127.0.0.1:8080" {
		t.Errorf("the flags are %+v", f)
	}
	if !slices.Equal(f.Audiences, []string{"f", "g"}) || !slices.Equal(f.Origins, []string{"https://a.example", "https://b.example"}) {
		t.Errorf("audiences %q, origins %q", f.Audiences, f.Origins)
	}
	name := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(name, []byte(`{"bucket":"by-variable"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := gathered(t, nil, []string{"BUCKETLINE_ISSUER_CONFIG=" + name}, ""); err != nil || f.Bucket != "by-variable" {
		t.Errorf("with the file in a variable: %+v, %v", f, err)
	}
}

func TestIssuerConfig_thatIsNotUnderstood_isRefused(t *testing.T) {
	for text, why := range map[string]string{
		`{"buckets": "x"}`:               "not a flag",
		`{"Bucket": "x"}`:                "not a flag",
		`{"config": "x"}`:                "not a flag",
		`{"help": true}`:                 "not a flag",
		`{"r2-token": "x"}`:              "not a flag",
		`{"bucket": "x", "bucket": "y"}`: "twice",
		`{"bucket": 7}`:                  "not a string",
		`{"bucket": null}`:               "not a string",
		`{"bucket": ["x"]}`:              "must be a string",
		`{"audience": "x"}`:              "list of strings",
		`{"audience": [7]}`:              "list of strings",
		`{"audience": {"a": "b"}}`:       "list of strings",
		`{"read": "true"}`:               "not a bool",
		`{"subject-burst": "7"}`:         "not a int",
		`{"subject-burst": 7.5}`:         "invalid",
		`{"life": 3600}`:                 "not a duration",
		`{"life": "soon"}`:               "invalid",
		`{"bucket": "x"} {}`:             "after the JSON object",
		`{"bucket": "x"`:                 "EOF",
		`["bucket"]`:                     "not a JSON object",
		`bucket: x`:                      "not a JSON object",
		" ":                              "not a JSON object",
		`{"bucket": "` + strings.Repeat("x", maxConfigBytes) + `"}`: "more than",
	} {
		if f, err := gathered(t, nil, nil, text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.60s: %v, want %q; bucket %q", text, err, why, f.Bucket)
		}
	}
	for _, variable := range []string{"BUCKETLINE_ISSUER_BUKET=x", "BUCKETLINE_ISSUER_bucket=x", "BUCKETLINE_ISSUER_HELP=true", "BUCKETLINE_ISSUER_=x", "BUCKETLINE_ISSUER_LIFE=soon"} {
		if _, err := gathered(t, nil, []string{variable}, ""); err == nil || !strings.Contains(err.Error(), strings.Split(variable, "=")[0]) {
			t.Errorf("%s: %v", variable, err)
		}
	}
	// Even where a flag makes it needless, what is wrong is told.
	if _, err := gathered(t, []string{"--bucket", "x"}, nil, `{"bucket": "y", "bukket": "z"}`); err == nil {
		t.Error("an unknown member was taken")
	}
}

func TestIssuer_listensInClear_onThisMachineAlone(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:8080": true, "127.1.2.3:0": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "192.0.2.1:8080": false, "example.com:8080": false, "8080": false, "": false,
	} {
		if err := (&issuerFlags{listen: address}).checkListen(); (err == nil) != ok {
			t.Errorf("--listen %s: %v", address, err)
		}
	}
	for _, f := range []issuerFlags{{behindProxy: true}, {certificate: "a", key: "b"}} {
		f.listen = ":8080"
		if err := f.checkListen(); err != nil {
			t.Error(err)
		}
	}
	for _, f := range []issuerFlags{{certificate: "a"}, {key: "a"}, {drain: -1}, {drain: time.Hour}} {
		f.listen = "127.0.0.1:0"
		if err := f.checkListen(); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

// --check says what a start would, and asks nobody.
func TestIssuer_check(t *testing.T) {
	good := []string{"--issuer", "https://id.example.com", "--audience", "app", "--bucket", "photos", "--check"}
	sts := slices.Concat(good, []string{"--backend", "sts", "--sts", "https://sts.eu-west-1.amazonaws.com"})
	with := func(args []string, more ...string) []string { return slices.Concat(args, more) }
	for name, c := range map[string]struct {
		args []string
		env  string
		why  string // empty: it is right
	}{
		"AWS":                      {with(sts, "--role-arn", "arn:aws:iam::123456789012:role/uploads"), "", ""},
		"an STS of web identities": {with(good, "--backend", "web-identity", "--sts", "https://ceph.example"), "", ""},
		"R2 with a variable":       {with(good, "--backend", "r2", "--r2-account", "a", "--r2-parent", "b"), "secret", ""},
		"R2 with a file":           {with(good, "--backend", "r2", "--r2-account", "a", "--r2-parent", "b", "--r2-token-file", "x"), "", ""},
		"R2 with neither":          {with(good, "--backend", "r2", "--r2-account", "a", "--r2-parent", "b"), "", "r2 needs"},
		"R2 with both":             {with(good, "--backend", "r2", "--r2-account", "a", "--r2-parent", "b", "--r2-token-file", "x"), "secret", "r2 needs"},
		"no back end":              {good, "", "--backend"},
		"another back end":         {with(good, "--backend", "minio"), "", "--backend"},
		"an STS without a URL":     {with(good, "--backend", "sts"), "", "needs --sts"},
		"a flag of another":        {with(sts, "--r2-account", "a"), "", "means nothing"},
		"a role for R2":            {with(good, "--backend", "r2", "--role-arn", "a"), "", "means nothing"},
		"a part of a second":       {with(sts, "--life", "900500ms"), "", "whole seconds"},
		"a proxy with host bits":   {with(sts, "--trusted-proxy", "10.1.2.3/8"), "", "--trusted-proxy"},
		"an unknown log format":    {with(sts, "--log-format", "xml"), "", "--log-format"},
		"an unknown log level":     {with(sts, "--log-level", "loud"), "", "--log-level"},
		"an issuer on http":        {with(sts, "--issuer", "http://id.example.com"), "", "https"},
		"no certificate there":     {with(sts, "--tls-cert", "none", "--tls-key", "none"), "", "none"},
		"an address for everyone":  {with(sts, "--listen", ":80"), "", "--behind-proxy"},
	} {
		t.Setenv("BUCKETLINE_ISSUER_R2_TOKEN", c.env)
		ran := false
		root := newRoot(&ran)
		root.SetArgs(append([]string{"issuer"}, c.args...))
		var out bytes.Buffer
		root.SetErr(&out)
		err := root.ExecuteContext(context.Background())
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
		if err != nil && exitStatus(err, ran) != exitUsage {
			t.Errorf("%s: exit status %d", name, exitStatus(err, ran))
		}
		if err != nil && strings.Contains(err.Error()+out.String(), "secret") {
			t.Errorf("%s: the token is told: %v %s", name, err, out.String())
		}
	}
}

func TestIssuer_cloudflareToken_isReadEachTime(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	f := issuerFlags{r2TokenFile: name}
	for _, text := range []string{"one", "two\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := f.cloudflareToken(t.Context()); err != nil || got != strings.TrimSpace(text) {
			t.Errorf("the token is %q, %v, want %q", got, err, text)
		}
	}
	for _, text := range []string{"", " \n", strings.Repeat("x", 5000)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := f.cloudflareToken(t.Context()); err == nil {
			t.Errorf("of %d bytes it is %q", len(text), got)
		}
	}
}

// A certificate that is replaced is served without a restart, and one that
// cannot be read leaves the one before.
func TestIssuer_certificate_isReadAgainWhenItChanges(t *testing.T) {
	folder := t.TempDir()
	files := [2]string{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
	at := time.Now().Add(-time.Hour)
	write := func(name string, pem []byte) {
		t.Helper()
		at = at.Add(time.Second) // whatever the file system's resolution
		if err := errors.Join(os.WriteFile(name, pem, 0o600), os.Chtimes(name, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(name string) {
		t.Helper()
		certificate, key := selfSigned(t, name)
		write(files[0], certificate)
		write(files[1], key)
	}
	var log bytes.Buffer
	logger, err := issuerLog("text", "info", &log)
	if err != nil {
		t.Fatal(err)
	}
	replace("one")
	c, err := openCertificates(files[0], files[1], logger)
	if err != nil {
		t.Fatal(err)
	}
	served := func(want string) {
		t.Helper()
		c.looked = time.Time{} // certificateAge is over
		got, err := c.certificate(nil)
		if err != nil || got.Leaf.Subject.CommonName != want {
			t.Fatalf("%v, %v is served, want %s", got, err, want)
		}
	}
	served("one")
	replace("two")
	served("two")
	write(files[1], []byte("half a key"))
	served("two")
	if !strings.Contains(log.String(), "cannot be read again") {
		t.Errorf("the log says %q", log.String())
	}
	replace("three")
	if got, err := c.certificate(nil); err != nil || got.Leaf.Subject.CommonName != "two" {
		t.Errorf("within %v: %v, %v", certificateAge, got, err)
	}
	served("three")
	if _, err := openCertificates(files[1], files[0], logger); err == nil {
		t.Error("a certificate for a key was taken")
	}
}

// selfSigned is a certificate for name, and its key, as PEM.
func selfSigned(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}
