package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// Many static hosts do not know .wasm.
func TestEngine_ofWrongMediaType_loads(t *testing.T) {
	site := &harness.Site{WasmType: "application/octet-stream"}
	origin := site.Serve(t)
	s := startStack(t, devstack.Config{Origins: []string{origin}})
	site.Policy = harness.Policy(s.S3)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		p := harness.Open(t, b, origin+harness.Path)
		p.MustCreate(s.options(t), nil)
		key := "users/alice/" + string(b.Browser())
		p.MustUpload(harness.Upload{Source: harness.Named("made", 1, 10), Options: harness.Options{"key": key}})
		p.Stored(20 * time.Second)
		s.check(t, key, sourceOf(harness.Bytes(1, 10), "application/octet-stream", map[string]string{}))
	})
}

func TestEngine_thatCannotBeLoaded_saysWhatToDo(t *testing.T) {
	strict := (&harness.Site{Policy: strings.Replace(harness.Policy(), " 'wasm-unsafe-eval'", "", 1)}).Serve(t)
	good := (&harness.Site{Policy: harness.Policy()}).Serve(t)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		for name, one := range map[string]struct {
			origin, wasm, want, hint string
		}{
			"without wasm-unsafe-eval": {strict, "", "EngineUnavailable", "CSP allows 'wasm-unsafe-eval'"},
			"not there":                {good, "nowhere.wasm", "404", "engine.wasm is served"},
			"no module":                {good, "index.html", "EngineUnavailable", "engine.wasm is served"},
		} {
			p := harness.Open(t, b, one.origin+harness.Path)
			o := harness.Options{
				"bucket": "photos", "region": "eu-west-1",
				"credentials": harness.Credentials{AccessKey: "a", SecretKey: "b", Expiration: "2999-01-01T00:00:00Z"},
			}
			if one.wasm != "" {
				o = o.With("wasm", one.wasm)
			}
			p.MustCreate(o, nil)
			p.MustUpload(harness.Upload{Source: harness.Named("made", 1, 10)})
			r := p.Wait(20 * time.Second)
			expect(t, name, r.Tasks[0].Error, harness.Failure{Code: "EngineUnavailable", Message: one.want, Hint: one.hint})
			// A file that comes later fails in the same way.
			p.MustUpload(harness.Upload{Source: harness.Named("made", 1, 10)})
			r = p.Wait(20 * time.Second)
			expect(t, name+", later", r.Tasks[1].Error, harness.Failure{Code: "EngineUnavailable", Message: one.want, Hint: one.hint})
		}
	})
}
