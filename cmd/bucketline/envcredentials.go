package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/cred"
)

// environmentHint says how the variables are filled.
const environmentHint = `"aws configure export-credentials --format env" prints all four variables; "bucketline login" does without them`

// forever is the expiration of keys that have none.
var forever = time.UnixMilli(int64(cred.MaxExpiration)).UTC()

// environmentCredentials returns the credentials in the environment; false
// when there are none. Keys without an end are refused unless longLived: one
// that leaks is good until somebody notices.
func environmentCredentials(longLived bool) (bucketline.Credentials, bool, error) {
	c := bucketline.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	expiration := os.Getenv("AWS_CREDENTIAL_EXPIRATION")
	switch {
	case c.AccessKeyID == "" && c.SecretAccessKey == "":
		return c, false, nil
	case c.AccessKeyID == "":
		return c, true, errors.New("AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not; " + environmentHint)
	case c.SecretAccessKey == "":
		return c, true, errors.New("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not; " + environmentHint)
	case expiration == "" && longLived:
		c.Expiration = forever
		return c, true, nil
	case expiration == "" && c.SessionToken == "":
		return c, true, errors.New("the keys in the environment do not end: take temporary credentials, which also set AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION, or allow these with --allow-long-lived; " + environmentHint)
	case expiration == "":
		return c, true, errors.New("AWS_CREDENTIAL_EXPIRATION is not set, so nobody knows when the credentials end: set it to the time that came with them, such as 2026-11-23T09:00:00Z; " + environmentHint)
	}
	end, err := cred.ParseExpiration(expiration)
	if err != nil {
		return c, true, fmt.Errorf("AWS_CREDENTIAL_EXPIRATION is %q: %w; write it as in 2026-11-23T09:00:00Z", expiration, err)
	}
	c.Expiration = time.UnixMilli(int64(end)).UTC()
	if !c.Expiration.After(time.Now()) {
		return c, true, fmt.Errorf("the credentials in the environment have expired at %s: get new ones", c.Expiration.Local().Format(time.RFC1123))
	}
	return c, true, nil
}
