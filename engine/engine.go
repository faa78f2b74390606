// Package engine decides what an upload session does next. It reads no clock,
// starts no goroutine and touches no file or socket: a driver feeds it events
// and carries out its actions. The same configuration and events give the same
// actions.
//
// A turn is any number of Handle calls, then Poll until it returns false, then
// sleep until the next event. The one rule a driver can break: every ActSend
// is answered exactly once, by EvAnswered or EvBroke. Package wire frames
// events and actions for the WebAssembly boundary.
package engine

import (
	"errors"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Config is what a session is told once.
type Config struct {
	Target s3.Target

	// SignatureVersion is 4 or 2; 0 means 4.
	SignatureVersion int

	// Connections is how many requests are under way at once, over all files:
	// 1 to MaxConnections; 0 means DefaultConnections.
	Connections int

	// Ramp begins with fewer connections than Connections, and adds to them while
	// that makes the session faster.
	Ramp bool

	// PartSize is in bytes, s3.MinPartSize to s3.MaxPartSize; 0 means that it
	// follows from the measured throughput, and DefaultPartSize before there is
	// one. It is raised for a file that would need more than s3.MaxParts parts,
	// never lowered.
	PartSize int64

	// MultipartThreshold is in bytes, 1 to s3.MaxSinglePut: a file of at least
	// this size goes up in parts. 0 means DefaultMultipartThreshold.
	MultipartThreshold int64

	// AllowHTTP permits an endpoint without TLS that is not this machine.
	AllowHTTP bool

	// Checksum is what goes along with each object unless the object has its
	// own; the zero value takes the best that the store's profile offers.
	// WithoutChecksum sends none.
	Checksum        s3.Algorithm
	WithoutChecksum bool

	// RetryMillis is for how long a request that fails is tried again, counted
	// from its first failure, without the time that the network was gone or
	// credentials were missing; 0 means DefaultRetryMillis.
	RetryMillis int64

	// StallMillis is for how long a request may move no byte before it is
	// broken off and sent again; 0 means DefaultStallMillis. It is raised for
	// what takes a store or a slow connection longer.
	StallMillis int64

	// FormBelow sends a file of fewer bytes as a browser form (PostObject)
	// where the store and the object allow that; 0: none.
	FormBelow int64

	// Seed makes the jitter of retries and the boundaries of forms. Drivers
	// give a random one, tests and the simulator a fixed one.
	Seed uint64

	// HandlerMillis is how long ActRefresh may take until it counts as failed;
	// a person may have to sign in. 0 means DefaultHandlerMillis. RefreshMillis
	// is for how long a refresh that failed is tried again, after random delays
	// and while requests are held; 0 means DefaultRefreshMillis, and a negative
	// number that it is not. Then the hold stays until EvCredentials.
	HandlerMillis, RefreshMillis int64

	// HoldMillis is how long files are held until they fail, with what they
	// have sent kept for another try; 0: without limit.
	HoldMillis int64

	// CanRefresh says that the driver can answer ActRefresh. Without it a
	// store that refuses the credentials fails the file at once.
	CanRefresh bool

	// RemoteSign has the driver sign, by ActSign, so that no secret comes in
	// here: credentials are then given without one.
	RemoteSign bool

	// FailFirst leaves it to the driver to try again: a file fails at the first
	// request that does, and what of it is stored is kept for EvRetry. Parts of
	// a record that the store may not, or does not, list are then believed.
	FailFirst bool

	// SmallParts allows a PartSize below s3.MinPartSize, 1 byte and more, for
	// stores that take such parts.
	SmallParts bool
}

// leastPart is the smallest PartSize.
func (c *Config) leastPart() int64 {
	if c.SmallParts {
		return 1
	}
	return s3.MinPartSize
}

// The defaults and bounds of Config.
const (
	DefaultConnections        = 6
	MaxConnections            = 256
	DefaultPartSize           = 8 << 20
	DefaultMultipartThreshold = 16 << 20
	DefaultRetryMillis        = 15 * 60_000
	DefaultStallMillis        = 30_000
	DefaultHandlerMillis      = 10 * 60_000
	DefaultRefreshMillis      = 2 * 60_000
	MaxMillis                 = 30 * 24 * 3_600_000
	MaxStallMillis            = 3_600_000

	// spareSlots is how many more files than connections are active, so that
	// the next one is described while the last one's bytes still go; and one
	// for a job.
	spareSlots = 3

	// maxLargeShare: so many active files for each that may go up in parts,
	// which leaves room for small ones between them.
	maxLargeShare = 2
)

// What is wrong with a Config that is not wrong with its Target.
var (
	ErrSignatureVersion = errors.New("signature version is neither 4 nor 2")
	ErrConnections      = errors.New("connections is not 1 to 256")
	ErrPartSize         = errors.New("part size is not 5 MiB to 5 GiB")
	ErrThreshold        = errors.New("multipart threshold is not 1 byte to 5 GiB")
	ErrMillis           = errors.New("a time is not up to 30 days, or stall time not up to an hour")
	ErrForm             = errors.New("form size is not 0 to 5 GiB")
	ErrChecksum         = errors.New("no such checksum")
	ErrHTTP             = errors.New("endpoint is not https, so that credentials would travel in clear: use https, or allow http if this network is trusted")
	ErrV2               = errors.New("this store does not accept signature version 2")
)

// Engine is one upload session. Use New. It is not safe for concurrent use:
// the driver owns it.
type Engine struct {
	config  Config
	target  s3.Target // Config's, with the region that the store told
	address s3.Address
	keeper  cred.Keeper
	v4      sign.V4
	v2      sign.V2
	policy  sign.Policy

	table    queue.Table
	slots    []slot
	requests []request // grows within its capacity, since addresses are given out
	notes    notes
	window   window
	rate     rate

	// The clocks: mono never goes back; raw is the wall clock as read, skew
	// what has to be added to it, in milliseconds.
	mono Instant
	raw  sign.UnixMilli
	skew int64
	seed uint64

	text     []byte // to sign, of the last draft
	filling  bool   // requests are being signed ahead
	vain     uint8  // times in a row that no signature came
	vainMark uint32 // number of the first request after the last such time

	active   int // slots in use
	large    int // of those, files that go up in parts, and streams
	inFlight int // requests under way, and those that are being signed
	signing  int // of those, the latter
	hashes   int // digests being computed
	launched uint32
	served   uint32
	changed  uint64

	held      bool
	hold      cred.Reason
	heldSince Instant
	waitSince Instant // when the user last gave a reason to wait
	refresh   refresh
	account   uint64 // of the credentials, where their ID tells; else 0

	offline      bool
	offlineSince Instant
	probeAt      Instant // when one request may find out whether the network is back
	probes       uint8

	answered  bool // some request has been answered since the session began
	redirects uint8
	warned    uint8 // a bit for each warning that was said

	discards []discard // that wait for a slot of their own file
	abandons []abandoned
	sweep    sweep

	stored       int64 // bytes of stored objects
	acknowledged int64 // bytes of stored parts of active files
	sent         int64 // bytes given to the network by requests under way
	given        int64 // bytes given to the network in all
	resent       int64 // bytes of requests that failed
}

// New returns an engine without files or credentials. The error says what is
// wrong with c.
func New(c Config) (*Engine, error) {
	if c.SignatureVersion == 0 {
		c.SignatureVersion = 4
	}
	if c.Connections == 0 {
		c.Connections = DefaultConnections
	}
	if c.MultipartThreshold == 0 {
		c.MultipartThreshold = DefaultMultipartThreshold
	}
	if c.RetryMillis == 0 {
		c.RetryMillis = DefaultRetryMillis
	}
	if c.StallMillis == 0 {
		c.StallMillis = DefaultStallMillis
	}
	if c.HandlerMillis == 0 {
		c.HandlerMillis = DefaultHandlerMillis
	}
	if c.RefreshMillis == 0 {
		c.RefreshMillis = DefaultRefreshMillis
	}
	switch {
	case c.SignatureVersion != 4 && c.SignatureVersion != 2:
		return nil, ErrSignatureVersion
	case c.Connections < 1 || c.Connections > MaxConnections:
		return nil, ErrConnections
	case c.PartSize != 0 && (c.PartSize < c.leastPart() || c.PartSize > s3.MaxPartSize):
		return nil, ErrPartSize
	case outside(c.RetryMillis) || outside(c.HandlerMillis) || outside(c.HoldMillis) || c.RefreshMillis > MaxMillis || c.StallMillis < 0 || c.StallMillis > MaxStallMillis:
		return nil, ErrMillis
	case c.FormBelow < 0 || c.FormBelow > s3.MaxSinglePut:
		return nil, ErrForm
	case c.Checksum > s3.ContentMD5:
		return nil, ErrChecksum
	case c.MultipartThreshold < 1 || c.MultipartThreshold > s3.MaxSinglePut:
		return nil, ErrThreshold
	}
	address, err := c.Target.Resolve()
	if err != nil {
		return nil, err
	}
	slots := c.Connections + spareSlots
	if c.RemoteSign {
		slots += aheadSlots
	}
	if !c.AllowHTTP && address.Scheme != "https" && !address.Loopback() {
		return nil, ErrHTTP
	}
	if c.SignatureVersion == 2 && (!c.Target.Profile.Has(s3.FeatureSignatureV2) || address.Directory()) {
		return nil, ErrV2
	}
	var v4 sign.V4
	if address.Directory() {
		v4.Service, v4.Session = "s3express", true
		c.FormBelow = 0 // S3 API Reference, "POST Object": not for directory buckets
	}
	return &Engine{
		config:   c,
		keeper:   cred.Keeper{SecretKept: c.RemoteSign},
		target:   c.Target,
		address:  address,
		v4:       v4,
		seed:     c.Seed,
		slots:    make([]slot, slots),
		requests: make([]request, 0, slots+maxHashes+c.Connections),
		window:   newWindow(c.Connections, c.Ramp),
	}, nil
}

func outside(millis int64) bool { return millis < 0 || millis > MaxMillis }

// Presign returns the URL with which anybody may read the object named key for
// expiresSeconds, 1 to 604,800, or until the credentials end, if that is
// sooner. It fails when there are no valid credentials now.
func (e *Engine) Presign(now Now, key string, expiresSeconds int) (string, error) {
	wall := e.correct(now.Wall)
	c, ok := e.keeper.Current(wall)
	switch {
	case e.config.RemoteSign:
		return "", ErrRemote
	case !ok:
		return "", ErrHeld
	}
	var r s3.Request
	err := e.wordPresign(&r, key)
	if err != nil {
		return "", err
	}
	if e.config.SignatureVersion == 2 {
		err = e.v2.Presign(&r, &c.Credentials, wall, expiresSeconds)
	} else {
		err = e.v4.Presign(&r, &c.Credentials, e.address.Region, wall, expiresSeconds)
	}
	if err != nil {
		return "", err
	}
	return string(r.AppendURL(nil)), nil
}

func (e *Engine) wordPresign(r *s3.Request, key string) error {
	err := e.address.HeadObject(r, &s3.Object{Key: key})
	r.Method = "GET"
	return err
}

// ErrHeld says that nothing can be signed now: credentials are absent or have
// expired.
var ErrHeld = errors.New("there are no valid credentials now")

// ObjectURL returns the plain URL of the object named key.
func (e *Engine) ObjectURL(key string) string {
	return string(e.address.AppendObjectURL(nil, key))
}

// Life returns how long the present credentials last: milliseconds left, and
// in all; both are 0 when there are none.
func (e *Engine) Life(now Now) (left, total int64) {
	return e.keeper.Life(e.correct(now.Wall))
}

// Changed returns a number that is another one whenever a counter or a state
// has changed.
func (e *Engine) Changed() uint64 { return e.changed }

// Totals returns the session's counters.
func (e *Engine) Totals() Totals {
	t := Totals{
		Files:        e.table.Counts(),
		Sent:         e.stored + e.acknowledged + e.table.RestingBytes() + e.sent,
		Acknowledged: e.stored + e.acknowledged + e.table.RestingBytes(),
		Stored:       e.stored,
		Resent:       e.resent,
		InFlight:     e.inFlight - e.signing,
		Window:       e.window.size(),
		Answered:     e.answered,
		Offline:      e.offline,
		Held:         e.held,
		Hold:         e.hold,
	}
	for state, bytes := range e.table.Bytes() {
		if State(state) != queue.StateCancelled {
			t.Size += bytes
		}
	}
	return t
}

// File returns id's counters; false when there is no such file.
func (e *Engine) File(id FileID) (FileInfo, bool) {
	if !e.table.Has(id) {
		return FileInfo{}, false
	}
	info := FileInfo{State: e.table.State(id), Size: e.table.Size(id)}
	if info.State == queue.StateDone {
		info.Sent, info.Acknowledged = info.Size, info.Size
	}
	if info.State.Ended() {
		return info, true
	}
	info.Acknowledged = e.table.ParkedBytes(id)
	info.Sent = info.Acknowledged
	if s := e.slotOf(id); s != nil {
		info.Sent += s.acknowledged
		info.Acknowledged += s.acknowledged
		info.Parts, info.PartsStored, info.PartsInFlight = s.plan.Parts, s.parts.stored, s.parts.flying
		for i := range e.requests {
			if r := &e.requests[i]; r.live && r.kind == ActSend && &e.slots[r.slot] == s {
				info.Sent += r.sent
			}
		}
	}
	return info, true
}

// slotOf returns the slot that holds id, or nil.
func (e *Engine) slotOf(id FileID) *slot {
	if id == NoFile {
		return nil
	}
	for i := range e.slots {
		if s := &e.slots[i]; s.step != stepFree && s.file == id {
			return s
		}
	}
	return nil
}
