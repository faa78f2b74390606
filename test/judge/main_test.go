// Package judge has a store that is not ours decide whether our requests are
// right: MinIO verifies every signature, and minio-go reads back what was
// stored. Neither shares code with what words and signs the requests, as the
// dev stack does.
//
// What is judged: package s3 and sign one request at a time (request_test.go,
// form_test.go, chunked_test.go), package bucketline (client_test.go), and
// web/core in real browsers (browser_test.go); each with Signature Versions 4
// and 2, the bucket in the path and in the host name, and with permanent and
// temporary credentials. A wrong secret is refused each time, so that the judge
// is known to judge.
package judge

import (
	"os"
	"testing"

	"github.com/bucketline/bucketline/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
