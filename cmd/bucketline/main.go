// Command bucketline uploads files to S3 with temporary credentials, and runs
// everything that is needed to develop such an upload.
//
// Each verb has a file of its own that adds it to the root command.
package main

import (
	"fmt"
	"os"
)

func main() {
	ran := false
	err := newRoot(&ran).Execute()
	if err != nil && err.Error() != "" {
		fmt.Fprintln(os.Stderr, "bucketline: "+err.Error())
	}
	os.Exit(exitStatus(err, ran))
}
