// Command stub is the other end of the native benchmark: it takes uploads and
// keeps nothing of them, at full speed or as a distant store would; with
// -gateway it is VersityGW over a folder. It prints its address, serves until
// its standard input ends, and then prints what it has seen.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Model is how a distant store behaves.
type Model struct {
	Delay          time.Duration // before each answer, 100 Continue included
	BytesPerSecond int64         // that a connection takes; 0: as many as come
}

// Seen is what the stub counts.
type Seen struct {
	Requests, Connections, InFlight int64 // InFlight: at most, at once
}

type stub struct {
	model                           Model
	requests, connections, inFlight atomic.Int64
	most                            atomic.Int64

	nowhere []byte // maxDrop bytes that all connections write over
}

// maxDrop is how many bytes are dropped by one call.
const maxDrop = 4 << 20

func main() {
	wan := flag.Bool("wan", false, "40 ms before each answer, 6.25 MB/s a connection")
	certificate := flag.String("tls", "", "serve TLS, and write the certificate to this `file`")
	gateway := flag.String("gateway", "", "run VersityGW over this `folder`")
	flag.Parse()
	if *gateway != "" {
		serveGateway(*gateway)
		return
	}
	s := &stub{nowhere: make([]byte, maxDrop)}
	if *wan {
		s.model = Model{Delay: 40 * time.Millisecond, BytesPerSecond: 6_250_000}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	scheme := "http"
	if *certificate != "" {
		c, err := newCertificate(*certificate)
		if err != nil {
			log.Fatal(err)
		}
		scheme = "https"
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{c}, NextProtos: []string{"http/1.1"}})
	}
	fmt.Println(scheme + "://" + l.Addr().String())
	go s.serve(l)
	io.Copy(io.Discard, os.Stdin)
	json.NewEncoder(os.Stdout).Encode(s.seen())
}

func (s *stub) seen() Seen {
	return Seen{Requests: s.requests.Load(), Connections: s.connections.Load(), InFlight: s.most.Load()}
}

func (s *stub) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.connections.Add(1)
		go s.converse(c)
	}
}

// enter counts a request that has begun to arrive.
func (s *stub) enter() {
	now := s.inFlight.Add(1)
	for {
		most := s.most.Load()
		if now <= most || s.most.CompareAndSwap(most, now) {
			return
		}
	}
}
