// Command manager uploads a workload with aws-sdk-go-v2's feature/s3/manager:
// "default" as it comes, "tuned" in parts of 16 MiB, 16 at once, without a
// checksum and with an unsigned payload; "tuned64" in parts of 5 MiB, 64 at once.
// Files in numbers go by 64 workers.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketline/bucketline/bench/native/load"
)

func main() { load.Run(upload) }

const workers = 64

func upload(j *load.Job) error {
	transport, err := j.Transport(workers)
	if err != nil {
		return err
	}
	options := s3.Options{
		Region: load.Region, BaseEndpoint: &j.Endpoint, UsePathStyle: true, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(load.AccessKey, load.SecretKey, ""),
	}
	if j.Variant != "default" {
		options.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		options.APIOptions = append(options.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
	}
	uploader := manager.NewUploader(s3.New(options), func(u *manager.Uploader) {
		switch j.Variant {
		case "tuned":
			u.PartSize, u.Concurrency = 16<<20, 16
		case "tuned64":
			u.PartSize, u.Concurrency = 5<<20, 64
		}
	})
	return j.EachFile(workers, func(i int) error {
		f, err := os.Open(j.File(i))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = uploader.Upload(context.Background(), &s3.PutObjectInput{Bucket: aws.String(load.Bucket), Key: aws.String(j.Key(i)), Body: f})
		return err
	})
}
