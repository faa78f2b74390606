package bucketline_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/bucketline/bucketline"
)

// signIn stands for whatever gives temporary credentials.
func signIn(context.Context) (bucketline.Credentials, error) {
	return bucketline.Credentials{}, errors.New("nobody is signed in")
}

func Example() {
	ctx := context.Background()
	c, err := bucketline.New(bucketline.Config{
		Bucket: "photos", Region: "eu-west-1",
		CredentialsExpired: signIn, // called whenever there are none that last
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	result, err := c.UploadFile(ctx, "video.mov", bucketline.Object{Key: "u/42/video.mov"})
	var failed *bucketline.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Sentence())
		return
	}
	fmt.Println("stored", result.Location)
	// Output: The file cannot be read.
}
