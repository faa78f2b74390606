package issuer

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/sign"
)

// prompt is a Backend that takes no time, for many at once.
type prompt struct{}

func (prompt) Credentials(context.Context, *Grant) (cred.Credentials, error) {
	return cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secretKey, SessionToken: sessionToken},
		Expiration:  sign.UnixMilli(time.Now().Add(time.Hour).UnixMilli()),
	}, nil
}

// used is the processor time that this process has used, which the rest of the
// machine does not change.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIssuer_overHTTP has clients ask at once, over loopback, for what a back
// end gives that takes no time: what is measured is the issuer, and the clients. Each asks
// with one of many people's tokens, whose signatures are verified each time.
func BenchmarkIssuer_overHTTP(b *testing.B) {
	const people = 100
	s := newService(b, func(c *Config) {
		c.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
		c.PerSubject, c.PerAddress = Rate{Every: time.Millisecond, Burst: 1 << 30}, Rate{Every: time.Millisecond, Burst: 1 << 30}
		c.Backend = prompt{}
	})
	server := httptest.NewServer(s.Issuer)
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1 << 10}}
	tokens := make([]string, people)
	for i := range tokens {
		tokens[i] = s.with(b, map[string]any{"sub": "person-" + string(rune('a'+i%26)) + string(rune('a'+i/26))})
	}
	var mu sync.Mutex
	var took []time.Duration
	b.SetParallelism(8)
	before := used(b)
	b.RunParallel(func(pb *testing.PB) {
		var own []time.Duration
		for i := 0; pb.Next(); i++ {
			r, err := http.NewRequest(http.MethodGet, server.URL+"/credentials", nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+tokens[i%people])
			begun := time.Now()
			answer, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			own = append(own, time.Since(begun))
			if answer.StatusCode != http.StatusOK {
				b.Errorf("status %d", answer.StatusCode)
				return
			}
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, own...)
	})
	busy := used(b) - before
	slices.Sort(took)
	at := func(percent int) float64 {
		return float64(took[min(len(took)*percent/100, len(took)-1)].Microseconds()) / 1000
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "µs-cpu/request")
	b.ReportMetric(at(50), "ms-p50")
	b.ReportMetric(at(99), "ms-p99")
}
