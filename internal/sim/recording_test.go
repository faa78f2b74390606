package sim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/driver/recording"
	"github.com/bucketline/bucketline/engine"
)

// recordedLives is how many worlds are recorded and replayed.
const recordedLives = 300

// recordedMachine is an engine that is recorded, as a driver does it.
type recordedMachine struct {
	machine
	world *World
	out   bytes.Buffer
	to    *recording.Recorder
	asked []string
	err   error
}

func (m *recordedMachine) begin() {
	if m.to != nil {
		return
	}
	m.to = recording.New(&m.out)
	for _, s := range m.world.open {
		if s.engine == machine(m) {
			m.err = m.to.Begin(s.config)
		}
	}
}

func (m *recordedMachine) Handle(now engine.Now, ev *engine.Event) error {
	m.begin()
	m.to.Event(now, ev)
	return m.machine.Handle(now, ev)
}

func (m *recordedMachine) Poll(now engine.Now, act *engine.Action) bool {
	m.begin()
	m.to.Poll(now)
	ok := m.machine.Poll(now, act)
	if ok {
		m.asked = append(m.asked, outline(act))
	}
	return ok
}

// outline is all of an action that names nothing and nobody, and how long the
// names are.
func outline(a *engine.Action) string {
	text := fmt.Sprintf("%s %d #%d part %d %d+%d %v %v %v %d ms, %d %d %d", actionNames[a.Kind], a.File, a.Req, a.Part, a.Offset, a.Length,
		a.Hash, a.State, a.Reason, a.Delay, len(a.Name), len(a.Record), len(a.UploadID))
	if a.Send != nil {
		text += fmt.Sprintf(" %s %s %d %v", a.Send.Method, a.Send.Op, len(a.Send.Body), a.Send.Body != nil)
	}
	if a.Err != nil {
		text += fmt.Sprintf(" %s %s %d/%d %d %v", a.Err.Code, a.Err.Op, a.Err.Part, a.Err.Parts, a.Err.Status, a.Err.Doubt)
	}
	if a.Result != nil {
		text += fmt.Sprintf(" %s %d %d %v %x", a.Result.ETag, a.Result.Bytes, len(a.Result.Key), a.Result.Algorithm, a.Result.Digest)
	}
	return text
}

// What a recorded engine asked for, an engine that is told the recording asks
// for, and nothing of what files, people and credentials are called is in it.
func TestRecording_replaysToTheSameActions(t *testing.T) {
	for seed := range uint64(recordedLives) {
		w := newWorld(seed, nil)
		var machines []*recordedMachine
		w.wrap = func(m machine) machine {
			r := &recordedMachine{machine: m, world: w}
			machines = append(machines, r)
			return r
		}
		w.run(seed)
		for n, m := range machines {
			if m.to == nil {
				continue // it ended before anything happened
			}
			m.to.Flush()
			if m.err != nil || m.to.Err() != nil {
				t.Fatalf("seed %d, session %d: %v, %v", seed, n, m.err, m.to.Err())
			}
			for _, name := range []string{"files/", "photos", "upload-", "secret-", "token/"} {
				if bytes.Contains(m.out.Bytes(), []byte(name)) {
					t.Errorf("seed %d, session %d: %q is in the recording", seed, n, name)
				}
			}
			var got []string
			err := replay(&m.out, new(bytes.Buffer), func(a *engine.Action) { got = append(got, outline(a)) })
			if err != nil {
				t.Fatalf("seed %d, session %d: %v", seed, n, err)
			}
			for i := range max(len(got), len(m.asked)) {
				if i >= len(got) || i >= len(m.asked) || got[i] != m.asked[i] {
					t.Fatalf("seed %d, session %d, action %d of %d and %d:\nreplayed %s\nrecorded %s", seed, n, i, len(got), len(m.asked),
						strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), strings.Join(m.asked[min(i, len(m.asked)):min(i+1, len(m.asked))], ""))
				}
			}
		}
	}
}
