package judge

import (
	"testing"

	"github.com/bucketline/bucketline/internal/fakes3/conform"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/stores"
)

// What the store of the simulator must do, a store that is not ours does too:
// else the simulator proves something about another S3.
func TestConform_storeOfTheSimulatorAnswersAsMinIO(t *testing.T) {
	store := stores.MinIO(t)
	conform.Run(t, conform.Store{
		Target: s3.Target{
			Endpoint: store.Endpoint, Region: store.Region, Bucket: store.Bucket(t), Profile: s3.ProfileMinIO, PathStyle: true,
		},
		Credentials: sign.Credentials{AccessKeyID: store.AccessKeyID, SecretAccessKey: store.SecretAccessKey},
		SignatureV2: true,
	})
}
