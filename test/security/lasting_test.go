package security

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// stsLife is the shortest life that the dev stack's STS gives, and stsMargin the
// part of it in which package cred sends nothing any more.
const (
	stsLife   = 15 * time.Second
	stsMargin = 10 // a tenth: cred.MarginShare
)

// campaign is how many uploads there are, and from one beginning to the next how
// long. tools/credentials.sh asks for 60 in ten minutes.
func campaign(t *testing.T) (uploads int, every time.Duration) {
	t.Helper()
	uploads, every = 8, 5*time.Second
	if text := os.Getenv("CREDENTIAL_UPLOADS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("CREDENTIAL_UPLOADS=%s is no number of uploads", text)
		}
		uploads, every = n, 10*time.Second
	}
	return uploads, every
}

// Credentials that live 15 seconds. Both of these wait for them to end, so they do
// it together.
func TestLasting_15sCredentials(t *testing.T) {
	r := new(recorder)
	c := stackConfig()
	c.IDTokenLife = time.Minute // they are renewed on the way, too
	c.Wrap = r.wrap
	c.Pages = wrongClocks()
	stack, _ := startStack(t, c)
	for name, test := range map[string]func(p *page){"15 s credentials": (*page).lasts, "a wrong clock": (*page).underWrongClocks} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			webdriver.Each(t, webdriver.Config{Parallel: true, Wait: pageWithin}, func(t *testing.T, s *webdriver.Session) {
				test(&page{s, t, stack.Endpoints(), r, securityPath})
			})
		})
	}
}

// lasts has credentials that live 15 seconds, for much longer than that: no
// request fails, and new ones are asked for as rarely as possible.
func (p *page) lasts() {
	p.t.Helper()
	uploads, every := campaign(p.t)
	p.open()
	name := "lasting-" + string(p.Browser())
	folder := "users/alice/" + name + "/"
	p.Run("security.create(4, arguments[0], arguments[1])", int(stsLife/time.Second), name)
	begun := time.Now()
	for i := range uploads {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * every)))
		size := 1000
		if i%5 == 4 {
			size = 17 << 20 // in parts
		}
		p.Run("void security.upload(...arguments)", fmt.Sprintf("%s%d.bin", folder, i), size)
	}
	p.WaitUntil("the last upload", pageWithin, func() bool {
		states := webdriver.Eval[[]string](p.Session, "return security.state().tasks")
		return len(states) == uploads && !slices.ContainsFunc(states, func(s string) bool { return s != "done" && s != "failed" })
	})
	for i, state := range webdriver.Eval[[]string](p.Session, "return security.state().tasks") {
		if state != "done" {
			p.t.Errorf("upload %d is %s", i, state)
		}
	}
	refused := p.recorder.refused("s3", folder)
	if len(refused) > 0 {
		p.t.Errorf("the store refused:\n%s", strings.Join(refused, "\n"))
	}
	sent := p.recorder.times("s3", folder)
	exchanges, fewest := p.recorder.exchanges(name), fewestExchanges(sent)
	if exchanges > fewest+1 || exchanges < fewest-1 {
		p.t.Errorf("credentials were asked for %d times; %d is the least for requests at these times", exchanges, fewest)
	}
	fmt.Printf("| %s | dev stack | %d in %v | %v | %d, refused %d | %d | %d |\n",
		p.Browser(), uploads, time.Since(begun).Round(time.Second), stsLife, len(sent), len(refused), exchanges, fewest)
}

