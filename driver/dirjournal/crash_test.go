package dirjournal

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// The variables of the environment that make the test binary a child: which of
// children it is, and its folder.
const (
	childVariable  = "DIRJOURNAL_TEST_CHILD"
	folderVariable = "DIRJOURNAL_TEST_FOLDER"
)

var children = map[string]func(folder string) error{"write": writeForEver, "take": takeTurns}

func TestMain(m *testing.M) {
	run, ok := children[os.Getenv(childVariable)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := run(os.Getenv(folderVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is the test binary in a process of its own.
func child(t *testing.T, task, folder string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+task, folderVariable+"="+folder)
	cmd.Stderr = os.Stderr
	return cmd
}

// written is the record after n parts.
func written(n int) journal.Record {
	r := journal.Record{
		Begun: 1, Target: s3.Target{Bucket: "photos", Region: "eu-west-1"}, Object: s3.Object{Key: "k"},
		Source: journal.Source{Name: "a.mov", Size: s3.MaxObjectSize}, UploadID: "U", PartSize: s3.MaxPartSize, Algorithm: s3.CRC32,
	}
	for i := range n {
		r.Parts = append(r.Parts, part(i))
	}
	return r
}

func part(i int) journal.Part {
	return journal.Part{Number: uint16(1 + i%s3.MaxParts), ETag: fmt.Appendf(nil, `"%032x"`, i), Digest: fmt.Appendf(nil, "%04d", i%s3.MaxParts)}
}

// writeForEver appends part after part, and now and then writes all anew. It
// says how many parts are on disk, each time that is one more.
func writeForEver(folder string) error {
	j, err := Open(folder)
	if err != nil {
		return err
	}
	data, err := j.Load(one)
	if err != nil {
		return err
	}
	var r journal.Record
	if data == nil {
		r = written(0)
	} else if _, err := journal.Parse(data, &r); err != nil {
		return err
	}
	for {
		// The first time, since the record may have been torn.
		if err := j.Save(one, r.Append(nil)); err != nil {
			return err
		}
		for range 1 + rand.IntN(40) {
			p := part(len(r.Parts))
			if err := j.Append(one, journal.AppendPart(nil, p)); err != nil {
				return err
			}
			r.Parts = append(r.Parts, p)
			fmt.Println(len(r.Parts))
		}
	}
}

func TestJournal_killedWhileItWrites(t *testing.T) {
	folder := t.TempDir()
	torn, most := 0, 0
	for round := range 50 {
		cmd := child(t, "write", folder)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewReader(out)
		first, err := lines.ReadString('\n') // else it is killed before it begins
		must(t, err)
		time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
		must(t, cmd.Process.Kill())
		rest, err := io.ReadAll(lines)
		must(t, err)
		cmd.Wait()
		said := strings.Fields(first + string(rest))
		last, err := strconv.Atoi(said[len(said)-1])
		must(t, err)

		j := open(t, folder)
		if locked, err := j.Locked(one); locked || err != nil {
			t.Fatalf("round %d: the killed process has the lock: %v, %v", round, locked, err)
		}
		data, err := j.Load(one)
		must(t, err)
		must(t, j.Close())
		var r journal.Record
		whole, err := journal.Parse(data, &r)
		if err != nil {
			t.Fatalf("round %d: %d bytes: %v", round, len(data), err)
		}
		if !whole {
			torn++
		}
		if n := len(r.Parts); n < last || n > last+1 {
			t.Fatalf("round %d: %d parts, and %d were said to be on disk", round, n, last)
		}
		if want := written(len(r.Parts)); !reflect.DeepEqual(r, want) {
			t.Fatalf("round %d: a record that was not written:\n%+v, want\n%+v", round, r, want)
		}
		most = len(r.Parts)
	}
	t.Logf("50 kills, %d parts, %d records torn", most, torn)
	if most < 200 {
		t.Errorf("%d parts in all: the children hardly wrote", most)
	}
}

// turns is how often each child of takeTurns takes the record.
const turns = 100

// takeTurns takes the record time and again, adds one to the number in it, and
// gives it up in one of the two ways.
func takeTurns(folder string) error {
	j, err := Open(folder)
	if err != nil {
		return err
	}
	for turn := 0; turn < turns; {
		data, err := j.Load(one)
		if err != nil {
			continue // another has it
		}
		n, err := strconv.Atoi(string(data))
		if err != nil {
			return err
		}
		next := strconv.AppendInt(nil, int64(n+1), 10)
		if err := j.Save(one, next); err != nil {
			return err
		}
		// Append needs no lock to work, so it tells whether two have it.
		if err := j.Append(one, []byte("\n")); err != nil {
			return err
		}
		if data, err = j.Read(one); err != nil || !bytes.Equal(data, append(next, '\n')) {
			return fmt.Errorf("wrote %q and read %q, %v", next, data, err)
		}
		if err := j.Save(one, next); err != nil {
			return err
		}
		if turn%2 == 0 {
			err = j.Close()
			if err == nil {
				j, err = Open(folder)
			}
		} else {
			err = j.Unlock(one)
		}
		if err != nil {
			return err
		}
		turn++
	}
	return nil
}

// The classic race of lock files that are removed: two processes with locks on
// two files of the same name. Each then loses what the other has written.
func TestJournal_processesTakeTurns(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	begin(t, j, one, "0")
	must(t, j.Unlock(one))
	const processes = 4
	var running []*exec.Cmd
	for range processes {
		cmd := child(t, "take", folder)
		must(t, cmd.Start())
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("a child: %v", err)
		}
	}
	data, err := j.Load(one)
	if want := strconv.Itoa(processes * turns); string(data) != want || err != nil {
		t.Errorf("after %s turns the record is %q, %v", want, data, err)
	}
}
