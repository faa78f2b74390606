package engine

import (
	"errors"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

func remoteEngine(t *testing.T, version int) *Engine {
	t.Helper()
	e, err := New(Config{Target: s3.Target{Region: "eu-west-1", Bucket: "photos"}, SignatureVersion: version, RemoteSign: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRemoteSign_refusesASecret(t *testing.T) {
	e, now := remoteEngine(t, 4), Now{Wall: startWall}
	c := cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"},
		Expiration:  startWall + 3_600_000,
	}
	if err := e.Handle(now, &Event{Kind: EvCredentials, Credentials: &c}); !errors.Is(err, cred.ErrSecretGiven) {
		t.Errorf("with a secret: %v, want %v", err, cred.ErrSecretGiven)
	}
	c.SecretAccessKey = ""
	if err := e.Handle(now, &Event{Kind: EvCredentials, Credentials: &c}); err != nil {
		t.Errorf("without: %v", err)
	}
	if _, err := e.Presign(now, "a", 60); !errors.Is(err, ErrRemote) {
		t.Errorf("Presign = %v, want %v", err, ErrRemote)
	}
	if _, err := e.SignPolicy(now, []byte("e30=")); !errors.Is(err, ErrRemote) {
		t.Errorf("SignPolicy = %v, want %v", err, ErrRemote)
	}
}

// Drafted, signed elsewhere and finished is what Presign makes at once.
func TestDraftPresign_equalsPresign(t *testing.T) {
	for _, version := range []int{2, 4} {
		local, err := New(Config{Target: s3.Target{Region: "eu-west-1", Bucket: "photos"}, SignatureVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		remote, now := remoteEngine(t, version), Now{Wall: startWall}
		if _, _, err := remote.DraftPresign(now, "a", 60); !errors.Is(err, ErrHeld) {
			t.Errorf("version %d: without credentials: %v, want %v", version, err, ErrHeld)
		}
		for _, e := range []*Engine{local, remote} {
			c := cred.Credentials{
				Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "to/ken+"},
				Expiration:  startWall + 3_600_000,
			}
			if e == remote {
				c.SecretAccessKey = ""
			}
			if err := e.Handle(now, &Event{Kind: EvCredentials, Credentials: &c}); err != nil {
				t.Fatal(err)
			}
		}
		want, err := local.Presign(now, "a b/ö", 60)
		if err != nil {
			t.Fatal(err)
		}
		url, draft, err := remote.DraftPresign(now, "a b/ö", 60)
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.FinishPresign(url, macOf(draft, "secret"))
		if err != nil || got != want {
			t.Errorf("version %d: %s, %v, want %s", version, got, err, want)
		}
		if _, err := remote.FinishPresign(url, []byte("MAC")); err == nil {
			t.Errorf("version %d: a short MAC is taken", version)
		}
		if _, _, err := remote.DraftPresign(now, "a", 0); !errors.Is(err, sign.ErrExpires) {
			t.Errorf("version %d: 0 seconds: %v, want %v", version, err, sign.ErrExpires)
		}
		if _, _, err := remote.DraftPresign(now, "", 60); err == nil {
			t.Errorf("version %d: a key of no bytes is taken", version)
		}
	}
}
