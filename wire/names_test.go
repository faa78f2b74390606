package wire

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// names is testdata/names.json, which web/core/protocol.test.ts reads too.
type names struct {
	Events        map[string]int    `json:"events"`
	Actions       map[string]int    `json:"actions"`
	Queries       map[string]int    `json:"queries"`
	Causes        map[string]int    `json:"causes"`
	Algorithms    map[string]int    `json:"algorithms"`
	States        []string          `json:"states"`
	Reasons       []string          `json:"reasons"`
	Priorities    []string          `json:"priorities"`
	Conflicts     []string          `json:"conflicts"`
	CellStates    []string          `json:"cellStates"`
	Limits        map[string]int64  `json:"limits"`
	ConfigOptions map[string]string `json:"configOptions"`
	ObjectOptions map[string]string `json:"objectOptions"`
	Codes         []string          `json:"codes"`
}

// The codes that a page may see are those in the sources: web/core has a hint
// for each of names.json's.
func TestNames_codesAreTheSources(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	var found []string
	for _, c := range []struct{ glob, pattern string }{
		{"../s3/input.go", `Code\w+ += "(\w+)"`},
		{"../engine/action.go", `(?:Code|Warn)\w+ += "(\w+)"`},
		{"../cred/error.go", `code: "(\w+)"`},
		{"object.go", `Code: "(\w+)"`},
		{"query.go", `Code: "(\w+)"`},
	} {
		source, err := os.ReadFile(c.glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(c.pattern).FindAllSubmatch(source, -1) {
			found = append(found, string(match[1]))
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if !slices.Equal(found, n.Codes) {
		t.Errorf("names.json has the codes\n%q\nthe sources have\n%q", n.Codes, found)
	}
}

// numbered is what a table of names.json has to be.
type numbered struct {
	name string
	want int
}

func TestNames_areTheEngines(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	for _, c := range []struct {
		name  string
		table map[string]int
		want  []numbered
	}{
		{"events", n.Events, []numbered{
			{"added", int(engine.EvAdded)}, {"described", int(engine.EvDescribed)},
			{"undescribed", int(engine.EvUndescribed)}, {"sent", int(engine.EvSent)},
			{"answered", int(engine.EvAnswered)}, {"broke", int(engine.EvBroke)},
			{"credentials", int(engine.EvCredentials)}, {"refreshFailed", int(engine.EvRefreshFailed)},
			{"expire", int(engine.EvExpire)}, {"cancel", int(engine.EvCancel)}, {"tick", int(engine.EvTick)},
			{"hashed", int(engine.EvHashed)}, {"loaded", int(engine.EvLoaded)}, {"saved", int(engine.EvSaved)},
			{"pause", int(engine.EvPause)}, {"resume", int(engine.EvResume)}, {"retry", int(engine.EvRetry)},
			{"prioritize", int(engine.EvPrioritize)}, {"pauseAll", int(engine.EvPauseAll)},
			{"resumeAll", int(engine.EvResumeAll)}, {"retryAll", int(engine.EvRetryAll)},
			{"cancelAll", int(engine.EvCancelAll)}, {"offline", int(engine.EvOffline)},
			{"online", int(engine.EvOnline)}, {"clock", int(engine.EvClock)}, {"resolve", int(engine.EvResolve)}, {"sweep", int(engine.EvSweep)},
			{"abandon", int(engine.EvAbandon)}, {"signed", int(engine.EvSigned)}, {"now", KindNow},
		}},
		{"actions", n.Actions, []numbered{
			{"describe", int(engine.ActDescribe)}, {"send", int(engine.ActSend)}, {"breakOff", int(engine.ActBreakOff)},
			{"refresh", int(engine.ActRefresh)}, {"noteState", int(engine.ActNoteState)},
			{"notePart", int(engine.ActNotePart)}, {"noteHold", int(engine.ActNoteHold)},
			{"noteRelease", int(engine.ActNoteRelease)}, {"noteOrphan", int(engine.ActNoteOrphan)},
			{"hash", int(engine.ActHash)}, {"load", int(engine.ActLoad)}, {"save", int(engine.ActSave)},
			{"append", int(engine.ActAppend)}, {"forget", int(engine.ActForget)}, {"unlock", int(engine.ActUnlock)},
			{"noteRetry", int(engine.ActNoteRetry)}, {"noteWarning", int(engine.ActNoteWarning)},
			{"noteResumed", int(engine.ActNoteResumed)}, {"noteAll", int(engine.ActNoteAll)},
			{"noteSwept", int(engine.ActNoteSwept)}, {"noteSweepEnd", int(engine.ActNoteSweepEnd)},
			{"sign", int(engine.ActSign)}, {"wake", KindWake}, {"refused", KindRefused},
		}},
		{"queries", n.Queries, []numbered{
			{"totals", QueryTotals}, {"file", QueryFile}, {"cells", QueryCells}, {"life", QueryLife},
			{"objectURL", QueryObjectURL}, {"presign", QueryPresign},
			{"record", QueryRecord},
			{"policyFields", QueryPolicyFields}, {"signPolicy", QuerySignPolicy}, {"unsigned", QueryUnsigned}, {"signAgain", QuerySignAgain},
			{"finishPresign", QueryFinishPresign},
		}},
		{"causes", n.Causes, []numbered{
			{"unreachable", int(engine.CauseUnreachable)}, {"opaque", int(engine.CauseOpaque)},
			{"offline", int(engine.CauseOffline)}, {"timeout", int(engine.CauseTimeout)},
			{"brokenOff", int(engine.CauseBrokenOff)}, {"sourceUnreadable", int(engine.CauseSourceUnreadable)},
			{"sourceChanged", int(engine.CauseSourceChanged)}, {"refused", int(engine.CauseRefused)},
			{"answerTooLarge", int(engine.CauseAnswerTooLarge)}, {"locked", int(engine.CauseLocked)},
			{"storage", int(engine.CauseStorage)},
		}},
		{"algorithms", n.Algorithms, []numbered{
			{"CRC32", int(s3.CRC32)}, {"CRC32C", int(s3.CRC32C)}, {"CRC64NVME", int(s3.CRC64NVME)},
			{"SHA1", int(s3.SHA1)}, {"SHA256", int(s3.SHA256)}, {"MD5", int(s3.ContentMD5)},
		}},
	} {
		if len(c.table) != len(c.want) {
			t.Errorf("names.json: %d %s, want %d", len(c.table), c.name, len(c.want))
		}
		for _, w := range c.want {
			if got, ok := c.table[w.name]; !ok || got != w.want {
				t.Errorf("names.json: %s.%s is %d, want %d", c.name, w.name, got, w.want)
			}
		}
	}
}

func TestNames_limitsAreTheEngines(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	want := map[string]int64{
		"maxFiles": queue.MaxFiles, "maxConnections": engine.MaxConnections, "maxSinglePut": s3.MaxSinglePut, "noFile": int64(engine.NoFile), "maxFrameBytes": MaxFrameBytes,
		"maxAnswerBytes": engine.MaxAnswerBytes, "maxDigests": MaxDigests, "stepBytes": StepBytes,
	}
	if !maps.Equal(n.Limits, want) {
		t.Errorf("names.json has the limits %v, want %v", n.Limits, want)
	}
}

// Lists are numbered by their order.
func TestNames_listsAreInTheEnginesOrder(t *testing.T) {
	var n names
	readJSON(t, "testdata/names.json", &n)
	for i := range queue.States {
		if i >= len(n.States) || n.States[i] != queue.State(i).String() {
			t.Errorf("names.json: state %d is not %v", i, queue.State(i))
		}
	}
	for i, name := range n.Reasons {
		if got := cred.Reason(i + 1).String(); got != name {
			t.Errorf("names.json: reason %d is %q, cred's is %q", i+1, name, got)
		}
	}
	for _, c := range []struct {
		name string
		list []string
		want []numbered
	}{
		{"priorities", n.Priorities, []numbered{
			{"normal", int(queue.PriorityNormal)}, {"high", int(queue.PriorityHigh)}, {"low", int(queue.PriorityLow)},
		}},
		{"conflicts", n.Conflicts, []numbered{
			{"fail", int(engine.ConflictFail)}, {"ask", int(engine.ConflictAsk)}, {"skip", int(engine.ConflictSkip)},
			{"rename", int(engine.ConflictRename)}, {"replace", int(engine.ConflictReplace)},
		}},
		{"cellStates", n.CellStates, []numbered{
			{"empty", int(engine.CellEmpty)}, {"inFlight", int(engine.CellInFlight)},
			{"stored", int(engine.CellStored)}, {"held", int(engine.CellHeld)},
		}},
	} {
		if len(c.list) != len(c.want) {
			t.Errorf("names.json: %d %s, want %d", len(c.list), c.name, len(c.want))
		}
		for _, w := range c.want {
			if got := slices.Index(c.list, w.name); got != w.want {
				t.Errorf("names.json: %s: %s is number %d, want %d", c.name, w.name, got, w.want)
			}
		}
	}
}
