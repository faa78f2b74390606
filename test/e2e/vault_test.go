package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// vault is the page vault.html in one browser.
type vault struct {
	*webdriver.Session
	t *testing.T
	s *stack
}

func openVault(t *testing.T, b *webdriver.Session, s *stack) *vault {
	t.Helper()
	b.Open(s.harness() + "vault.html")
	b.WaitFor("the vault's page", 30*time.Second, "return window.vault")
	return &vault{b, t, s}
}

// create makes an uploader in place of the one before.
func (v *vault) create(o harness.Options) {
	v.t.Helper()
	if refused := webdriver.Eval[any](v.Session, "return vault.create(arguments[0]) ?? null", o); refused != nil {
		v.t.Fatalf("createUploader: %v", refused)
	}
}

func (v *vault) upload(key string, size int) {
	v.t.Helper()
	v.Run("vault.upload(arguments[0])", []any{map[string]any{"source": harness.Made(uint32(size), size), "key": key}})
}

// settled waits until all uploads are done.
func (v *vault) settled() {
	v.t.Helper()
	v.WaitUntil("all uploads to end", 2*time.Minute, func() bool {
		states := webdriver.Eval[[]string](v.Session, "return vault.states()")
		if slices.Contains(states, "failed") {
			v.t.Fatalf("an upload failed: %s", webdriver.Eval[string](v.Session, "return vault.error()"))
		}
		return !slices.ContainsFunc(states, func(state string) bool { return state != "done" })
	})
}

// lists are the places where a function of the page finds secret.
func (v *vault) finds(function, secret string) []string {
	v.t.Helper()
	half := len(secret) / 2
	return webdriver.Eval[[]string](v.Session, "return vault."+function+"(arguments[0], arguments[1])", secret[:half], secret[half:])
}

func (v *vault) inMemory(secret string) bool {
	v.t.Helper()
	return webdriver.Eval[bool](v.Session, "return vault.memories() > 0 && vault.inMemory(arguments[0], arguments[1])", secret[:9], secret[9:])
}

// workers lists what each worker that signs was told, by kind.
func (v *vault) workers() [][]string {
	v.t.Helper()
	return webdriver.Eval[[][]string](v.Session, "return vault.told()")
}

// After uploads of all kinds the secret is nowhere that script can look: not in
// what it can reach, not in the engine's memory, not in what the worker was told;
// and no key can be read back. What finds nothing finds what is planted.
func TestVault_secretIsNowhere(t *testing.T) {
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		for _, version := range []int{4, 2} {
			openVault(t, b, s).keepsItsSecret(version)
		}
	})
}

func (v *vault) keepsItsSecret(version int) {
	v.t.Helper()
	const size = 11 * mib
	t, b, s := v.t, v.Session, v.s
	c := s.credentials(t, "alice", time.Hour)
	options := s.options(t).With("credentials", c).With("multipartThreshold", 5*mib).With("partSize", 5*mib).With("journal", false).With("signature", harness.Options{"version": version})
	prefix := fmt.Sprintf("users/alice/vault/%s/%d/", b.Browser(), version)
	v.create(options)
	v.upload(prefix+"small", 1000)
	v.upload(prefix+"parts", size)
	v.settled()
	again := s.credentials(t, "alice", time.Hour)
	for _, secret := range []string{again.SecretKey, c.SecretKey + "\n"} {
		again.SecretKey = secret
		webdriver.Eval[any](b, "return vault.setCredentials(arguments[0]) ?? null", again)
	}
	v.upload(prefix+"after", 10)
	v.settled()
	for key, size := range map[string]int{"small": 1000, "parts": size, "after": 10} {
		if got := s.object(t, prefix+key); got.sum != harness.Sum(harness.Bytes(uint32(size), size)) {
			t.Errorf("%s is another one than was sent", key)
		}
	}
	if found := v.finds("reaches", c.SecretKey); len(found) > 0 {
		t.Errorf("the secret can be reached at %q", found)
	}
	if v.inMemory(c.SecretKey) {
		t.Error("the secret is in the engine's memory")
	}
	if found := v.finds("wasTold", c.SecretKey); len(found) > 0 {
		t.Errorf("the worker was told the secret: %q", found)
	}
	if wrong := webdriver.Eval[[]string](b, "return await vault.readable()"); len(wrong) > 0 {
		t.Errorf("of the keys %q", wrong)
	}
	if workers := v.workers(); len(workers) != 1 || !slices.Contains(workers[0], "sign") {
		t.Errorf("the workers that sign were told %q", workers)
	}
	if refused := webdriver.Eval[[]int](b, "return vault.refused()"); len(refused) > 0 {
		t.Errorf("refused with %v", refused)
	}

	b.Run("window.planted = new Map([[1, { deep: [new TextEncoder().encode(arguments[0])] }]])", c.SecretKey)
	if found := v.finds("reaches", c.SecretKey); len(found) == 0 {
		t.Error("what is planted in an object is not found")
	}
	b.Run("delete window.planted")
	v.create(options.With("vault", false))
	v.upload(prefix+"without", 10)
	v.settled()
	if !v.inMemory(c.SecretKey) {
		t.Error("what an engine that signs has in its memory is not found")
	}
}

