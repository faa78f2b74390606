package sim

import (
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
)

// epoch is the store's clock when the world begins, 2026-11-23T00:00:00Z, in
// milliseconds.
const epoch = 1_795_392_000_000

const (
	second = 1_000
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour

	kib = 1 << 10
	mib = 1 << 20
)

// scenario is all that differs from one world to another, drawn from the seed
// before anything happens. Times are in milliseconds, rates in thousandths.
type scenario struct {
	config engine.Config // but for its Seed
	kind   fakes3.Config // of the store

	hideETag, hideDate bool // by the bucket's CORS rule

	volatile bool  // the journal does not survive a crash
	nameless bool  // sources have no name, so that there is no journal
	lazy     int64 // how long the driver may take to poll

	latency, jitter          int64
	bandwidth, perConnection int64 // bytes a millisecond
	service, completing      int64 // how long the store takes, and for joining parts

	rates [mishaps]int64

	life, refreshTime         int64
	refreshFails, refreshMute int64
	skew                      int64 // of the client's wall clock
	trusted                   bool  // a service tells the client the time

	diskTime, diskFails, locks int64
	hashing                    int64 // bytes a millisecond
	rot                        int64 // records that a crash damages
	full                       int64 // how often the disk is full for a while

	signTime            int64 // how long the vault takes, where there is one
	signFails, signMute int64

	files, wishes, crashes, changes, outages, spells, jumps int64
	there                                                   int64 // keys that have an object already
	huge                                                    int64 // bytes of one file that is; 0: none
	again                                                   int64 // files that the user chooses twice
	tabs                                                    int64 // how often a second client starts beside the first
	tidy                                                    bool  // the user sweeps at the end
	calm                                                    int64 // when all trouble ends
}

// mishap is one kind of thing that goes wrong with a request.
type mishap uint8

const (
	cutRequest   mishap = iota // the connection breaks while the body goes
	stallRequest               // the body stops, and nothing comes ever
	dropRequest                // the connection breaks, and the store never saw the request
	loseAnswer                 // the connection breaks after the work is done
	muteStore                  // the work is done, and nothing comes ever
	silentStore                // nothing is done, and nothing comes ever
	lateAnswer
	twice     // the request arrives once more, later
	internal  // 500, nothing done
	internal2 // 500, and done
	slowDown  // 503
	socket    // RequestTimeout
	aborted   // OperationAborted, or ConditionalRequestConflict
	in200     // an error inside a 200, nothing done
	in200done // the same, and done
	expired   // ExpiredToken, out of the blue
	unknown   // InvalidToken
	gone      // the upload is forgotten
	skewed    // RequestTimeTooSkewed, out of the blue
	elsewhere // another region is told
	damagedOnWay
	damagedInStore
	portal    // somebody else answers: 200 and a page
	nonsense  // a proxy's error page
	tooLong   // the answer is too large
	idleAbort // an abort is answered and not done, while parts are on their way
	lostPart  // the store has lost a part
	slowJoin  // the parts are joined one by one, for longer than anybody waits
	mishaps
)

// draw makes the scenario of one seed.
func draw(d *dice) scenario {
	var s scenario
	s.config.Connections = int(d.between(1, 8))
	if d.chance(200) {
		s.config.Ramp, s.config.Connections = true, int(d.between(8, 48))
	}
	s.config.CanRefresh = d.chance(850)
	s.network(d)
	s.target(d)
	s.checksums(d)
	s.sizes(d)
	s.people(d)
	if d.chance(850) {
		for i := range s.rates {
			if d.chance(450) {
				s.rates[i] = d.spread(3, 150)
			}
		}
	}
	if s.rates[idleAbort] > 0 {
		s.rates[idleAbort] = 400 // there are few aborts
	}
	s.vault(d)
	for _, rare := range []mishap{gone, unknown, elsewhere, skewed, portal, lostPart} {
		s.rates[rare] = min(s.rates[rare], 40)
	}
	return s
}

// vault has half of the worlds' clients keep the secret from their engine.
func (s *scenario) vault(d *dice) {
	s.config.RemoteSign = d.chance(500)
	s.signTime = d.spread(1, 3*second)
	if d.chance(400) {
		s.signFails = d.spread(2, 400)
	}
	if d.chance(200) {
		s.signMute = d.spread(2, 100)
	}
}

func (s *scenario) network(d *dice) {
	s.latency, s.jitter = d.spread(1, 300), d.spread(1, 400)
	s.bandwidth = d.spread(400, 60_000)
	s.perConnection = max(s.bandwidth/d.between(1, 8), 100)
	s.service = d.spread(2, 800)
	s.completing = d.spread(5, 20*second)
	if d.chance(300) {
		s.lazy = d.spread(1, 200)
	}
	if d.chance(300) {
		s.config.StallMillis = d.spread(8*second, minute) // bodies report each pieceMillis
	}
	if d.chance(300) {
		s.config.RetryMillis = d.spread(10*second, 30*minute)
	}
}

