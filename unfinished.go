package bucketline

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"time"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/dirjournal"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// Unfinished is an upload that was begun and has not ended.
type Unfinished struct {
	Name   string // of its record in the journal; empty when it comes from elsewhere
	InUse  bool   // some process is uploading it now
	Source string // the file's absolute path, or its name in a browser
	Bucket string
	Object Object // what it is to be stored as, without a customer key

	Size        int64 // bytes
	Stored      int64 // of those, bytes of parts that the store has confirmed
	Parts       int
	PartsStored int
	UploadID    string
	Modified    time.Time // of the file; zero when it is not known
	Begun       time.Time

	record journal.Record
}

// ErrRecord says that a record is damaged, or of a later version.
var ErrRecord = errors.New("is no record of an upload")

// ReadUnfinished reads a record that another program has exported, such as a
// page. It does not keep data.
func ReadUnfinished(data []byte) (Unfinished, error) {
	var u Unfinished
	if _, err := journal.Parse(append([]byte(nil), data...), &u.record); err != nil {
		return u, errors.Join(ErrRecord, err)
	}
	r := &u.record
	u.Source, u.Size, u.UploadID = r.Source.Name, r.Source.Size, r.UploadID
	u.Bucket, u.Object = r.Target.Bucket, objectOf(&r.Object)
	u.Begun = time.UnixMilli(r.Begun)
	if r.Source.Modified != 0 {
		u.Modified = time.UnixMilli(r.Source.Modified)
	}
	u.Parts = int((u.Size + r.PartSize - 1) / r.PartSize)
	stored := make(map[uint16]bool)
	for _, p := range r.Parts {
		if int(p.Number) <= u.Parts && !stored[p.Number] {
			stored[p.Number] = true
			u.Stored += min(r.PartSize, u.Size-int64(p.Number-1)*r.PartSize)
		}
	}
	u.PartsStored = len(stored)
	return u, nil
}

// Configure sets what u's record says of the store: where its upload lies.
func (u *Unfinished) Configure(c *Config) {
	t := &u.record.Target
	c.Endpoint, c.Region, c.Bucket, c.Profile = t.Endpoint, t.Region, t.Bucket, t.Profile.String()
	c.PathStyle, c.VirtualHost, c.DualStack, c.Accelerate = t.PathStyle, t.VirtualHost, t.DualStack, t.Accelerate
	c.SendTo, c.ExpectedBucketOwner = t.SendTo, t.ExpectedBucketOwner
}

// ListUnfinished goes through the journal in folder, which need not be there,
// in the order of the records' names. An error is about one record, whose Name
// comes with it, or about the folder.
func ListUnfinished(folder string) iter.Seq2[Unfinished, error] {
	return func(yield func(Unfinished, error) bool) {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return
		}
		j, err := dirjournal.Open(folder)
		if err != nil {
			yield(Unfinished{}, err)
			return
		}
		defer j.Close()
		listUnfinished(j, yield)
	}
}

func listUnfinished(j *dirjournal.Journal, yield func(Unfinished, error) bool) {
	names, err := j.List()
	if err != nil {
		yield(Unfinished{}, err)
		return
	}
	for _, name := range names {
		data, err := j.Read(name)
		if data == nil && err == nil {
			continue // it has ended meanwhile
		}
		var u Unfinished
		if err == nil {
			u, err = ReadUnfinished(data)
		}
		u.Name = name
		if locked, looked := j.Locked(name); looked == nil {
			u.InUse = locked
		}
		if !yield(u, err) {
			return
		}
	}
}

// Unfinished is ListUnfinished of the client's own journal, its own uploads
// among them.
func (c *Client) Unfinished() iter.Seq2[Unfinished, error] {
	return func(yield func(Unfinished, error) bool) {
		if c.journal != nil {
			listUnfinished(c.journal, yield)
		}
	}
}

