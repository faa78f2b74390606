package driver

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"hash/crc32"
	"io"

	"github.com/bucketline/bucketline/driver/crc64nvme"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// newHash returns the hash of a, whose Sum is the digest as S3 has it. All but
// MD5 and SHA-1 use the processor's instructions where there are any.
func newHash(a s3.Algorithm) hash.Hash {
	switch a {
	case s3.CRC32:
		return crc32.NewIEEE()
	case s3.CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case s3.CRC64NVME:
		return crc64nvme.New()
	case s3.SHA1:
		return sha1.New()
	case s3.SHA256:
		return sha256.New()
	case s3.ContentMD5:
		return md5.New()
	}
	panic("bucketline: internal error: no hash for checksum " + a.String())
}

const (
	// maxHashing is how many files are hashed at once: reading is what takes
	// the time, and requests want the processor too.
	maxHashing = 2

	// hashPiece is how many bytes are read at once.
	hashPiece = 256 << 10
)

// beginHash starts the hashing that act asks for. The caller holds mu.
func (d *Driver) beginHash(act *engine.Action) {
	ctx, cancel := context.WithCancelCause(d.ctx)
	id, owner, f := act.Req, act.File, d.file(act.File)
	open, algorithm, offset, length := f.opener(act.Offset), act.Hash, act.Offset, act.Length
	d.flights[id] = cancel
	f.flights++
	d.work.Go(func() {
		digest, err := d.hash(ctx, open, algorithm, offset, length)
		ev := engine.Event{Kind: engine.EvHashed, Req: id, Digest: digest}
		if err != nil {
			ev = engine.Event{Kind: engine.EvBroke, Req: id, Cause: brokeCause(ctx, err)}
		}
		d.land(owner, 0, &ev, err)
		cancel(nil)
	})
}

// hash reads length bytes of a source from offset, once there is room for it.
func (d *Driver) hash(ctx context.Context, open func() (Content, error), a s3.Algorithm, offset, length int64) ([]byte, error) {
	select {
	case d.hashing <- struct{}{}:
		defer func() { <-d.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	content, err := open()
	if err != nil {
		return nil, &BrokeError{sourceCause(err), err}
	}
	defer content.Close()
	h, piece := newHash(a), make([]byte, min(hashPiece, length))
	for at := int64(0); at < length; at += int64(len(piece)) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		piece = piece[:min(int64(len(piece)), length-at)]
		if err := readAll(content, piece, offset+at); err != nil {
			return nil, &BrokeError{sourceCause(err), err}
		}
		h.Write(piece)
	}
	if err := content.Unchanged(); err != nil {
		return nil, &BrokeError{sourceCause(err), err}
	}
	return h.Sum(nil), nil
}

// readAll fills p from offset. A source that ends before is not what was
// chosen.
func readAll(r io.ReaderAt, p []byte, offset int64) error {
	switch n, err := r.ReadAt(p, offset); {
	case n == len(p):
		return nil
	case err == io.EOF:
		return shrunk{}
	default:
		return err
	}
}

// shrunk is ErrSourceChanged with what was seen.
type shrunk struct{}

func (shrunk) Error() string { return "ends before the size it had: " + ErrSourceChanged.Error() }
func (shrunk) Unwrap() error { return ErrSourceChanged }
