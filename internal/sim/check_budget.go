package sim

import "github.com/bucketline/bucketline/engine"

// budgetCheck holds "budget".
type budgetCheck struct{ world *World }

func (k *budgetCheck) sent(s *session) {
	if n := len(s.flights); n > s.config.Connections {
		k.world.violate("budget", "%d requests are under way, of %d", n, s.config.Connections)
	}
}

// maxHashing is how many hashes may be under way, and spareReads how many reads
// beyond one for each connection. maxBuffered is how many parts of a stream may
// be in memory.
const (
	maxHashing  = 4
	spareReads  = 3
	maxBuffered = 5
)

func (k *budgetCheck) aside(s *session) {
	hashes, reads := 0, 0
	for _, x := range s.asides {
		if x.kind == engine.ActHash {
			hashes++
		} else {
			reads++
		}
	}
	if hashes > maxHashing || reads > s.config.Connections+spareReads {
		k.world.violate("budget", "%d hashes and %d reads are under way", hashes, reads)
	}
}

func (k *budgetCheck) buffered(c *chosen) {
	if n := len(c.read); n > maxBuffered {
		k.world.violate("budget", "%d parts of the stream file %d are in memory", n, c.id)
	}
}
