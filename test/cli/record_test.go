package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUp_record records an upload in parts and a small one, and replays it: the
// engine asks for the same once more, and nothing in the file says what was
// uploaded, for whom, or with what.
func TestUp_record(t *testing.T) {
	t.Parallel()
	const mebibyte = 1 << 20
	folder := t.TempDir()
	large, _ := write(t, filepath.Join(folder, "Quartalszahlen.xlsx"), 12*mebibyte)
	small, _ := write(t, filepath.Join(folder, "Kündigung.txt"), 1000)
	file := filepath.Join(folder, "recording")
	args := []string{"--record", file, "--part-size", "5MiB", "--threshold", "5MiB", "--metadata", "album=Hochzeit", large, small, destination(unique(t))}
	environment := env(t, "alice")
	if r := (command{args: append([]string{"up"}, args...), env: environment}).run(t); r.status != 0 {
		t.Fatal(r)
	}

	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 32)
	for _, name := range []string{large, small} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		f.ReadAt(head, 100)
		f.Close()
		if bytes.Contains(data, head) {
			t.Errorf("content of %s is in the recording", name)
		}
	}
	for _, pair := range environment {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") && name != "AWS_CREDENTIAL_EXPIRATION" && name != "AWS_REGION" && bytes.Contains(data, []byte(value)) {
			t.Errorf("%s is in the recording", name)
		}
	}
	for what, text := range map[string]string{
		"a file's name": "Quartalszahlen", "another": "ndigung", "metadata": "Hochzeit", "the key": "alice/", "the folder": filepath.Base(folder),
		"the bucket": stack.Endpoints().Bucket,
	} {
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("%s is in the recording", what)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the recording has mode %v, %v", info.Mode(), err)
	}

	r := command{args: []string{"sim", "--replay", file}}.run(t)
	for text, times := range map[string]int{
		"UploadPart /": 3, "CreateMultipartUpload /": 1, "CompleteMultipartUpload /": 1, "PutObject /": 1,
		" done: ": 2, "> credentials ": 1, "! ": 0,
	} {
		if got := strings.Count(r.stdout, text); r.status != 0 || got != times {
			t.Errorf("%q is there %d times, want %d, exit %d", text, got, times, r.status)
		}
	}
	if t.Failed() {
		t.Log(r)
	}

	// A recording never takes the place of a file.
	if again := up(t, 2, args...); !strings.Contains(again.stderr, "is there already") {
		t.Errorf("a second recording: %v", again)
	}
}
