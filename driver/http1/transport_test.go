package http1

import (
	"crypto/x509"
	"os"
	"testing"

	"github.com/bucketline/bucketline/driver/nethttp"
	"github.com/bucketline/bucketline/driver/transporttest"
)

func TestMain(m *testing.M) { os.Exit(transporttest.Main(m)) }

func TestTransport(t *testing.T) {
	transporttest.Run(t, func(roots *x509.CertPool) transporttest.Transport {
		return New(nethttp.New(nethttp.Options{RootCAs: roots}))
	})
}
