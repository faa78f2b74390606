// Command bucketline uploads a workload with our client at its defaults: it
// walks the folder and starts each file as it comes.
package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/bench/native/load"
)

func main() { load.Run(profiled) }

// maxWaiting is how many files are begun and not stored.
const maxWaiting = 1024

// profiled is upload, with a profile of the processor in the file that the
// environment names.
func profiled(j *load.Job) error {
	name := os.Getenv("BENCH_PROFILE")
	if name == "" {
		return upload(j)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return upload(j)
}

func upload(j *load.Job) error {
	room := make(chan struct{}, maxWaiting)
	var failed atomic.Pointer[error]
	config := bucketline.Config{
		Bucket: load.Bucket, Region: load.Region, Endpoint: j.Endpoint, Profile: "versitygw",
		Credentials: bucketline.Credentials{
			AccessKeyID: load.AccessKey, SecretAccessKey: load.SecretKey, Expiration: time.Now().Add(time.Hour),
		},
		Notify: func(e bucketline.Event) {
			if e.Kind == bucketline.EventState && e.State.Ended() {
				if e.Err != nil {
					failed.CompareAndSwap(nil, &e.Err)
				}
				<-room
			}
		},
	}
	tls, err := j.TLSConfig()
	if err != nil {
		return err
	}
	config.RootCAs = tls.RootCAs
	client, err := bucketline.New(config)
	if err != nil {
		return err
	}
	err = filepath.WalkDir(filepath.Join(j.Folder, j.Name), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(j.Folder, name)
		if err != nil {
			return err
		}
		room <- struct{}{}
		_, err = client.StartFile(context.Background(), name, bucketline.Object{Key: filepath.ToSlash(key)})
		return err
	})
	for range maxWaiting {
		room <- struct{}{}
	}
	if closed := client.Close(); err == nil {
		err = closed
	}
	if e := failed.Load(); e != nil {
		return *e
	}
	return err
}
