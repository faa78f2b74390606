package fakes3_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/internal/fakes3/conform"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

var user = sign.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "token/1=="}

// open serves a store on this machine.
func open(t *testing.T, c fakes3.Config, o fakes3.Options) (*fakes3.Handler, conform.Store) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	c.Host, c.Region, c.Bucket = server.Listener.Addr().String(), "eu-west-1", "photos"
	store := fakes3.New(c)
	store.Grant(user, sign.UnixMilli(time.Now().Add(time.Hour).UnixMilli()))
	h := store.Handler(o)
	server.Config.Handler = h
	server.Start()
	t.Cleanup(server.Close)
	target := s3.Target{Endpoint: server.URL, Region: c.Region, Bucket: c.Bucket, PathStyle: true}
	return h, conform.Store{Target: target, Credentials: user, SignatureV2: true}
}

func TestStore_isS3(t *testing.T) {
	_, where := open(t, fakes3.Config{}, fakes3.Options{})
	conform.Run(t, where)
}

func TestStore_isS3WithTheBucketInTheHost(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	host := strings.Replace(server.Listener.Addr().String(), "127.0.0.1", "s3.localhost", 1)
	store := fakes3.New(fakes3.Config{Host: host, Region: "eu-west-1", Bucket: "photos"})
	store.Grant(user, sign.UnixMilli(time.Now().Add(time.Hour).UnixMilli()))
	server.Config.Handler = store.Handler(fakes3.Options{})
	server.Start()
	t.Cleanup(server.Close)
	target := s3.Target{Endpoint: "http://" + host, Region: "eu-west-1", Bucket: "photos", VirtualHost: true, SendTo: server.URL}
	// Host goes where the signature says, the connection where the server is.
	conform.Run(t, conform.Store{Target: target, Credentials: user, SignatureV2: true})
}