// Resume goes on with u from what the store has of it, and fails with code
// SourceChanged when its file is not the one that it was. u.Object may be given
// a customer key and an OnConflict, which no record has. Cancelling the task
// aborts the upload.
//
// source is the file's path, where that is another one now or u comes from
// another program: the file's size and content must then be the same as far as
// u tells, and each part that the store has is compared before it counts.
func (c *Client) Resume(ctx context.Context, u Unfinished, source string) (*Task, error) {
	if c.journal == nil {
		return nil, &Error{Name: u.Source, Code: CodeNoRecord}
	}
	fail := func(code string, err error) error {
		return &Error{Name: u.Source, Bucket: c.config.Bucket, Key: u.Object.Key, Code: code, Err: err}
	}
	if journal.Name(&c.target, u.Object.Key, &u.record.Source) != journal.Name(&u.record.Target, u.Object.Key, &u.record.Source) {
		return nil, fail(CodeOtherStore, nil)
	}
	if source == "" {
		source = u.Source
	}
	f, err := driver.StatFile(source)
	if err != nil {
		return nil, fail(engine.CodeSourceUnreadable, err)
	}
	now, err := f.Identity()
	switch {
	case errors.Is(err, driver.ErrSourceChanged):
		return nil, fail(engine.CodeSourceChanged, err)
	case err != nil:
		return nil, fail(engine.CodeSourceUnreadable, err)
	case now.Size != u.Size || now.Print != u.record.Source.Print:
		return nil, fail(engine.CodeSourceChanged, nil)
	case now != u.record.Source || u.Name == "":
		if err := c.adopt(&u, now); err != nil {
			return nil, err
		}
	case u.Name != journal.Name(&c.target, u.Object.Key, &now):
		// It was stored under a name of its own because of a conflict.
		return nil, fail(CodeNoRecord, nil)
	}
	return c.start(ctx, &Task{name: source, content: file{f}, object: u.Object})
}

// adopt makes u the upload of the source that is there now.
func (c *Client) adopt(u *Unfinished, now journal.Source) error {
	r := u.record
	moved := now.Modified != r.Source.Modified
	r.Source = now
	r.Parts = nil
	for _, p := range u.record.Parts {
		// Without a digest nobody could tell that the file is another one.
		if len(p.Digest) > 0 || !moved {
			r.Parts = append(r.Parts, p)
		}
	}
	name := journal.Name(&c.target, u.Object.Key, &now)
	if err := c.replace(name, u.UploadID, r.Append(nil)); err != nil {
		return &Error{Name: u.Source, Bucket: c.config.Bucket, Key: u.Object.Key, Code: engine.CodeInUse, Err: err}
	}
	if u.Name != "" && u.Name != name {
		if _, err := c.journal.Load(u.Name); err == nil {
			return c.journal.Forget(u.Name)
		}
	}
	return nil
}

// errOther says that a record is about another upload.
var errOther = errors.New("the same file has another unfinished upload to the same key: abort one of them")

// replace saves a record under name, unless there is one of another upload.
func (c *Client) replace(name, uploadID string, record []byte) error {
	there, err := c.journal.Load(name)
	if err != nil {
		return err
	}
	defer c.journal.Unlock(name)
	if there != nil {
		if u, err := ReadUnfinished(there); err == nil && u.UploadID != uploadID {
			return errOther
		}
	}
	return c.journal.Save(name, record)
}

// Place is where an upload goes: one store and bucket.
type Place struct{ target s3.Target }

// Place returns where u goes, to tell what one client can go on with from what
// needs another.
func (u *Unfinished) Place() Place { return Place{u.record.Target} }

// PutAside renames the damaged record name of the journal in folder, so that it
// is in nobody's way, and leaves it for whoever wants to look at it.
func PutAside(folder, name string) error {
	j, err := dirjournal.Open(folder)
	if err != nil {
		return err
	}
	defer j.Close()
	if _, err := j.Load(name); err != nil {
		return err
	}
	return j.SetAside(name)
}
