package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketline/bucketline/devstack"
)

// processText is what a credential_process prints.
func processText(c devstack.Credentials, withEnd bool) string {
	out := map[string]any{"Version": 1, "AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "SessionToken": c.SessionToken}
	if withEnd {
		out["Expiration"] = c.Expiration.UTC().Format(time.RFC3339)
	}
	text, _ := json.Marshal(out)
	return string(text)
}

// sourceFile keeps text for "cat".
func sourceFile(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// An upload with credentials of every source but the environment and the login.
func TestUp_credentialsFrom(t *testing.T) {
	t.Parallel()
	c, err := stack.Credentials("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	const authorization = "Bearer of.the.container"
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != authorization || r.URL.RawQuery != "role=up" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{
			"AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "Token": c.SessionToken, "Expiration": c.Expiration.UTC().Format(time.RFC3339),
		})
	}))
	defer endpoint.Close()
	whole := sourceFile(t, "whole.json", processText(c, true))
	config := sourceFile(t, "config", "[profile up]\nregion = "+stack.Endpoints().Region+"\ncredential_process = cat "+whole+"\n")
	token := sourceFile(t, "token", authorization+"\n")
	for _, test := range []struct {
		name string
		args []string
		env  []string
	}{
		{"a process", []string{"--credentials-from", "process:cat " + whole}, nil},
		{"a profile", []string{"--aws-profile", "up"}, []string{"AWS_CONFIG_FILE=" + config}},
		{"the profile of the environment", []string{"--credentials-from", "aws"}, []string{"AWS_CONFIG_FILE=" + config, "AWS_PROFILE=up"}},
		{"a container", []string{"--credentials-from", "container"},
			[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + endpoint.URL + "/?role=up", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + token}},
		{"a JSON endpoint", []string{"--credentials-from", endpoint.URL + "/?role=up"}, []string{"AWS_CONTAINER_AUTHORIZATION_TOKEN=" + authorization}},
		{"a setting in the environment", nil, []string{"BUCKETLINE_CREDENTIALS_FROM=process:cat " + whole}},
		{"before what the environment has", []string{"--credentials-from", "process:cat " + whole}, []string{"AWS_ACCESS_KEY_ID=AKIANOBODY", "AWS_SECRET_ACCESS_KEY=x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, sum := write(t, filepath.Join(t.TempDir(), "a.bin"), 100_000)
			key := unique(t) + "a.bin"
			args := append([]string{"up", name, destination(key)}, test.args...)
			environment := append([]string{"BUCKETLINE_ENDPOINT=" + stack.Endpoints().S3, "AWS_EC2_METADATA_DISABLED=true"}, test.env...)
			if !strings.Contains(test.name, "profile") { // a profile brings its region
				environment = append(environment, "BUCKETLINE_REGION="+stack.Endpoints().Region)
			}
			r := command{args: args, env: environment}.run(t)
			if got := r; got.status != 0 {
				t.Fatal(got)
			}
			if got := fetch(t, key); got.sum != sum {
				t.Errorf("stored %+v, want %s", got, sum)
			}
		})
	}
}

// Credentials of 15 seconds, from a process that is run again for each.
func TestUp_credentialsFromAProcessThatIsRunAgain(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		runs.Add(1)
		c, err := stack.Credentials("alice", 15*time.Second)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Write([]byte(processText(c, true)))
	}))
	defer endpoint.Close()
	name, sum := write(t, filepath.Join(t.TempDir(), "a.bin"), 24<<20)
	key := unique(t) + "a.bin"
	r := command{
		args: []string{"up", name, destination(key), "--part-size", "5MiB", "--jobs", "1", "--bandwidth", "700KB", "--credentials-from", "process:curl -s " + endpoint.URL},
		env:  storeEnv(stack.Endpoints()),
	}.run(t)
	if r.status != 0 || strings.Contains(r.stderr, "held") && strings.Contains(r.stderr, "failed") {
		t.Fatal(r)
	}
	if got := fetch(t, key); got.sum != sum {
		t.Errorf("stored %+v, want %s", got, sum)
	}
	// 24 MiB at 700 KB/s take 36 seconds, part after part: three sets at least,
	// and no more than one for each five seconds that it took.
	most := int32(r.took/(5*time.Second)) + 2
	if n := runs.Load(); n < 3 || n > most {
		t.Errorf("the process ran %d times in %v", n, r.took)
	}
}

// What does not work is told before anything is read, and shows no secret.
func TestUp_credentialsFromWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	c, err := stack.Credentials("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte(`{"code":"AccessDenied","message":"Not you."}`))
	}))
	defer refusing.Close()
	endless := sourceFile(t, "endless.json", processText(c, false))
	cut := sourceFile(t, "cut.json", strings.TrimSuffix(processText(c, true), "}"))
	for _, test := range []struct {
		name, from string
		more       []string
		want       string
	}{
		{"nothing known", "vault", nil, "none of aws, container, process:COMMAND"},
		{"a process without a command", "process:", nil, "none of aws"},
		{"a profile for a process", "process:true", []string{"--aws-profile", "x"}, "goes with --credentials-from aws"},
		{"no such profile", "aws", []string{"--aws-profile", "nobody"}, "nobody"},
		{"no container", "container", nil, "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
		{"keys that do not end", "process:cat " + endless, nil, "--allow-long-lived"},
		{"a process that prints half", "process:cat " + cut, nil, "is not JSON"},
		{"a process that fails", "process:exit 7", nil, "exit status 7"},
		{"an endpoint that refuses", refusing.URL, nil, "403 AccessDenied: Not you."},
		{"an endpoint in clear", "http://issuer.example.com/", nil, "http, and not this machine"},
	} {
		name, _ := write(t, filepath.Join(t.TempDir(), "a.bin"), 10)
		r := command{
			args: append([]string{"up", name, destination(unique(t) + "a.bin"), "--credentials-from", test.from}, test.more...),
			env:  append(storeEnv(stack.Endpoints()), "AWS_EC2_METADATA_DISABLED=true"),
		}.run(t)
		if r.status != 2 || !strings.Contains(r.stderr, test.want) {
			t.Errorf("%s: want exit 2 and %q, got %v", test.name, test.want, r)
		}
		if strings.Contains(r.stdout+r.stderr, c.SecretAccessKey) || strings.Contains(r.stdout+r.stderr, c.SessionToken) {
			t.Errorf("%s: the output shows a secret: %v", test.name, r)
		}
	}
	if keys := stored(t, unique(t)); len(keys) > 0 {
		t.Errorf("stored %v", keys)
	}
	name, _ := write(t, filepath.Join(t.TempDir(), "a.bin"), 10)
	allowed := command{
		args: []string{"up", name, destination(unique(t) + "a.bin"), "--credentials-from", "process:cat " + endless, "--allow-long-lived"},
		env:  storeEnv(stack.Endpoints()),
	}.run(t)
	if allowed.status != 0 {
		t.Errorf("keys that do not end, allowed: %v", allowed)
	}
}
