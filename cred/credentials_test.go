package cred_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/sign"
)

// life returns good credentials that end at expiration.
func life(id string, expiration sign.UnixMilli) cred.Credentials {
	return cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: id, SecretAccessKey: "secret-of-" + id, SessionToken: "token-of-" + id},
		Expiration:  expiration,
	}
}

func TestSet_refusesWithACode(t *testing.T) {
	const now = 1_000_000
	for _, c := range []struct {
		name string
		edit func(*cred.Credentials)
		want *cred.Error
	}{
		{"no access key", func(c *cred.Credentials) { c.AccessKeyID = "" }, cred.ErrNoAccessKey},
		{"pasted line end in the access key", func(c *cred.Credentials) { c.AccessKeyID += "\n" }, cred.ErrBadAccessKey},
		{"header in the access key", func(c *cred.Credentials) { c.AccessKeyID = "a\r\nx-evil: 1" }, cred.ErrBadAccessKey},
		{"access key not ASCII", func(c *cred.Credentials) { c.AccessKeyID = "ключ" }, cred.ErrBadAccessKey},
		{"access key too long", func(c *cred.Credentials) { c.AccessKeyID = strings.Repeat("a", cred.MaxAccessKeyID+1) }, cred.ErrBadAccessKey},
		{"longest access key", func(c *cred.Credentials) { c.AccessKeyID = strings.Repeat("a", cred.MaxAccessKeyID) }, nil},
		{"no secret key", func(c *cred.Credentials) { c.SecretAccessKey = "" }, cred.ErrNoSecretKey},
		{"pasted line end in the secret", func(c *cred.Credentials) { c.SecretAccessKey += "\n" }, cred.ErrBadSecretKey},
		{"secret too long", func(c *cred.Credentials) { c.SecretAccessKey = strings.Repeat("a", cred.MaxSecretAccessKey+1) }, cred.ErrBadSecretKey},
		{"longest secret", func(c *cred.Credentials) { c.SecretAccessKey = strings.Repeat("a", cred.MaxSecretAccessKey) }, nil},
		{"secret with a space and beyond ASCII", func(c *cred.Credentials) { c.SecretAccessKey = "correct höhe" }, nil},
		{"no session token", func(c *cred.Credentials) { c.SessionToken = "" }, nil},
		{"space in the session token", func(c *cred.Credentials) { c.SessionToken += " " }, cred.ErrBadSessionToken},
		{"session token too long", func(c *cred.Credentials) { c.SessionToken = strings.Repeat("a", cred.MaxSessionToken+1) }, cred.ErrBadSessionToken},
		{"longest session token", func(c *cred.Credentials) { c.SessionToken = strings.Repeat("a", cred.MaxSessionToken) }, nil},
		{"no expiration", func(c *cred.Credentials) { c.Expiration = 0 }, cred.ErrNoExpiration},
		{"negative expiration", func(c *cred.Credentials) { c.Expiration = -1 }, cred.ErrExpirationRange},
		{"expiration in microseconds", func(c *cred.Credentials) { c.Expiration = 1_795_424_400_000_000 }, cred.ErrExpirationRange},
		{"last expiration", func(c *cred.Credentials) { c.Expiration = cred.MaxExpiration }, nil},
		{"after the last expiration", func(c *cred.Credentials) { c.Expiration = cred.MaxExpiration + 1 }, cred.ErrExpirationRange},
		{"expiration in seconds", func(c *cred.Credentials) { c.Expiration = now / 1000 }, cred.ErrExpired},
		{"ends now", func(c *cred.Credentials) { c.Expiration = now }, cred.ErrExpired},
		{"ends within the margin", func(c *cred.Credentials) { c.Expiration = now + cred.MinMarginMillis }, cred.ErrExpired},
		{"good for a millisecond", func(c *cred.Credentials) { c.Expiration = now + cred.MinMarginMillis + 1 }, nil},
	} {
		given := life("A", now+60_000)
		c.edit(&given)
		var k cred.Keeper
		err := k.Set(now, given)
		if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: Set = %v, want %v", c.name, err, c.want)
		}
		if _, ok := k.Current(now); ok != (err == nil) {
			t.Errorf("%s: after Set = %v, Current = %v", c.name, err, ok)
		}
		if err != nil && strings.Contains(err.Error(), given.SecretAccessKey) && given.SecretAccessKey != "" {
			t.Errorf("%s: the error quotes the secret", c.name)
		}
	}
}

