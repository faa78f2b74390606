package engine

import (
	"slices"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// described gives an active file its object and its plan. A file that was
// cancelled while it was being described is no longer waited for.
func (e *Engine) described(ev *Event) error {
	if !e.table.Has(ev.File) {
		return ErrNoFile
	}
	if ev.Object == nil {
		return ErrNoObject
	}
	s := e.slotOf(ev.File)
	if s == nil || s.step != stepDescribe {
		return nil
	}
	e.changed++
	s.object = *ev.Object
	s.object.Metadata = slices.Clone(ev.Object.Metadata)
	s.object.Tags = slices.Clone(ev.Object.Tags)
	s.object.Digest = slices.Clone(ev.Object.Digest)
	s.source, s.onConflict = ev.Source, ev.OnConflict
	if err := s.object.Validate(); err != nil {
		e.fail(s, inputError(err))
		return nil
	}
	s.key, s.given = s.object.Key, len(s.object.Digest) > 0
	marks := e.table.Marks(ev.File)
	e.table.SetMarks(ev.File, 0)
	s.doubt = marks&markDoubt != 0
	switch {
	case marks&markReplace != 0:
		s.object.IfNoneMatch = ""
	case marks&markRename != 0:
		s.onConflict = ConflictRename
	}
	e.plan(s)
	return nil
}

func (e *Engine) undescribed(ev *Event) error {
	if !e.table.Has(ev.File) {
		return ErrNoFile
	}
	if s := e.slotOf(ev.File); s != nil && s.step == stepDescribe {
		e.fail(s, Error{Code: ev.Cause.code()})
	}
	return nil
}

// plan decides how the file goes up, and begins.
func (e *Engine) plan(s *slot) {
	size := e.table.Size(s.file)
	store := e.config.Target.Profile.Facts()
	if size == UnknownSize {
		s.stream = true
		s.plan = queue.StreamPlan(max(e.config.PartSize, s3.MinPartSize), store)
		if e.config.PartSize == 0 {
			s.plan = queue.StreamPlan(DefaultPartSize, store)
		}
		s.parts.reset(0)
		s.enter(stepRead)
		return
	}
	plan, ok := queue.NewPlan(size, e.partSize(size), e.config.MultipartThreshold, store)
	if !ok {
		e.fail(s, Error{Code: CodeFileTooLarge})
		return
	}
	s.plan = plan
	if plan.Parts == 0 {
		e.beginWhole(s)
		return
	}
	s.parts.reset(plan.Parts)
	if !e.checksumInParts(s) {
		e.fail(s, Error{Code: s3.CodeChecksum, Message: "a digest of the whole goes with parts only if it is a CRC"})
		return
	}
	if s.source.Name == "" || !e.fits(s) {
		e.beginParts(s)
		return
	}
	s.name = journal.Name(&e.config.Target, s.key, &s.source)
	s.loading = true
	s.enter(stepLoad)
	e.notes.add(note{kind: ActLoad, file: s.file, name: s.name})
}

// partSize is that of a new upload of size bytes.
func (e *Engine) partSize(size int64) int64 {
	switch {
	case e.config.PartSize != 0:
		return e.config.PartSize
	case e.rate == 0 && e.config.Ramp:
		return min(max(size/blindRamp, s3.MinPartSize), DefaultPartSize)
	case e.rate == 0:
		return DefaultPartSize
	}
	return queue.FitPartSize(size, int64(e.rate), e.window.size())
}

// beginWhole begins a file that goes up in one request.
func (e *Engine) beginWhole(s *slot) {
	s.form = e.asForm(s)
	if s.object.Algorithm == s3.NoChecksum && !e.config.WithoutChecksum {
		s.object.Algorithm = e.checksum()
		if s.form && s.object.Algorithm == s3.CRC64NVME {
			s.object.Algorithm = s3.CRC32C // a form cannot ask for the other
		}
	}
	s.object.ChecksumType = s3.DefaultType
	if s.object.Algorithm != s3.NoChecksum && len(s.object.Digest) == 0 {
		s.enter(stepHash)
	} else {
		s.enter(stepPut)
	}
	e.show(s)
}

// asForm reports that the file goes up as a browser form.
func (e *Engine) asForm(s *slot) bool {
	o := &s.object
	return s.plan.Size < e.config.FormBelow && e.address.Profile.Has(s3.FeaturePostForm) &&
		o.IfNoneMatch == "" && o.IfMatch == "" && o.Lock == (s3.ObjectLock{}) && o.ContentLanguage == "" &&
		o.Algorithm != s3.CRC64NVME && e.config.Target.ExpectedBucketOwner == ""
}

// checksum is the algorithm of objects that ask for none themselves.
func (e *Engine) checksum() s3.Algorithm {
	if e.config.Checksum != s3.NoChecksum {
		return e.config.Checksum
	}
	return e.address.Profile.Facts().Checksum
}

// checksumInParts chooses how the parts are checked, and reports whether what
// the object asks for can be. A digest of the whole that is known already goes
// with a CRC only, which S3 works out again when it joins the parts (S3 User
// Guide, "Checking object integrity", full object checksums).
func (e *Engine) checksumInParts(s *slot) bool {
	o := &s.object
	if o.Algorithm == s3.NoChecksum && !e.config.WithoutChecksum {
		o.Algorithm = e.checksum()
	}
	o.ChecksumType = s3.DefaultType
	switch o.Algorithm {
	case s3.CRC64NVME:
		o.ChecksumType = s3.FullObject
	case s3.CRC32, s3.CRC32C:
		if e.address.Profile.Has(s3.FeatureFullObjectCRC) {
			o.ChecksumType = s3.FullObject
		}
	}
	// S3 API Reference, PutObject: with a lock every request needs a checksum.
	s.early = o.Lock != (s3.ObjectLock{}) || !e.address.Profile.Has(s3.FeatureBareParts)
	return len(o.Digest) == 0 || o.ChecksumType == s3.FullObject
}

// beginParts begins a new upload in parts.
func (e *Engine) beginParts(s *slot) {
	s.enter(stepCreate)
	if s.object.IfNoneMatch == "*" {
		s.enter(stepPeek)
	}
	e.show(s)
}

// readMore takes the news that bytes of a stream are there.
func (e *Engine) readMore(ev *Event) error {
	r := e.find(ev.Req)
	if r == nil || r.kind != ActRead {
		return ErrNoRequest
	}
	if ev.Bytes < 0 || ev.Bytes > r.length || ev.Bytes < r.length && !ev.Last {
		return ErrSize
	}
	part, step := r.part, r.step
	s := e.finish(r)
	s.reading = false
	if s.step >= stepAbort || s.step != step && s.step != stepParts && s.step != stepCreate && s.step != stepSave {
		e.release(s)
		return nil
	}
	s.plan.Size += ev.Bytes
	if ev.Bytes > 0 || part == 1 {
		s.readTo = part
	}
	if ev.Last {
		s.ended = true
		e.table.SetSize(s.file, s.plan.Size)
	}
	switch {
	case part == 1 && ev.Last:
		s.plan = queue.Plan{Size: s.plan.Size}
		e.beginWhole(s)
		return nil
	case part == 1:
		if !e.checksumInParts(s) {
			e.fail(s, Error{Code: s3.CodeChecksum, Message: "a digest of the whole goes with parts only if it is a CRC"})
			return nil
		}
		e.beginParts(s)
	}
	if ev.Bytes > 0 {
		s.parts.grow()
	}
	switch {
	case ev.Last:
		s.plan.Parts = s.readTo
		e.settle(s)
	case s.readTo == s3.MaxParts:
		e.fail(s, Error{Code: CodeFileTooLarge})
	}
	e.show(s)
	return nil
}
