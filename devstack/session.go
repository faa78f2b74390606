package devstack

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/bucketline/bucketline/sign"
)

// Credentials are what the STS hands out: AWS's four values.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// String names the credentials without their secrets.
func (c Credentials) String() string {
	return "Credentials{" + c.AccessKeyID + ", secrets redacted}"
}

// GoString is String, so that %#v shows no secret either.
func (c Credentials) GoString() string { return c.String() }

// What is wrong with an access key ID and its session token.
var (
	errUnknownKey   = errors.New("no session has this access key ID")
	errBadToken     = errors.New("the session token is not one of ours")
	errExpiredToken = errors.New("the session token has expired")
)

// A session is what temporary credentials stand for. It travels sealed inside
// the session token, so that there is no table of sessions to bound, to sweep
// or to lose: whoever presents the token brings the session along.
type session struct {
	AccessKeyID string          `json:"k"`
	Secret      string          `json:"s"`
	Subject     string          `json:"u"`           // the ID token's sub
	Name        string          `json:"n"`           // RoleSessionName
	Expires     int64           `json:"e"`           // milliseconds since 1970
	Policy      json.RawMessage `json:"p,omitempty"` // the session policy; nil: none

	token string // what the session was opened from
}

// A vault seals sessions into session tokens and opens them again. Its key
// lives as long as the process: a restart makes every older token InvalidToken.
type vault struct {
	seal cipher.AEAD
	now  func() time.Time
}

func newVault(now func() time.Time) (*vault, error) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &vault{seal: seal, now: now}, nil
}

// mint makes credentials for subject that live for life. sessionPolicy is
// JSON that parsePolicy has accepted, or nil.
func (v *vault) mint(subject, name string, sessionPolicy []byte, life time.Duration) (Credentials, error) {
	expires := v.now().Add(life).UTC().Truncate(time.Second)
	secret := make([]byte, 30)
	rand.Read(secret)
	id := make([]byte, 10)
	rand.Read(id)
	s := session{
		AccessKeyID: "ASIA" + base32.StdEncoding.EncodeToString(id),
		Secret:      base64.StdEncoding.EncodeToString(secret),
		Subject:     subject,
		Name:        name,
		Expires:     expires.UnixMilli(),
		Policy:      sessionPolicy,
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return Credentials{}, err
	}
	// Base64 with + and / and =, as AWS's tokens have: a client that forgets to
	// escape them must fail here too.
	token := base64.StdEncoding.EncodeToString(v.seal.Seal(nil, nil, plain, nil))
	return Credentials{s.AccessKeyID, s.Secret, token, expires}, nil
}

// credentials is the session as package sign takes it.
func (s *session) credentials() *sign.Credentials {
	return &sign.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.Secret, SessionToken: s.token}
}

// open returns the session that token carries. The error is errUnknownKey when
// nothing vouches for accessKeyID, errBadToken when the token is not ours, and
// errExpiredToken from the moment of expiry on.
func (v *vault) open(accessKeyID, token string) (*session, error) {
	if token == "" {
		return nil, errUnknownKey
	}
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, errBadToken
	}
	plain, err := v.seal.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errBadToken
	}
	var s session
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil, errBadToken
	}
	if s.AccessKeyID != accessKeyID {
		return nil, errUnknownKey
	}
	if v.now().UnixMilli() >= s.Expires {
		return nil, errExpiredToken
	}
	s.token = token
	return &s, nil
}
