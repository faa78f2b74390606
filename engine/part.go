package engine

import "github.com/bucketline/bucketline/s3"

// parts is what is known of the parts of one upload. Its buffers are kept from
// file to file; at 10,000 parts they take some 500 KiB.
type parts struct {
	state []partState // by part number - 1
	list  s3.PartList // the ETags and digests of stored parts
	ready []hashed    // parts whose digest is known and that are to be sent

	next      int    // every part below it has left partPending
	again     int    // parts put back to pending below next
	low       int    // none of them is below it
	stored    uint16 // also those to be compared
	flying    uint16
	nameless  int    // stored parts whose ETag CORS hides
	unchecked int    // parts of an earlier run that are still to be compared with the file
	checkFrom uint16 // every part below it is compared, or none to compare
}

// hashed is a part that waits to be sent with its digest.
type hashed struct {
	part   uint16
	digest [64]byte
	length uint8
}

// maxReady is how many parts are hashed ahead of their sending.
const maxReady = 4

type partState uint8

const (
	partPending  partState = iota
	partHashing            // its digest is being computed, before it is sent
	partReady              // that is done
	partWaiting            // it failed, and is not due yet
	partInFlight           // being sent
	partStored             // acknowledged by the store
	partNameless           // the same, but CORS hides the ETag
	partKept               // stored by an earlier run; to be compared with the file
	partChecking           // that is under way
	partFound              // stored by an earlier run, which did not write it down; to be compared
	partProving            // that is under way
)

// nameless stands for an ETag that is not known.
const nameless = "-"

// reset forgets the last file and makes room for n parts.
func (p *parts) reset(n uint16) {
	if cap(p.state) < int(n) {
		p.state = make([]partState, n)
	}
	p.state = p.state[:n]
	clear(p.state)
	p.list.Reset()
	*p = parts{state: p.state, list: p.list, ready: p.ready[:0]}
}

// grow adds a part to a stream's.
func (p *parts) grow() { p.state = append(p.state, partPending) }

// pending returns the lowest part that is not begun, or 0.
func (p *parts) pending() uint16 {
	if p.again > 0 {
		for ; p.low < p.next; p.low++ {
			if p.state[p.low] == partPending {
				return uint16(p.low + 1)
			}
		}
	}
	for p.next < len(p.state) {
		if p.state[p.next] == partPending {
			return uint16(p.next + 1)
		}
		p.next++
	}
	return 0
}

// take moves part n, which is pending, to state.
func (p *parts) take(n uint16, state partState) {
	if int(n) <= p.next {
		p.again--
	} else {
		// An earlier run may have left a part and none of those before it.
		for i := p.next; i < int(n)-1; i++ {
			if p.state[i] == partPending {
				p.again++
				p.low = min(p.low, i)
			}
		}
		p.next = int(n)
	}
	p.state[n-1] = state
}

// putBack makes part n pending again.
func (p *parts) putBack(n uint16) {
	switch p.state[n-1] {
	case partPending:
		return
	case partInFlight:
		p.flying--
	case partStored, partNameless, partKept, partChecking, partFound, partProving:
		p.forget(n)
	}
	p.state[n-1] = partPending
	if int(n) <= p.next {
		p.again++
		p.low = min(p.low, int(n)-1)
	}
}

// unkeep makes every part pending again, but keeps what is known of them.
func (p *parts) unkeep() {
	clear(p.state)
	*p = parts{state: p.state, list: p.list, ready: p.ready}
}

// forget takes part n out of those that are stored.
func (p *parts) forget(n uint16) {
	switch p.state[n-1] {
	case partNameless:
		p.nameless--
	case partKept, partChecking, partFound, partProving:
		p.unchecked--
	}
	p.stored--
	p.list.Drop(n)
}

// store keeps part n's ETag, which is empty when CORS hides it, and digest; the
// error says that it is no ETag.
func (p *parts) store(n uint16, etag string, digest []byte) error {
	state := partStored
	if etag == "" {
		state, etag = partNameless, nameless
	}
	if err := p.list.Set(n, etag, digest); err != nil {
		return err
	}
	if state == partNameless {
		p.nameless++
	}
	if p.state[n-1] == partInFlight {
		p.flying--
	}
	p.state[n-1] = state
	p.stored++
	return nil
}

// keep takes part n over from an earlier run, to be compared with the file if
// there is a digest to compare.
func (p *parts) keep(n uint16, etag string, digest []byte, compare bool) error {
	if err := p.list.Set(n, etag, digest); err != nil {
		return err
	}
	p.take(n, partStored)
	p.stored++
	if compare {
		p.state[n-1] = partKept
		p.unchecked++
	}
	return nil
}

// named gives part n the ETag that CORS hid.
func (p *parts) named(n uint16, etag string) error {
	_, digest := p.list.Part(n)
	if err := p.list.Set(n, etag, append([]byte(nil), digest...)); err != nil {
		return err
	}
	p.nameless--
	p.state[n-1] = partStored
	return nil
}

// kept returns the lowest part that is to be compared with the file, or 0.
func (p *parts) kept() uint16 {
	if p.unchecked == 0 {
		return 0
	}
	for i := int(p.checkFrom); i < len(p.state); i++ {
		if p.state[i] == partKept || p.state[i] == partFound {
			p.checkFrom = uint16(i)
			return uint16(i + 1)
		}
	}
	return 0
}

// checked says that part n is what the file has there.
func (p *parts) checked(n uint16) {
	p.state[n-1] = partStored
	p.unchecked--
}

// hash gives part n's digest; the part is sent next.
func (p *parts) hash(n uint16, digest []byte) {
	h := hashed{part: n}
	h.length = uint8(copy(h.digest[:], digest))
	p.ready = append(p.ready, h)
	p.state[n-1] = partReady
}

// unready takes the first part that waits with its digest.
func (p *parts) unready() (h hashed) {
	h = p.ready[0]
	p.ready = p.ready[:copy(p.ready, p.ready[1:])]
	return h
}

// has reports that there is a part n.
func (p *parts) has(n uint16) bool { return n >= 1 && int(n) <= len(p.state) }

// done reports that every part is stored.
func (p *parts) done() bool { return int(p.stored) == len(p.state) }

// unhash puts back part n, whose digest was being computed.
func (p *parts) unhash(n uint16) {
	switch p.state[n-1] {
	case partHashing:
		p.state[n-1] = partPending
		p.again++
		p.low = min(p.low, int(n)-1)
	case partChecking, partProving:
		p.state[n-1]-- // to what it was
		p.checkFrom = min(p.checkFrom, n-1)
	}
}
