package tinygo

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/wire"
)

// told is a line of what the engine's transcripts write with -record.
type told struct {
	Now     engine.Now
	Config  *engine.Config
	Event   *engine.Event
	Refused bool
	Polled  *int
}

// Every transcript of the engine, told to both. Whether the engine says what
// the transcript says is for the engine's own test.
func TestTranscripts(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("go", "test", "-vet=off", "-count=1", "-run", "^TestTranscripts$", "./engine", "-args", "-record", dir)
	cmd.Dir = root
	out, failed := cmd.CombinedOutput()
	scripts, err := filepath.Glob(filepath.Join(root, "engine", "testdata", "*.txt"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	h := startHost(t)
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".txt")
		t.Run(name, func(t *testing.T) {
			record, err := os.Open(filepath.Join(dir, name+".jsonl"))
			if err != nil {
				t.Fatalf("%v was not recorded: %v, %v\n%s", script, err, failed, out)
			}
			defer record.Close()
			replay(t, h, json.NewDecoder(record))
		})
	}
}

// replay tells both what was recorded, and wants as many refusals and actions
// as there were then.
func replay(t *testing.T, h *host, record *json.Decoder) {
	var p *pair
	var events [][]byte
	files, refused := uint32(0), 0
	for {
		var line told
		if err := record.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case line.Config != nil:
			p = newPair(t, h)
			if wrong := p.call('o', frameConfig(t, line.Config)); len(wrong) > 0 {
				t.Fatalf("open refuses %+v", wrong)
			}
			events, files, refused = nil, 0, 0
		case line.Event != nil:
			files += uint32(len(line.Event.Files))
			events = append(events, frameEvent(t, line.Event))
			if line.Refused {
				refused++
			}
		case line.Polled != nil:
			actions, refusals := 0, 0
			for _, f := range p.step(line.Now, events...) {
				switch f.Kind {
				case wire.KindRefused:
					refusals++
				case wire.KindWake:
				default:
					actions++
				}
			}
			if actions != *line.Polled || refusals != refused {
				t.Errorf("%d actions and %d refusals, want %d and %d", actions, refusals, *line.Polled, refused)
			}
			for file := range files + 1 {
				p.ask(line.Now, file)
			}
			events, refused = nil, 0
		}
	}
	if p == nil || p.calls == 0 {
		t.Fatal("nothing was recorded")
	}
}
