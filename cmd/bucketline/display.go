package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bucketline/bucketline"
)

// display shows people, or programs, how an upload goes. It is called from one
// goroutine at a time.
type display interface {
	event(e bucketline.Event)
	stored(name string, r bucketline.Result)
	failed(f failure)
	note(text string) // something worth a line, such as new credentials
	close(s summary)
}

// failure is one file that was not stored.
type failure struct {
	name string
	key  string
	err  error
}

// words are what happened, the details for whoever looks closer, and what to
// do.
func (f failure) words() (sentence, detail, hint string) {
	var e *bucketline.Error
	if !errors.As(f.err, &e) {
		return f.err.Error(), "", ""
	}
	detail = e.Code
	if e.Status != 0 {
		detail = fmt.Sprintf("%d %s", e.Status, detail)
	}
	if e.Operation != "" {
		detail += " to " + e.Operation
	}
	if e.Part > 0 {
		detail += fmt.Sprintf(", part %d of %d", e.Part, e.Parts)
	}
	if e.RequestID != "" {
		detail += ", request " + e.RequestID
	}
	if e.Err != nil {
		detail += ": " + e.Err.Error()
	}
	return e.Sentence(), detail, e.Hint()
}

// sizeText is a number of bytes as people read it: "37 B", "1.5 KiB".
func sizeText(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	unit, value := 0, float64(n)/(1<<10)
	for value >= 1023.95 && unit < len("KMGTPE")-1 {
		value /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTPE"[unit])
}

// show makes text safe for a terminal and a log: what is not UTF-8, or
// holds a control character or an invisible mark of direction, is quoted.
func show(text string) string {
	if !utf8.ValidString(text) {
		return strconv.Quote(text)
	}
	for _, r := range text {
		// Joined emoji and some scripts need U+200C and U+200D.
		if !unicode.IsPrint(r) && r != 0x200c && r != 0x200d {
			return strconv.Quote(text)
		}
	}
	return text
}

// summary is how a command ended.
type summary struct {
	bucket   string
	stored   int
	skipped  int
	bytes    int64
	took     time.Duration
	failures []failure // as many as are worth telling
	failed   int       // all of them
	dropped  int       // had not ended when the command did

	// kept are the uploads that can be gone on with, as many as are worth
	// telling, and keptAll is how many there are.
	kept    []bucketline.Unfinished
	keptAll int

	interrupted bool
	stopped     error // why the rest was not tried
}

// lines writes a line for each thing, for logs and pipes.
type lines struct {
	out     io.Writer // what was stored
	err     io.Writer // everything else
	bucket  string
	retries seldom
}

func (l *lines) event(e bucketline.Event) {
	if e.Kind == bucketline.EventRetry && !l.retries.now(time.Now()) {
		return
	}
	if text := eventText(e); text != "" {
		fmt.Fprintln(l.err, text)
	}
}

// eventText is a line about an event that a person wants to know of, or empty.
func eventText(e bucketline.Event) string {
	switch e.Kind {
	case bucketline.EventHold:
		return holdText(e.Reason)
	case bucketline.EventOrphan:
		return orphanText(e)
	case bucketline.EventResumed:
		return fmt.Sprintf("going on with %s: %s of %s are stored already", show(e.Task.Name()), sizeText(e.Bytes), sizeText(e.Task.Size()))
	case bucketline.EventRetry:
		sentence, _, _ := failure{err: e.Err}.words()
		return fmt.Sprintf("trying %s again: %s", show(e.Task.Name()), show(sentence))
	case bucketline.EventWarning:
		sentence, _, hint := failure{err: e.Err}.words()
		return "warning: " + show(sentence) + " " + hint
	}
	return ""
}

// seldom lets through what would be told too often, once in a while.
type seldom struct{ last time.Time }

const seldomInterval = 10 * time.Second

func (s *seldom) now(t time.Time) bool {
	if !s.last.IsZero() && t.Sub(s.last) < seldomInterval {
		return false
	}
	s.last = t
	return true
}

func (l *lines) stored(_ string, r bucketline.Result) {
	if r.Skipped {
		fmt.Fprintf(l.out, "skipped s3://%s/%s, which is there already\n", r.Bucket, show(r.Key))
		return
	}
	fmt.Fprintf(l.out, "stored s3://%s/%s %s %s\n", r.Bucket, show(r.Key), sizeText(r.Size), r.ETag)
}

// failed waits for close, where the failures stand together.
func (l *lines) failed(failure) {}

func (l *lines) note(text string) { fmt.Fprintln(l.err, text) }

func (l *lines) close(s summary) { writeSummary(l.err, s) }

// quiet writes what went wrong, and nothing else.
type quiet struct{ err io.Writer }

func (q quiet) event(e bucketline.Event) {
	if e.Kind == bucketline.EventOrphan {
		fmt.Fprintf(q.err, "%s\n", orphanText(e))
	}
}
func (q quiet) stored(string, bucketline.Result) {}
func (q quiet) failed(failure)                   {}
func (q quiet) note(string)                      {}
func (q quiet) close(s summary) {
	if s.failed+s.dropped > 0 || s.stopped != nil || s.interrupted {
		writeSummary(q.err, s)
	}
}

// holdText says that nothing is sent, and why. It is empty at the beginning,
// when the first credentials are on their way.
func holdText(reason string) string {
	switch reason {
	case "expired":
		return "held: the credentials have expired; getting new ones"
	case "refused":
		return "held: the store does not accept the credentials any more; getting new ones"
	}
	return ""
}

func orphanText(e bucketline.Event) string {
	name := "a file"
	if e.Task != nil {
		name = show(e.Task.Name())
	}
	return fmt.Sprintf("parts of %s may stay in the bucket: %v", name, e.Err)
}

// writeSummary ends a command: each failure with its hint, then the figures.
func writeSummary(w io.Writer, s summary) {
	for _, f := range s.failures {
		sentence, detail, hint := f.words()
		fmt.Fprintf(w, "failed %s: %s\n", show(f.name), show(sentence))
		if f.key != "" && s.bucket != "" {
			fmt.Fprintf(w, "    s3://%s/%s\n", s.bucket, show(f.key))
		}
		if detail != "" {
			fmt.Fprintf(w, "    %s\n", show(detail))
		}
		if hint != "" {
			fmt.Fprintf(w, "    %s\n", hint)
		}
	}
	if more := s.failed - len(s.failures); more > 0 {
		fmt.Fprintf(w, "and %d more that failed\n", more)
	}
	if s.stopped != nil {
		fmt.Fprintf(w, "stopped: %v; the remaining files were not tried\n", s.stopped)
	}
	fmt.Fprintln(w, s.line())
	writeKept(w, s)
}

// writeKept says how to go on with what is not finished.
func writeKept(w io.Writer, s summary) {
	for _, u := range s.kept {
		fmt.Fprintf(w, "unfinished %s %s: %s of %s are stored\n", u.Name[:shortName], show(u.Source), sizeText(u.Stored), sizeText(u.Size))
	}
	if more := s.keptAll - len(s.kept); more > 0 {
		fmt.Fprintf(w, "and %d more that are unfinished\n", more)
	}
	switch {
	case s.keptAll > 0 && s.interrupted:
		fmt.Fprintln(w, `go on with "bucketline resume", or run the same command again, which also takes what was not begun`)
	case s.keptAll > 0:
		fmt.Fprintln(w, `go on with "bucketline resume"`)
	case s.interrupted:
		fmt.Fprintln(w, "run the same command again to upload the rest")
	}
}

// line is the summary in one line.
func (s summary) line() string {
	text := fmt.Sprintf("%d stored, %s in %s", s.stored, sizeText(s.bytes), s.took.Round(time.Millisecond))
	if s.took > 0 && s.bytes > 0 {
		text += fmt.Sprintf(" (%s/s)", sizeText(int64(float64(s.bytes)/s.took.Seconds())))
	}
	if s.failed > 0 {
		text += fmt.Sprintf("; %d failed", s.failed)
	}
	if s.skipped > 0 {
		text += fmt.Sprintf("; %d skipped", s.skipped)
	}
	if s.dropped > 0 {
		text += fmt.Sprintf("; %d not finished", s.dropped)
	}
	return text
}
