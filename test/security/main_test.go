// Package security attacks. What the README promises of temporary credentials,
// a person with credentials of her own tries to break here, on the dev stack and
// on MinIO with its own STS: reading and writing outside her prefix
// (escape_test.go, list_test.go, multipart_test.go, form_test.go), getting
// credentials that are not hers (sts_test.go); and a page is searched for
// secrets that it must not keep (secrets_test.go), or runs with a wrong clock
// (clock_test.go), or for longer than any of its credentials (lasting_test.go).
//
// Requests are signed by package sign and written to the connection byte by
// byte, so that no client tidies up what must arrive as it is. world_test.go has
// what all of them stand on.
package security

import (
	"os"
	"testing"

	"github.com/bucketline/bucketline/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
