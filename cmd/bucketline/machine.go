package main

import (
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/bucketline/bucketline"
)

// record is one line of --json. What does not apply is left out. The names and
// what they mean are described in docs/cli.md, and are never changed: a program
// that reads them ignores events and members that it does not know.
type record struct {
	Event       string `json:"event"`
	Name        string `json:"name,omitempty"`
	Source      string `json:"source,omitempty"`
	Bucket      string `json:"bucket,omitempty"`
	Key         string `json:"key,omitempty"`
	Size        *int64 `json:"size,omitempty"`
	Sent        *int64 `json:"sent,omitempty"`
	Resent      *int64 `json:"resent,omitempty"`
	StoredBytes *int64 `json:"storedBytes,omitempty"`
	Files       *int   `json:"files,omitempty"`
	ETag        string `json:"etag,omitempty"`
	VersionID   string `json:"versionId,omitempty"`
	Location    string `json:"location,omitempty"`
	Checksum    string `json:"checksum,omitempty"`
	UploadID    string `json:"uploadId,omitempty"`
	State       string `json:"state,omitempty"`
	Begun       string `json:"begun,omitempty"`
	Reason      string `json:"reason,omitempty"`
	Code        string `json:"code,omitempty"`
	Status      int    `json:"status,omitempty"`
	Operation   string `json:"operation,omitempty"`
	Part        int    `json:"part,omitempty"`
	Parts       *int   `json:"parts,omitempty"`
	PartsStored *int   `json:"partsStored,omitempty"`
	PartSize    int64  `json:"partSize,omitempty"`
	RequestID   string `json:"requestId,omitempty"`
	Message     string `json:"message,omitempty"`
	Cause       string `json:"cause,omitempty"`
	Hint        string `json:"hint,omitempty"`
	DelayMillis int64  `json:"delayMillis,omitempty"`
	Stored      *int   `json:"stored,omitempty"`
	Skipped     *int   `json:"skipped,omitempty"`
	Failed      *int   `json:"failed,omitempty"`
	Cancelled   *int   `json:"cancelled,omitempty"`
	Unfinished  *int   `json:"unfinished,omitempty"`
	Aborted     *int   `json:"aborted,omitempty"`
	Interrupted bool   `json:"interrupted,omitempty"`
	Millis      int64  `json:"millis,omitempty"`
}

// machine writes one JSON object a line, for programs.
type machine struct {
	totals func() bucketline.Totals
	stop   chan struct{}
	work   sync.WaitGroup

	mu  sync.Mutex
	out *json.Encoder
}

// tellInterval is how often a machine tells how far everything is.
const tellInterval = time.Second

// newMachine writes to out. With totals it tells once a second how far all is.
func newMachine(out io.Writer, totals func() bucketline.Totals) *machine {
	m := &machine{totals: totals, stop: make(chan struct{}), out: json.NewEncoder(out)}
	m.out.SetEscapeHTML(false)
	if totals != nil {
		m.work.Go(m.progress)
	}
	return m
}

func (m *machine) write(r record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out.Encode(r)
}

func (m *machine) progress() {
	tick := time.NewTicker(tellInterval)
	defer tick.Stop()
	var told bucketline.Totals
	for {
		select {
		case <-tick.C:
			now := m.totals()
			if now != told {
				told = now
				m.write(progressRecord(now))
			}
		case <-m.stop:
			return
		}
	}
}

func progressRecord(t bucketline.Totals) record {
	r := record{Event: "progress", Size: &t.Size, Sent: &t.Sent, StoredBytes: &t.Acknowledged, Files: new(int), Stored: new(int)}
	for state, n := range t.Files {
		if bucketline.State(state) != bucketline.StateCancelled {
			*r.Files += int(n)
		}
	}
	*r.Stored = int(t.Files[bucketline.StateDone])
	switch {
	case t.Held:
		r.State = "holding"
	case t.Offline:
		r.State = "offline"
	}
	return r
}

