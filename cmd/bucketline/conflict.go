package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/bucketline/bucketline"
)

// conflictFlag is what to do when a key has an object already.
type conflictFlag struct {
	name   string
	choice bucketline.OnConflict
}

// choices are the values of the flag.
var choices = []struct {
	name   string
	choice bucketline.OnConflict
}{
	{"fail", bucketline.ConflictFail}, {"skip", bucketline.ConflictSkip}, {"rename", bucketline.ConflictRename},
	{"replace", bucketline.ConflictReplace}, {"ask", bucketline.ConflictAsk},
}

// Type is what the flag is called in a usage text.
func (f *conflictFlag) Type() string { return "choice" }

func (f *conflictFlag) String() string { return f.name }

// Set reads the flag.
func (f *conflictFlag) Set(text string) error {
	for _, c := range choices {
		if c.name == text {
			f.name, f.choice = c.name, c.choice
			return nil
		}
	}
	return fmt.Errorf("it is none of fail, skip, rename, replace and ask")
}

// asker asks a person at the terminal what to do with each file whose key has
// an object already, one after the other.
type asker struct {
	in     *bufio.Reader
	out    func(text string) // shows one line
	bucket string

	asking sync.Mutex
	always bucketline.OnConflict // for all that come
	fixed  bool
}

func newAsker(in io.Reader, bucket string, out func(string)) *asker {
	return &asker{in: bufio.NewReader(in), out: out, bucket: bucket}
}

// about asks about a task, and does not wait for the answer.
func (a *asker) about(t *bucketline.Task) {
	go func() {
		a.asking.Lock()
		defer a.asking.Unlock()
		t.Resolve(a.decide(t.Key()))
	}()
}

// decide asks until it is answered. Without anybody to answer, nothing is
// replaced.
func (a *asker) decide(key string) bucketline.OnConflict {
	if a.fixed {
		return a.always
	}
	for {
		a.out(fmt.Sprintf("s3://%s/%s is there already: (s)kip, re(n)ame or re(p)lace? In capitals for all that follow.", a.bucket, show(key)))
		line, err := a.in.ReadString('\n')
		answer := strings.TrimSpace(line)
		for _, c := range []struct {
			letter string
			choice bucketline.OnConflict
		}{{"s", bucketline.ConflictSkip}, {"n", bucketline.ConflictRename}, {"p", bucketline.ConflictReplace}} {
			if strings.EqualFold(answer, c.letter) {
				a.always, a.fixed = c.choice, answer != c.letter
				return c.choice
			}
		}
		if err != nil {
			a.always, a.fixed = bucketline.ConflictSkip, true
			return a.always
		}
	}
}