func TestSet_secretKept(t *testing.T) {
	k, given := cred.Keeper{SecretKept: true}, life("A", 60_000)
	if err := k.Set(0, given); !errors.Is(err, cred.ErrSecretGiven) {
		t.Errorf("with a secret: Set = %v, want %v", err, cred.ErrSecretGiven)
	}
	given.SecretAccessKey = ""
	if err := k.Set(0, given); err != nil {
		t.Errorf("without a secret: Set = %v", err)
	}
	if c, ok := k.Current(0); !ok || c.AccessKeyID != "A" {
		t.Errorf("Current = %v, %v", c, ok)
	}
	given.AccessKeyID = ""
	if err := k.Set(0, given); !errors.Is(err, cred.ErrNoAccessKey) {
		t.Errorf("without an access key: Set = %v, want %v", err, cred.ErrNoAccessKey)
	}
}

func TestSet_refusalKeepsWhatWasThere(t *testing.T) {
	var k cred.Keeper
	if err := k.Set(0, life("A", 60_000)); err != nil {
		t.Fatal(err)
	}
	before := k
	for _, bad := range []cred.Credentials{{}, life("", 60_000), life("B", 0), life("B", 500)} {
		if err := k.Set(0, bad); err == nil {
			t.Errorf("Set(%v) = nil", bad)
		}
		if k != before {
			t.Errorf("refusing %v changed the keeper", bad)
		}
	}
}

// The codes are stable API: a change here breaks pages that tell them apart.
func TestError_codesAreStable(t *testing.T) {
	for _, c := range []struct {
		err  *cred.Error
		code string
	}{
		{cred.ErrNoAccessKey, "AccessKeyMissing"},
		{cred.ErrBadAccessKey, "AccessKeyInvalid"},
		{cred.ErrNoSecretKey, "SecretKeyMissing"},
		{cred.ErrBadSecretKey, "SecretKeyInvalid"},
		{cred.ErrSecretGiven, "SecretKeyUnwanted"},
		{cred.ErrBadSessionToken, "SessionTokenInvalid"},
		{cred.ErrExpired, "CredentialsExpired"},
		{cred.ErrNoExpiration, "ExpirationMissing"},
		{cred.ErrBadExpiration, "ExpirationInvalid"},
		{cred.ErrExpirationDateOnly, "ExpirationDateOnly"},
		{cred.ErrExpirationNoZone, "ExpirationNoZone"},
		{cred.ErrExpirationRange, "ExpirationRange"},
	} {
		if c.err.Code() != c.code {
			t.Errorf("%v: Code() = %q, want %q", c.err, c.err.Code(), c.code)
		}
		isForm := len(c.code) > 10 && c.code[:10] == "Expiration" && c.err != cred.ErrNoExpiration
		if errors.Is(c.err, cred.ErrBadExpiration) != isForm {
			t.Errorf("errors.Is(%s, ErrBadExpiration) = %v, want %v", c.code, !isForm, isForm)
		}
	}
}

func TestCredentials_printNoSecret(t *testing.T) {
	c := life("AKIDEXAMPLE", 60_000)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{c, &c, c.Credentials, &c.Credentials, []cred.Credentials{c}} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, "secret-of") || strings.Contains(text, "token-of") {
				t.Errorf("%s of %T shows %s", verb, value, text)
			}
		}
	}
	if text := c.String(); !strings.Contains(text, "AKIDEXAMPLE") {
		t.Errorf("String() = %s, want the access key ID in it", text)
	}
}
