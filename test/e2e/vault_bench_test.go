package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// quickStore takes anything, and keeps nothing: what is measured is the page.
func quickStore(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "PUT, POST")
		h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	h.Set("ETag", `"e"`)
	if r.Method == http.MethodPost {
		w.WriteHeader(http.StatusNoContent)
	}
}

// BenchmarkVault uploads 10,000 files of 16 KiB in Chromium with a vault and as
// many without, by turns, so that what else the machine does is in both: as
// PutObject, where the browser asks before each, and as forms, where it does
// not. Run it with -benchtime 1x.
func BenchmarkVault(b *testing.B) {
	const files, rounds, size = 1000, 10, 16 << 10
	store := httptest.NewServer(http.HandlerFunc(quickStore))
	b.Cleanup(store.Close)
	site := (&harness.Site{Policy: harness.Policy(store.URL)}).Serve(b)
	s := webdriver.Start(b, webdriver.Chromium, webdriver.Config{})
	s.Open(site + harness.Path + "vault.html")
	options := harness.Options{
		"bucket": "photos", "region": "eu-west-1", "endpoint": store.URL, "pathStyle": true, "checksum": "none", "journal": false,
		"credentials": harness.Credentials{AccessKey: "AKID", SecretKey: "secret", SessionToken: "token", Expiration: "2999-01-01T00:00:00Z"},
	}
	type ran struct{ Millis, Steps, Messages float64 }
	for _, form := range []bool{false, true} {
		name := "put"
		if form {
			name = "form"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var sum [2]ran
				var more []float64 // milliseconds, of each round
				for round := range rounds {
					var millis [2]float64
					for turn := range 2 {
						which := (round + turn) % 2 // who goes first changes too
						o := options.With("vault", which == 1)
						if form {
							o = o.With("formBelow", 1<<20)
						}
						got := webdriver.Eval[ran](s, "return await vault.race(...arguments)", o, fmt.Sprint(name, round, "/"), files, size)
						sum[which] = ran{sum[which].Millis + got.Millis, sum[which].Steps + got.Steps, sum[which].Messages + got.Messages}
						millis[which] = got.Millis
					}
					more = append(more, millis[1]-millis[0])
				}
				slices.Sort(more)
				const all = files * rounds
				b.ReportMetric(all/sum[0].Millis*1000, "files/s-without")
				b.ReportMetric(all/sum[1].Millis*1000, "files/s-vault")
				b.ReportMetric(100*(sum[1].Millis/sum[0].Millis-1), "%-slower")
				b.ReportMetric(1000*more[len(more)/2]/files, "µs-more/file-median")
				b.ReportMetric(sum[0].Steps/all, "steps/file-without")
				b.ReportMetric(sum[1].Steps/all, "steps/file-vault")
				b.ReportMetric(sum[1].Messages/all, "messages/file")
			}
		})
	}
}
