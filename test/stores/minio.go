// Package stores starts S3 stores for tests, and looks into any store with the
// eyes of a client that is not ours.
//
// MinIO is the judge of our requests: it verifies Signature Versions 4 and 2 in
// the header, the query and POST forms, and shares no code with what made them.
// It is a program, built once by "make setup"; a test that finds it missing
// fails. It ends with the test binary, see package process.
package stores

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketline/bucketline/test/process"
)

// startWithin bounds how long MinIO may take to answer; it takes half a second
// on a machine that does nothing else.
const startWithin = 60 * time.Second

// Config says how a MinIO differs from the one that MinIO returns.
type Config struct {
	// Region is the only one that the store accepts; "" means us-east-1.
	Region string

	// OpenID lets an identity provider's users in: AssumeRoleWithWebIdentity.
	OpenID *OpenID

	// Env is added to MinIO's environment, NAME=value each.
	Env []string
}

// OpenID names an identity provider. It must answer before MinIO starts.
type OpenID struct {
	ConfigURL string // of its discovery document
	ClientID  string // the audience that ID tokens must have
	Policy    string // MinIO's name for what its users may do, for example "readwrite"
}

// shared is the MinIO of this test binary. It is a package variable because its
// life is the binary's: test functions share nothing else.
var shared struct {
	sync.Mutex
	store *Store
}

// MinIO returns the MinIO that all tests of this binary share. Make a bucket of
// your own.
func MinIO(t testing.TB) *Store {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.store == nil {
		s, _, err := start(t, Config{})
		if err != nil {
			t.Fatal(err)
		}
		shared.store = s
	}
	return shared.store
}

// Start starts a MinIO for t alone.
func Start(t testing.TB, c Config) *Store {
	t.Helper()
	s, p, err := start(t, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return s
}

func start(t testing.TB, c Config) (*Store, *process.Process, error) {
	t.Helper()
	program, err := programFile()
	if err != nil {
		return nil, nil, err
	}
	s := &Store{
		AccessKeyID:     "root" + rand.Text(),
		SecretAccessKey: rand.Text(),
		Region:          c.Region,
		Domain:          "s3.localhost",
	}
	if s.Region == "" {
		s.Region = "us-east-1"
	}
	if c.OpenID != nil {
		s.RoleARN = c.OpenID.roleARN(s.Region)
	}
	var p *process.Process
	err = process.OnFreePort(func(port string) error {
		address := "127.0.0.1:" + port
		s.Endpoint = "http://" + address
		var err error
		p, err = process.Start(process.Command{
			Path: program,
			Args: []string{"server", "data", "--address", address},
			Env:  slices.Concat(s.environment(), c.OpenID.environment(), c.Env),
		})
		if err != nil {
			return err
		}
		err = p.Await(startWithin, s.alive)
		if err != nil && strings.Contains(p.Output(), "address already in use") {
			err = fmt.Errorf("%w: %w", process.ErrPortTaken, err)
		}
		if err != nil {
			p.Stop()
		}
		return err
	})
	return s, p, err
}

// programFile returns the path of MinIO's program, once it is there.
func programFile() (string, error) {
	root, err := process.ModuleRoot()
	if err != nil {
		return "", err
	}
	program := filepath.Join(root, "build", "bin", "minio")
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("MinIO is not built: run \"make setup\": %w", err)
	}
	return program, nil
}

func (s *Store) environment() []string {
	return []string{
		"MINIO_ROOT_USER=" + s.AccessKeyID,
		"MINIO_ROOT_PASSWORD=" + s.SecretAccessKey,
		"MINIO_REGION=" + s.Region,
		"MINIO_DOMAIN=" + s.Domain,
		"MINIO_BROWSER=off",
		"MINIO_UPDATE=off",
	}
}

func (o *OpenID) environment() []string {
	if o == nil {
		return nil
	}
	return []string{
		"MINIO_IDENTITY_OPENID_CONFIG_URL=" + o.ConfigURL,
		"MINIO_IDENTITY_OPENID_CLIENT_ID=" + o.ClientID,
		"MINIO_IDENTITY_OPENID_ROLE_POLICY=" + o.Policy,
	}
}

// alive reports whether the store has loaded its policies, by asking for them
// as its administrator. It takes requests earlier, and says that it is healthy,
// but knows no user but root then.
func (s *Store) alive() (bool, error) {
	req, err := http.NewRequest(http.MethodGet, s.Endpoint+"/minio/admin/v3/list-canned-policies", nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	req = signer.SignV4(*req, s.AccessKeyID, s.SecretAccessKey, "", s.Region)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return err == nil && resp.StatusCode == http.StatusOK && strings.Contains(string(body), `"readwrite"`), nil
}

// roleARN is the name that MinIO makes up for the role of an OpenID provider's
// users: from the client ID, so that it survives a restart.
func (o *OpenID) roleARN(region string) string {
	sum := sha1.Sum([]byte(o.ClientID))
	return "arn:minio:iam:" + region + "::role/" + base64.RawURLEncoding.EncodeToString(sum[:])
}
