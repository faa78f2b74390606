package engine

import "github.com/bucketline/bucketline/s3"

// parts is what is known of the parts of one upload. Its buffers are kept from
// file to file; at 10,000 parts they take some 400 KiB.
type parts struct {
	state  []partState // by part number - 1
	list   s3.PartList // the ETags of stored parts
	next   int         // every part below it has left partPending
	again  int         // parts put back to pending below next
	stored uint16
	flying uint16
}

type partState uint8

const (
	partPending partState = iota
	partInFlight
	partStored
)

// reset forgets the last file and makes room for n parts.
func (p *parts) reset(n uint16) {
	if cap(p.state) < int(n) {
		p.state = make([]partState, n)
	}
	p.state = p.state[:n]
	clear(p.state)
	p.list.Reset()
	p.next, p.again, p.stored, p.flying = 0, 0, 0, 0
}

// pending reports that a part waits to be sent.
func (p *parts) pending() bool { return p.again > 0 || p.next < len(p.state) }

// take returns the lowest pending part's number and marks it in flight. There
// must be one.
func (p *parts) take() uint16 {
	i := p.next
	if p.again > 0 {
		for i = 0; p.state[i] != partPending; i++ {
		}
		p.again--
	} else {
		p.next++
	}
	p.state[i] = partInFlight
	p.flying++
	return uint16(i + 1)
}

// putBack makes part n pending again.
func (p *parts) putBack(n uint16) {
	p.state[n-1] = partPending
	p.flying--
	p.again++
}

// store keeps part n's ETag; the error says that it is no ETag.
func (p *parts) store(n uint16, etag string) error {
	if err := p.list.Set(n, etag, nil); err != nil {
		return err
	}
	p.state[n-1] = partStored
	p.flying--
	p.stored++
	return nil
}

// done reports that every part is stored.
func (p *parts) done() bool { return int(p.stored) == len(p.state) }