// stores is what is known of each kind, as a Config of the store.
var stores = []struct {
	profile s3.Profile
	config  fakes3.Config
}{
	{s3.ProfileAWS, fakes3.Config{}},
	{s3.ProfileAWS, fakes3.Config{}},
	{s3.ProfileMinIO, fakes3.Config{ForgetCompleted: true, PartChecksums: true}},
	{s3.ProfileCeph, fakes3.Config{IgnoreChecksums: true, AllParts: true}},
	{s3.ProfileR2, fakes3.Config{EqualParts: true, NoFullObjectCRC: true, ForgetCompleted: true}},
	{s3.ProfileB2, fakes3.Config{}},
	{s3.ProfileSeaweedFS, fakes3.Config{IgnoreChecksums: true, ForgetCompleted: true}},
	{s3.ProfileVersityGW, fakes3.Config{ForgetCompleted: true}},
}

func (s *scenario) target(d *dice) {
	kind := stores[d.below(int64(len(stores)))]
	s.kind = kind.config
	s.kind.Host, s.kind.Region, s.kind.Bucket = "store.example", "eu-west-1", "photos"
	t := s3.Target{Endpoint: "https://store.example", Region: "eu-west-1", Bucket: "photos", Profile: kind.profile}
	if d.chance(500) {
		t.PathStyle = true
	} else {
		t.VirtualHost = true
	}
	if d.chance(40) {
		t.Region = "us-east-2" // the store tells the right one
	}
	if kind.profile.Has(s3.FeatureSignatureV2) && d.chance(200) {
		s.config.SignatureVersion = 2
	}
	if d.chance(300) {
		s.kind.Page = int(d.between(1, 10))
	}
	switch d.below(12) {
	case 0:
		s.kind.Denied = append(s.kind.Denied, s3.OpListParts)
	case 1:
		s.kind.Denied = append(s.kind.Denied, s3.OpHeadObject)
	case 2:
		s.kind.Denied = append(s.kind.Denied, s3.OpAbortMultipartUpload)
	case 3:
		s.kind.Denied = append(s.kind.Denied, s3.OpListMultipartUploads)
	}
	s.config.Target = t
}

func (s *scenario) checksums(d *dice) {
	profile := s.config.Target.Profile
	switch d.below(4) {
	case 0:
		s.config.WithoutChecksum = true
	case 1, 2:
		s.config.Checksum = s3.Algorithm(d.between(int64(s3.CRC32), int64(s3.ContentMD5)))
	}
	if profile == s3.ProfileR2 && s.config.Checksum != s3.CRC64NVME && s.config.Checksum != s3.NoChecksum {
		s.config.Checksum = s3.SHA256
	}
}

func (s *scenario) sizes(d *dice) {
	if d.chance(600) {
		s.config.PartSize = s3.MinPartSize + d.spread(1, 12*mib) - 1
	}
	s.config.MultipartThreshold = d.spread(1, 24*mib)
	if d.chance(200) {
		s.config.FormBelow = d.spread(1, 8*mib)
	}
	s.files = d.between(1, 9)
	if d.chance(40) {
		s.files = d.between(30, 90)
	}
	if d.chance(100) {
		s.config.MultipartThreshold = 0
	}
	if d.chance(15) {
		s.huge = d.spread(1<<30, 400<<30)
		s.config.PartSize = min(max(s.huge/d.between(40, 300), s3.MinPartSize), s3.MaxPartSize)
		s.bandwidth = max(s.bandwidth, s.huge/hour)
		s.perConnection = max(s.perConnection, s.bandwidth/4)
	}
	if d.chance(100) {
		s.again = d.spread(20, 400)
	}
	if d.chance(200) {
		s.there = d.spread(50, 900)
	}
}

func (s *scenario) people(d *dice) {
	s.life = d.spread(3*second, 12*hour)
	s.refreshTime = d.spread(5, 20*second)
	if d.chance(300) {
		s.refreshFails = d.spread(10, 500)
	}
	if d.chance(200) {
		s.refreshMute = d.spread(10, 300)
	}
	if d.chance(300) {
		s.skew = d.between(-day, day)
	}
	if d.chance(400) {
		s.config.HandlerMillis = d.spread(2*second, 10*minute)
	}
	if d.chance(400) {
		s.config.RefreshMillis = d.between(-1, 10*minute)
	}
	if d.chance(150) {
		s.config.HoldMillis = d.spread(10*second, 4*hour)
	}
	s.trusted = d.chance(500)
	s.diskTime = d.spread(1, 500)
	s.hashing = d.spread(2*kib, 800*kib)
	if d.chance(200) {
		s.rot = d.spread(20, 500)
	}
	if d.chance(250) {
		s.diskFails = d.spread(5, 600)
	}
	if d.chance(120) {
		s.tabs = d.between(1, 3)
	}
	if d.chance(150) {
		s.full = d.between(1, 3)
	}
	if d.chance(200) {
		s.locks = d.spread(10, 400)
	}
	s.volatile, s.nameless = d.chance(100), d.chance(80)
	if s.volatile {
		s.tabs = 0 // what is in one's memory the other does not see
	}
	if d.chance(700) {
		s.wishes = d.between(1, 25)
	}
	if d.chance(500) {
		s.crashes = d.between(1, 4)
	}
	if d.chance(300) {
		s.changes = d.between(1, 3)
	}
	if d.chance(400) {
		s.outages = d.between(1, 4)
	}
	if d.chance(300) {
		s.spells = d.between(1, 3)
	}
	if d.chance(80) {
		s.jumps = 1
	}
	s.hideETag, s.hideDate = d.chance(120), d.chance(200)
	s.tidy = d.chance(500)
	s.calm = d.between(10*minute, 3*hour)
}