// times are when the requests to a server with part in their address arrived.
func (r *recorder) times(server, part string) []time.Time {
	var all []time.Time
	for _, one := range r.seen() {
		if one.server == server && one.method != http.MethodOptions && strings.Contains(one.target, part) {
			all = append(all, one.at)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// fewestExchanges is how many credentials requests at these times need, when each
// are asked for by the first request that the ones before do not serve. The STS
// cuts the end to whole seconds.
func fewestExchanges(at []time.Time) int {
	n := 0
	var end time.Time
	for _, t := range at {
		if t.Before(end) {
			continue
		}
		n++
		expires := t.Add(stsLife).Truncate(time.Second)
		end = expires.Add(-expires.Sub(t) / stsMargin)
	}
	return n
}

func TestFewestExchanges(t *testing.T) {
	begun := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	at := func(seconds ...float64) (all []time.Time) {
		for _, s := range seconds {
			all = append(all, begun.Add(time.Duration(s*float64(time.Second))))
		}
		return all
	}
	for _, test := range []struct {
		at   []time.Time
		want int
	}{
		{nil, 0}, {at(0), 1}, {at(0, 13.4), 1}, {at(0, 13.5), 2}, {at(0, 10, 20, 30), 2}, {at(0.9, 13.5), 1}, {at(0.9, 13.6), 2}, {at(0, 5, 10, 15, 20, 25, 30), 3},
	} {
		if got := fewestExchanges(test.at); got != test.want {
			t.Errorf("fewestExchanges(%v) = %d, want %d", test.at, got, test.want)
		}
	}
}

// MinIO's own STS gives nothing that lives less than 900 seconds: there the end
// comes by a revocation, which the page learns from the store alone. It gets new
// credentials, sends again, and what it stores is whole.
func TestLasting_minioRevokes(t *testing.T) {
	stack, _, store := startStores(t, 15*time.Minute)
	w := newMinIOWorld(t, stack, store)
	site := (&harness.Site{Policy: harness.Policy(w.endpoint)}).Serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		p := harness.Open(t, s, site+harness.Path)
		folder := ownPrefix + string(s.Browser()) + "/"
		p.MustCreate(harness.Options{
			"bucket": w.bucket, "region": w.region, "endpoint": w.endpoint, "pathStyle": true, "profile": "minio", "partSize": 5 << 20, "multipartThreshold": 5 << 20,
		}, &harness.Refresh{STS: &harness.WebIdentity{
			Endpoint: w.sts, RoleARN: w.roleARN, RoleSessionName: "lasting", Token: w.token, DurationSeconds: 900,
		}})
		upload := func(name string, size int) {
			p.MustUpload(harness.Upload{Source: harness.Made(1, size), Options: harness.Options{"key": folder + name}})
		}
		upload("one", 1000)
		if r := p.Stored(pageWithin); len(r.Refreshes) != 1 || r.Life == nil || r.Life.Total < 890_000 || r.Life.Total > 910_000 {
			t.Errorf("%d exchanges, credentials that live %+v ms; want one exchange, and 900 s", len(r.Refreshes), r.Life)
		}
		w.revokeAll(t)
		upload("two", 11<<20)
		upload("three", 1000)
		r := p.Stored(pageWithin)
		if len(r.Refreshes) != 2 || r.Refreshes[1].Reason != "refused" {
			t.Errorf("after the revocation credentials were asked for %+v, want once more, because they were refused", r.Refreshes)
		}
		for name, size := range map[string]int{"one": 1000, "two": 11 << 20, "three": 1000} {
			if got := store.Object(t, w.bucket, folder+name); got.SHA256 != harness.Sum(harness.Bytes(1, size)) {
				t.Errorf("%s: %d bytes with another sum", name, got.Size)
			}
		}
		fmt.Printf("| %s | MinIO | 3 | 900 s, revoked after the first | %s | %d | 2 |\n", s.Browser(), strings.ReplaceAll(r.Refused(), "\n", "; "), len(r.Refreshes))
	})
}

// revokeAll ends all credentials that MinIO has given alice (its admin API,
// RevokeTokens, which whoever has some may ask for).
func (w *world) revokeAll(t *testing.T) {
	t.Helper()
	c := w.mustAssume(t, w.token)
	req, err := http.NewRequest(http.MethodPost, w.endpoint+"/minio/admin/v3/revoke-tokens/openid?fullRevoke=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	req = signer.SignV4(*req, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, w.region)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("revoke: %s", resp.Status)
	}
}
