// Package load is what the parts of the native benchmark agree on: the eight
// workloads, where their files lie, and what each client is told in its
// environment. A client is a program of its own, so that its processor time and
// its memory are its own.
package load

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Workload is one row of the table.
type Workload struct {
	Name, Title string
	Files       int
	Size        int64 // bytes of each file
	TLS         bool
	WAN         bool // 40 ms before each answer, 6.25 MB/s a connection
	Gateway     bool // VersityGW over a folder; else nothing is kept
}

const mib = 1 << 20

// Workloads are all there are.
var Workloads = []Workload{
	{Name: "W1", Title: "one 2 GiB file, nothing kept, HTTP", Files: 1, Size: 2 << 30},
	{Name: "W2", Title: "one 2 GiB file, nothing kept, TLS", Files: 1, Size: 2 << 30, TLS: true},
	{Name: "W3", Title: "10,000 x 16 KiB, nothing kept", Files: 10_000, Size: 16 << 10},
	{Name: "W4", Title: "100,000 x 1 KiB, nothing kept", Files: 100_000, Size: 1 << 10},
	{Name: "W5", Title: "one 256 MiB file, 40 ms and 6.25 MB/s a connection", Files: 1, Size: 256 * mib, WAN: true},
	{Name: "W6", Title: "1,000 x 64 KiB, 40 ms and 6.25 MB/s a connection", Files: 1000, Size: 64 << 10, WAN: true},
	{Name: "V1", Title: "one 2 GiB file into VersityGW", Files: 1, Size: 2 << 30, Gateway: true},
	{Name: "V2", Title: "10,000 x 16 KiB into VersityGW", Files: 10_000, Size: 16 << 10, Gateway: true},
}

// Find returns the workload called name.
func Find(name string) (Workload, error) {
	for _, w := range Workloads {
		if w.Name == name {
			return w, nil
		}
	}
	return Workload{}, fmt.Errorf("no workload is called %q", name)
}

// The credentials that every client signs with, and that VersityGW asks for.
const (
	AccessKey = "AKIABENCHMARKNATIVE0"
	SecretKey = "benchmark+secret/0123456789abcdefghijkl"
	Region    = "us-east-1"
	Bucket    = "benchmark"
)

// The names of what a client is told in its environment.
const (
	envEndpoint = "BENCH_ENDPOINT"
	envFolder   = "BENCH_FOLDER"
	envWorkload = "BENCH_WORKLOAD"
	envVariant  = "BENCH_VARIANT"
	envCA       = "BENCH_CA"
)

// Job is what a client has to do.
type Job struct {
	Workload
	Endpoint string // the store's URL, without a slash at its end
	Folder   string // of the files
	Variant  string // "default", or how it was tuned
	CA       string // PEM file of the store's certificate; empty without TLS
}

// Environ is the environment for a client of j.
func (j *Job) Environ() []string {
	return append(os.Environ(),
		envEndpoint+"="+j.Endpoint, envFolder+"="+j.Folder, envWorkload+"="+j.Name, envVariant+"="+j.Variant, envCA+"="+j.CA,
		"AWS_ACCESS_KEY_ID="+AccessKey, "AWS_SECRET_ACCESS_KEY="+SecretKey, "AWS_REGION="+Region, "AWS_DEFAULT_REGION="+Region,
		"AWS_CA_BUNDLE="+j.CA, "AWS_EC2_METADATA_DISABLED=true")
}

// FromEnviron is the job that this process was given.
func FromEnviron() (*Job, error) {
	j := &Job{Endpoint: os.Getenv(envEndpoint), Folder: os.Getenv(envFolder), Variant: cmp.Or(os.Getenv(envVariant), "default"), CA: os.Getenv(envCA)}
	var err error
	j.Workload, err = Find(os.Getenv(envWorkload))
	if err == nil && (j.Endpoint == "" || j.Folder == "") {
		err = errors.New(envEndpoint + " and " + envFolder + " are not set: this program is started by bench/native")
	}
	return j, err
}

// perFolder is how many files lie in one folder.
const perFolder = 1000

// Key is the i-th file's path below the folder, and the key that it goes to.
func (w *Workload) Key(i int) string {
	return w.Name + "/" + strconv.Itoa(i/perFolder) + "/" + strconv.Itoa(i) + ".bin"
}

// File is the i-th file's path.
func (j *Job) File(i int) string { return filepath.Join(j.Folder, filepath.FromSlash(j.Key(i))) }

// ManyFiles reports that the workload is about their number.
func (w *Workload) ManyFiles() bool { return w.Files > 1 }

// TLSConfig trusts the store.
func (j *Job) TLSConfig() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if j.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(j.CA)
	if err != nil {
		return nil, err
	}
	c.RootCAs = x509.NewCertPool()
	c.RootCAs.AppendCertsFromPEM(pem)
	return c, nil
}

// Transport is net/http's for a peer, which keeps as many connections as are
// used at once.
func (j *Job) Transport(connections int) (*http.Transport, error) {
	config, err := j.TLSConfig()
	return &http.Transport{
		TLSClientConfig: config, MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
		IdleConnTimeout: time.Minute, DisableCompression: true, WriteBufferSize: 64 << 10,
	}, err
}

// Run is the main function of a client: it has upload do the job of the
// environment, prints the most memory that it had, and ends with status 1 if that
// fails.
func Run(upload func(*Job) error) {
	j, err := FromEnviron()
	if err == nil {
		err = upload(j)
	}
	fmt.Println(PeakKiB(os.Getpid()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
