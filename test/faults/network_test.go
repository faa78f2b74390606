package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// network is a bad way to a server: toxiproxy, and behind it a relay that counts
// what reaches the server.
type network struct {
	t        *testing.T
	proxy    *toxiproxy.Proxy
	lasting  []toxic // that the whole storm has
	url      string
	by       string // host:port of the relay
	to       string // host:port of the server
	arrived  atomic.Int64
	troubles int
}

// startNetwork opens a way to the server at address, calm as yet, until t ends.
func startNetwork(t *testing.T, address string) *network {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	n := &network{t: t, to: u.Host}
	go n.relay(l)
	n.by = l.Addr().String()
	n.proxy = n.newProxy("127.0.0.1:0")
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.within(stop) })
	n.url = "http://" + n.proxy.Listen
	return n
}

func (n *network) newProxy(listen string) *toxiproxy.Proxy {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	return toxiproxy.NewProxy(server, "store", listen, n.by)
}

// stuckAfter is how long toxiproxy may take for a change. It never ends some: to
// take a toxic away it waits for a connection to hand on what it holds, and one
// that another toxic has closed never does. All others then wait for its lock.
const stuckAfter = 2 * time.Second

// within has the proxy changed, and reports that it was.
func (n *network) within(change func(p *toxiproxy.Proxy) error) bool {
	done := make(chan error, 1)
	go func(p *toxiproxy.Proxy) { done <- change(p) }(n.proxy)
	select {
	case err := <-done:
		if err != nil {
			n.t.Error(err)
		}
		return true
	case <-time.After(stuckAfter):
		return false
	}
}

func stop(p *toxiproxy.Proxy) error { p.Stop(); return nil }

// change is within; in place of a proxy that is stuck comes another one, to
// which clients have to connect anew.
func (n *network) change(change func(p *toxiproxy.Proxy) error) bool {
	if n.within(change) {
		return true
	}
	listen := n.proxy.Listen
	go n.proxy.Stop() // closes the listener at once, and may never return
	var err error
	for range 100 {
		n.proxy = n.newProxy(listen)
		if err = n.proxy.Start(); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		n.t.Errorf("another proxy in place of a stuck one: %v", err)
		return false
	}
	for _, x := range n.lasting {
		n.add(x)
	}
	return false
}

// relay carries connections of l to the server.
func (n *network) relay(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", n.to)
		if err != nil {
			client.Close()
			continue
		}
		var ends sync.WaitGroup
		ends.Go(func() { n.carry(server, client, &n.arrived) })
		ends.Go(func() { n.carry(client, server, new(atomic.Int64)) })
		go func() {
			ends.Wait()
			client.Close()
			server.Close()
		}()
	}
}

// carry copies all and then says that there is no more.
func (n *network) carry(to, from net.Conn, count *atomic.Int64) {
	buffer := make([]byte, 64<<10)
	for {
		got, err := from.Read(buffer)
		count.Add(int64(got))
		if err == nil {
			_, err = to.Write(buffer[:got])
		}
		if err != nil {
			to.(*net.TCPConn).CloseWrite()
			from.(*net.TCPConn).CloseRead()
			return
		}
	}
}

// toxic is one of toxiproxy's, in its own words.
type toxic struct {
	Name       string           `json:"name"`
	Type       string           `json:"type"`
	Stream     string           `json:"stream"` // "upstream" or "downstream"
	Toxicity   float64          `json:"toxicity"`
	Attributes map[string]int64 `json:"attributes"`
}

// add reports that the network has x now.
func (n *network) add(x toxic) bool {
	return n.change(func(p *toxiproxy.Proxy) error {
		text, err := json.Marshal(x)
		if err == nil {
			_, err = p.Toxics.AddToxicJson(strings.NewReader(string(text)))
		}
		if err != nil {
			return fmt.Errorf("toxic %s: %w", x.Type, err)
		}
		return nil
	})
}

func (n *network) remove(x toxic) {
	n.change(func(p *toxiproxy.Proxy) error {
		if err := p.Toxics.RemoveToxic(context.Background(), x.Name); err != nil {
			return fmt.Errorf("remove the toxic %s: %w", x.Name, err)
		}
		return nil
	})
}

