package cli

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// cutter is a way to the store on which connections are cut at any byte, in
// either direction, and some of which go silent.
type cutter struct {
	url        string
	cut, stuck atomic.Int32
}

// cuts starts such a way. From seed follows what happens to each connection; the
// first ones fare worst.
func cuts(t *testing.T, seed uint64) *cutter {
	t.Helper()
	to, err := url.Parse(stack.Endpoints().S3)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &cutter{url: "http://" + l.Addr().String()}
	random := rand.New(rand.NewPCG(seed, 1))
	go func() {
		for n := 0; ; n++ {
			client, err := l.Accept()
			if err != nil {
				return
			}
			store, err := net.Dial("tcp", to.Host)
			if err != nil {
				client.Close()
				return
			}
			// A connection carries many requests, so that a cut comes in the
			// middle of a body, of an answer, or between two requests.
			sent, answered, silent := random.Int64N(12<<20), random.Int64N(20_000), n < 2
			if n > 40 {
				sent, answered, silent = 1<<40, 1<<40, false
			}
			go c.carry(client, store, sent, silent)
			go c.carry(store, client, answered, false)
		}
	}()
	return c
}

// carry copies until so many bytes have gone, and then ends both with a reset,
// or goes silent until the other side gives up.
func (c *cutter) carry(from, to net.Conn, most int64, silent bool) {
	_, err := io.CopyN(to, from, most)
	switch {
	case err == nil && silent:
		c.stuck.Add(1)
		io.Copy(io.Discard, from)
	case err == nil:
		c.cut.Add(1)
	}
	for _, end := range []net.Conn{from, to} {
		end.(*net.TCPConn).SetLinger(0)
		end.Close()
	}
}

// TestUp_brokenNetwork: whatever is cut, everything is stored, whole.
func TestUp_brokenNetwork(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			folder, sums := t.TempDir(), map[string]string{}
			for i := range 60 {
				name := fmt.Sprintf("small/%02d", i)
				_, sums[name] = write(t, filepath.Join(folder, name), int64(i*i*37))
			}
			_, sums["big"] = write(t, filepath.Join(folder, "big"), 60<<20)
			way := cuts(t, seed)
			c := command{
				args: []string{"up", "--json", "--part-size", "5MiB", "--stall-after", "1s", "--jobs", "6", folder, destination(unique(t))},
				env: append([]string{"BUCKETLINE_ENDPOINT=" + way.url, "BUCKETLINE_REGION=" + stack.Endpoints().Region, "BUCKETLINE_PATH_STYLE=true"},
					credentialsEnv(t, "alice", time.Hour)...),
			}
			r := c.run(t)
			if r.status != 0 {
				t.Fatalf("up: %v", r)
			}
			for name, sum := range sums {
				if got := fetch(t, unique(t)+name); got.sum != sum {
					t.Errorf("%s: stored %+v, want %s", name, got, sum)
				}
			}
			// An upload whose beginning was answered on a connection that was cut
			// is known to the store alone, and has nothing in it.
			for _, id := range uploads(t, unique(t)) {
				bucket, key := stack.Endpoints().Bucket, unique(t)+"big"
				out, err := rootJudge().ListParts(t.Context(), &s3.ListPartsInput{Bucket: &bucket, Key: &key, UploadId: &id})
				if err != nil || len(out.Parts) > 0 {
					t.Errorf("the store has an unfinished upload of %d parts, %v", len(out.Parts), err)
				}
			}
			list := records(t, r)
			if way.cut.Load() < 5 || len(of(list, "retry")) == 0 {
				t.Errorf("%d connections were cut, %d requests sent again: nothing was shown", way.cut.Load(), len(of(list, "retry")))
			}
			total := of(list, "summary")[0]
			t.Logf("%d connections cut, %d went silent, %d retries, %d bytes of %d sent again in %v",
				way.cut.Load(), way.stuck.Load(), len(of(list, "retry")), total.Resent, total.Size, r.took.Round(time.Millisecond))
		})
	}
}
