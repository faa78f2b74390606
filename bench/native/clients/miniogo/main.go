// Command miniogo uploads a workload with minio-go: "default" as it comes,
// "tuned" in parts of 16 MiB, 16 at once, without hashing the payload; "tuned64"
// in parts of 5 MiB, 64 at once. Files in numbers go by 64 workers.
package main

import (
	"context"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/bucketline/bucketline/bench/native/load"
)

func main() { load.Run(upload) }

const workers = 64

func upload(j *load.Job) error {
	endpoint, err := url.Parse(j.Endpoint)
	if err != nil {
		return err
	}
	options := &minio.Options{
		Creds: credentials.NewStaticV4(load.AccessKey, load.SecretKey, ""), Secure: j.TLS, Region: load.Region, BucketLookup: minio.BucketLookupPath,
	}
	transport, err := j.Transport(workers)
	if err != nil {
		return err
	}
	if j.Variant == "default" {
		if transport, err = minio.DefaultTransport(j.TLS); err != nil {
			return err
		}
		if transport.TLSClientConfig, err = j.TLSConfig(); err != nil {
			return err
		}
	}
	options.Transport = transport
	client, err := minio.New(endpoint.Host, options)
	if err != nil {
		return err
	}
	var put minio.PutObjectOptions
	switch j.Variant {
	case "tuned":
		put = minio.PutObjectOptions{PartSize: 16 << 20, NumThreads: 16, DisableContentSha256: true}
	case "tuned64":
		put = minio.PutObjectOptions{PartSize: 5 << 20, NumThreads: 64, DisableContentSha256: true}
	}
	return j.EachFile(workers, func(i int) error {
		_, err := client.FPutObject(context.Background(), load.Bucket, j.Key(i), j.File(i), put)
		return err
	})
}