// A page from http:// of another machine has no WebCrypto: the engine signs, which
// is said once; and where a vault is required there is no uploader.
func TestVault_insecurePageDoesWithout(t *testing.T) {
	site := harness.Site{}
	own := strings.Replace(site.Serve(t), "127.0.0.1", webdriver.Name, 1)
	s := startStack(t, devstack.Config{Origins: []string{own}})
	site.Policy = harness.Policy(s.S3)
	webdriver.Each(t, webdriver.Config{Needs: []webdriver.Feature{webdriver.OwnName}, Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		b.Open(own + harness.Path + "vault.html")
		b.WaitFor("the vault's page", 30*time.Second, "return window.vault")
		if webdriver.Eval[bool](b, "return isSecureContext || crypto.subtle !== undefined") {
			t.Fatalf("%s is a secure context", own)
		}
		v := &vault{b, t, s}
		c := s.credentials(t, "alice", time.Hour)
		options := s.options(t).With("credentials", c)
		if refused := webdriver.Eval[any](b, "return vault.create(arguments[0]) ?? null", options.With("vault", "required")); refused != "VaultUnavailable" {
			t.Errorf("with a vault required: %v", refused)
		}
		for _, version := range []int{4, 2} {
			v.create(options.With("signature", harness.Options{"version": version}))
			prefix := fmt.Sprintf("users/alice/vault/%s/insecure/%d/", b.Browser(), version)
			sizes := []int{1000, 17 * mib}
			for _, size := range sizes {
				v.upload(fmt.Sprint(prefix, size), size)
			}
			v.settled()
			for _, size := range sizes {
				if got := s.object(t, fmt.Sprint(prefix, size)); got.sum != harness.Sum(harness.Bytes(uint32(size), size)) {
					t.Errorf("%s%d is another one than was sent", prefix, size)
				}
			}
			if warnings := webdriver.Eval[[]string](b, "return vault.warnings()"); !slices.Equal(warnings, []string{"VaultUnavailable"}) {
				t.Errorf("version %d: warnings %q", version, warnings)
			}
		}
		if !v.inMemory(c.SecretKey) {
			t.Error("the engine does not have the secret, and has signed with it")
		}
	})
}

// A worker that is ended in the middle of uploads says nothing of it. Another one
// signs what it was asked for, and everything ends whole.
func TestVault_workerIsEndedInMidUpload(t *testing.T) {
	const size = 40 * mib
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		v := openVault(t, b, s)
		v.create(s.options(t).With("multipartThreshold", 5*mib).With("partSize", 5*mib).With("connections", 2).With("journal", false))
		key := fmt.Sprintf("users/alice/vault/%s/killed", b.Browser())
		v.upload(key, size)
		for range 2 {
			before := webdriver.Eval[int64](b, "return vault.stored()")
			v.WaitUntil("another part to be stored", time.Minute, func() bool {
				return webdriver.Eval[int64](b, "return vault.stored()") > before
			})
			b.Run("vault.kill()")
		}
		v.settled()
		if got := s.object(t, key); got.sum != harness.Sum(harness.Bytes(size, size)) {
			t.Error("another object was stored than was sent")
		}
		if n := len(v.workers()); n < 2 {
			t.Errorf("%d workers, want one after each that was ended", n)
		}
		if refused := webdriver.Eval[[]int](b, "return vault.refused()"); len(refused) > 0 {
			t.Errorf("refused with %v", refused)
		}
	})
}

// Credentials change again and again while signatures are outstanding: each
// request goes with those that signed it, and none is refused.
func TestVault_credentialsChangeInMidUpload(t *testing.T) {
	const files, changes = 60, 25
	s := startStack(t, devstack.Config{})
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, b *webdriver.Session) {
		v := openVault(t, b, s)
		sets := []harness.Credentials{s.credentials(t, "alice", time.Hour), s.credentials(t, "alice", 2*time.Hour)}
		v.create(s.options(t).With("journal", false))
		prefix := fmt.Sprintf("users/alice/vault/%s/changing/", b.Browser())
		for i := range files {
			v.upload(fmt.Sprint(prefix, i), 5000+i)
		}
		// In one script, so that they come while requests are being signed.
		got := webdriver.Eval[[]any](b, `const refused = [];
			for (let i = 0; i < arguments[1]; i++) {
				refused.push(vault.setCredentials(arguments[0][i % 2]) ?? "");
				await new Promise((next) => setTimeout(next, i % 5));
			}
			return refused.filter((code) => code !== "");`, sets, changes)
		if len(got) > 0 {
			t.Fatalf("setCredentials: %v", got)
		}
		v.settled()
		if refused := webdriver.Eval[[]int](b, "return vault.refused()"); len(refused) > 0 {
			t.Errorf("refused with %v", refused)
		}
		if n := webdriver.Eval[int](b, "return vault.count('credentials')"); n != changes {
			t.Errorf("%d changes of credentials were told, want %d", n, changes)
		}
		url := webdriver.Eval[string](b, "return await vault.presigned(arguments[0])", prefix+"7")
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != 200 || harness.Sum(body) != harness.Sum(harness.Bytes(5007, 5007)) {
			t.Errorf("the presigned URL gives %d and %d bytes, %v", answer.StatusCode, len(body), err)
		}
	})
}