// storm makes the network slow, and for so long bad, in a way that follows from
// seed; then it is as good as this machine's. It first lets a moment pass, in
// which the store can be met. Stop it before t ends, by the function that it
// returns.
func (n *network) storm(seed uint64, long time.Duration) (stop func()) {
	random := rand.New(rand.NewPCG(seed, 0))
	between := func(least, most int64) int64 { return least + random.Int64N(most-least+1) }
	most := int64(50_000 / long.Seconds()) // KB/s of a connection: 300 MB take as long as the storm, or longer
	always := []toxic{
		{"latency of requests", "latency", "upstream", 1, map[string]int64{"latency": between(2, 25), "jitter": between(1, 10)}},
		{"latency of answers", "latency", "downstream", 1, map[string]int64{"latency": between(2, 25), "jitter": between(1, 10)}},
		{"bandwidth", "bandwidth", "upstream", 1, map[string]int64{"rate": between(most/2, most)}},
	}
	for _, x := range always {
		n.add(x)
	}
	n.lasting = always
	ctx, cancel := context.WithTimeout(context.Background(), long)
	var done sync.WaitGroup
	done.Go(func() {
		pause(ctx, 500*time.Millisecond)
		for ctx.Err() == nil {
			n.trouble(ctx, random)
			pause(ctx, time.Duration(between(50, 400))*time.Millisecond)
		}
		for len(n.lasting) > 0 {
			x := n.lasting[0]
			n.lasting = n.lasting[1:]
			n.remove(x)
		}
	})
	return func() { cancel(); done.Wait() }
}

// trouble is one thing that goes wrong for a while.
func (n *network) trouble(ctx context.Context, random *rand.Rand) {
	between := func(least, most int64) int64 { return least + random.Int64N(most-least+1) }
	n.troubles++
	while := time.Duration(between(200, 900)) * time.Millisecond
	x := toxic{Name: "trouble", Stream: "upstream", Toxicity: 0.25 + 0.75*random.Float64()}
	switch random.IntN(7) {
	case 0: // connections are cut in the middle of what is sent
		x.Type, x.Attributes = "limit_data", map[string]int64{"bytes": between(0, 6*mib)}
	case 1: // or of what is answered
		x.Type, x.Stream, x.Attributes = "limit_data", "downstream", map[string]int64{"bytes": between(0, 1500)}
	case 2: // or are reset
		x.Type, x.Attributes = "reset_peer", map[string]int64{"timeout": between(0, 300)}
	case 3: // nothing arrives any more, and then they end
		x.Type, x.Attributes = "timeout", map[string]int64{"timeout": between(100, 1500)}
	case 4: // no answer arrives any more
		x.Type, x.Stream, x.Attributes = "timeout", "downstream", map[string]int64{"timeout": 0}
	case 5: // hardly anything arrives
		x.Type, x.Attributes = "bandwidth", map[string]int64{"rate": between(20, 500)}
	default: // nobody is there
		if !n.change(stop) {
			return
		}
		pause(ctx, while)
		if err := n.proxy.Start(); err != nil {
			n.t.Errorf("start the proxy again: %v", err)
		}
		return
	}
	if !n.add(x) {
		return
	}
	pause(ctx, while)
	n.remove(x)
}

func pause(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A figure is a row of a campaign's table.
type figure struct {
	what    string
	run     int
	seed    uint64
	took    time.Duration
	resent  int64 // bytes, as the client counts
	arrived int64 // bytes beyond those of the files, as the store's side counts
	retries int
	more    string
}

// tell prints a row: in a campaign at once, for whoever waits for it.
func (f figure) tell(t *testing.T) {
	t.Helper()
	row := fmt.Sprintf("| %-28s | %3d | %4d | %6.1f s | %7.1f MiB | %7.1f MiB | %4d | %s |",
		f.what, f.run, f.seed, f.took.Seconds(), float64(f.resent)/mib, float64(f.arrived)/mib, f.retries, f.more)
	if campaign() {
		fmt.Println(row)
		return
	}
	t.Log(row)
}