// about is a record about a task.
func (m *machine) about(event string, t *bucketline.Task) record {
	r := record{Event: event}
	if t != nil {
		r.Source, r.Key = t.Name(), t.Key()
	}
	return r
}

// blame adds what is wrong.
func (r *record) blame(err error) {
	sentence, _, hint := failure{err: err}.words()
	r.Message, r.Hint = sentence, hint
	var e *bucketline.Error
	if errors.As(err, &e) {
		r.Bucket, r.Code, r.Status, r.Operation, r.Part, r.RequestID = e.Bucket, e.Code, e.Status, e.Operation, e.Part, e.RequestID
		if e.Err != nil {
			r.Cause = e.Err.Error()
		}
	}
}

func (m *machine) event(e bucketline.Event) {
	switch e.Kind {
	case bucketline.EventHold:
		m.write(record{Event: "hold", Reason: e.Reason})
	case bucketline.EventRelease:
		m.write(record{Event: "release"})
	case bucketline.EventState:
		if !e.State.Ended() {
			r := m.about("state", e.Task)
			r.State = e.State.String()
			m.write(r)
		}
	case bucketline.EventPart:
		r := m.about("part", e.Task)
		r.Part, r.Size = e.Part, &e.Bytes
		m.write(r)
	case bucketline.EventResumed:
		r := m.about("resumed", e.Task)
		r.PartsStored, r.StoredBytes = &e.Part, &e.Bytes
		m.write(r)
	case bucketline.EventRetry, bucketline.EventWarning:
		name := "retry"
		if e.Kind == bucketline.EventWarning {
			name = "warning"
		}
		r := m.about(name, e.Task)
		r.blame(e.Err)
		r.DelayMillis = e.Delay.Milliseconds()
		m.write(r)
	case bucketline.EventOrphan:
		r := m.about("orphan", e.Task)
		r.Message = orphanText(e)
		m.write(r)
	}
}

func (m *machine) stored(name string, result bucketline.Result) {
	r := record{
		Event: "stored", Source: name, Bucket: result.Bucket, Key: result.Key, Size: &result.Size,
		ETag: result.ETag, VersionID: result.VersionID, Location: result.Location, Checksum: result.Checksum.String(),
	}
	if result.Skipped {
		r.Event, r.Size = "skipped", nil
	}
	m.write(r)
}

func (m *machine) failed(f failure) {
	r := record{Event: "failed", Source: f.name, Key: f.key}
	r.blame(f.err)
	m.write(r)
}

func (m *machine) note(text string) { m.write(record{Event: "note", Message: text}) }

// unfinished tells of an upload that can be gone on with.
func (m *machine) unfinished(u *bucketline.Unfinished, state string) {
	m.write(record{
		Event: "unfinished", Name: u.Name, Source: u.Source, Bucket: u.Bucket, Key: u.Object.Key, State: state,
		Size: &u.Size, StoredBytes: &u.Stored, Parts: &u.Parts, PartsStored: &u.PartsStored,
		UploadID: u.UploadID, Begun: u.Begun.UTC().Format(time.RFC3339),
	})
}

func (m *machine) close(s summary) {
	if m.totals != nil {
		close(m.stop)
		m.work.Wait()
	}
	for i := range s.kept {
		m.unfinished(&s.kept[i], "resumable")
	}
	r := record{
		Event: "summary", Bucket: s.bucket, Stored: &s.stored, Skipped: &s.skipped, Failed: &s.failed, Cancelled: &s.dropped,
		Unfinished: &s.keptAll, Size: &s.bytes, Interrupted: s.interrupted, Millis: s.took.Milliseconds(),
	}
	if m.totals != nil {
		totals := m.totals()
		r.Resent = &totals.Resent
	}
	if s.stopped != nil {
		r.Message = s.stopped.Error()
	}
	m.write(r)
}
