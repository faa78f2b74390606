package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"

	"github.com/bucketline/bucketline/bench/native/load"
)

const (
	gatewayConnections = 1024
	gatewayParts       = 10_000
	gatewayCopy        = 5 << 30
)

// serveGateway runs VersityGW as it comes, but for connections that are kept.
func serveGateway(folder string) {
	objects, metadata := filepath.Join(folder, "objects"), filepath.Join(folder, "metadata")
	for _, name := range []string{filepath.Join(objects, load.Bucket), metadata} {
		if err := os.MkdirAll(name, 0o700); err != nil {
			log.Fatal(err)
		}
	}
	sidecar, err := meta.NewSideCar(metadata)
	if err != nil {
		log.Fatal(err)
	}
	store, err := posix.New(objects, sidecar, posix.PosixOpts{CopyObjectThreshold: gatewayCopy})
	if err != nil {
		log.Fatal(err)
	}
	root := auth.Account{Access: load.AccessKey, Secret: load.SecretKey, Role: auth.RoleAdmin}
	address, err := freeAddress()
	if err != nil {
		log.Fatal(err)
	}
	listening := make(chan struct{})
	server, err := s3api.New(store, middlewares.RootUserConfig{Access: root.Access, Secret: root.Secret}, load.Region,
		auth.NewIAMServiceSingle(root), nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithMpMaxParts(gatewayParts),
		s3api.WithConcurrencyLimiter(gatewayConnections, gatewayConnections), s3api.WithOnListen(func() { close(listening) }))
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(server.ServeMultiPort([]string{address})) }()
	<-listening
	fmt.Println("http://" + address)
	io.Copy(io.Discard, os.Stdin)
	fmt.Println("{}")
}

// freeAddress is one that nobody listened on just now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
