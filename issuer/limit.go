package issuer

import (
	"container/list"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxKept bounds each of the two tables of a process: some 30 MB if both are
// full.
const maxKept = 50_000

// Rate is how often somebody may ask: Burst times at once, and again each time
// that Every has passed.
type Rate struct {
	Every time.Duration // at least a millisecond
	Burst int           // at least 1
}

func (r Rate) check() error {
	if r.Every < time.Millisecond || r.Burst < 1 {
		return fmt.Errorf("a rate of %d, and one each %v, is none", r.Burst, r.Every)
	}
	return nil
}

// A limiter counts for many, in bounded memory: whoever has not asked for the
// longest is forgotten when it is full.
type limiter struct {
	rate Rate
	now  func() time.Time
	most int

	mu    sync.Mutex
	known map[string]*list.Element
	order list.List // of *counted, the one seen last in front
}

type counted struct {
	key    string
	bucket *rate.Limiter
}

func newLimiter(r Rate, now func() time.Time) *limiter {
	return &limiter{rate: r, now: now, most: maxKept, known: map[string]*list.Element{}}
}

// take counts one request of key. It returns 0 when there may be one, and else
// how long there may be none.
func (l *limiter) take(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.known[key]
	if ok {
		l.order.MoveToFront(element)
	} else {
		if l.order.Len() >= l.most {
			oldest := l.order.Back()
			delete(l.known, l.order.Remove(oldest).(*counted).key)
		}
		element = l.order.PushFront(&counted{key, rate.NewLimiter(rate.Every(l.rate.Every), l.rate.Burst)})
		l.known[key] = element
	}
	now := l.now()
	reserved := element.Value.(*counted).bucket.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

// address is who asks, as far as a network knows: what is connected or, behind
// a proxy that is trusted, the last in X-Forwarded-For that is not. Of IPv6 it
// is the network of 64 bits, of which one host has all addresses.
func (i *Issuer) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown" // an own listener, such as a socket of this machine
	}
	address := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !i.trusted(address) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = next.Unmap().WithZone("")
	}
	if address.Is6() {
		network, _ := address.Prefix(64) // of 128 bits there is one
		return network.String()
	}
	return address.String()
}

func (i *Issuer) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(i.config.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
