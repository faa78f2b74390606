package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/bucketline/bucketline/issuer"
)

const (
	// issuerPatience is how long a stopping issuer waits for answers under way.
	issuerPatience = 20 * time.Second

	maxHeaderBytes = 32 << 10 // an ID token has at most 20,000 bytes

	// certificateAge is how often the certificate's file is looked at.
	certificateAge = 10 * time.Second
)

// runIssuer serves until SIGINT or SIGTERM; a second one ends it at once.
func runIssuer(ctx context.Context, f *issuerFlags, stderr io.Writer) error {
	log, err := issuerLog(f.logFormat, f.logLevel, stderr)
	if err != nil {
		return usage(err)
	}
	if err := f.complete(log); err != nil {
		return usage(err)
	}
	if err := f.checkListen(); err != nil {
		return usage(err)
	}
	if f.Backend, err = f.backEnd(ctx); err != nil {
		return err
	}
	service, err := issuer.New(f.Config)
	if err != nil {
		return usage(err)
	}
	var keys *certificates
	if f.certificate != "" {
		if keys, err = openCertificates(f.certificate, f.key, log); err != nil {
			return usage(err)
		}
	}
	if f.check {
		return nil
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	public, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	servers := []*http.Server{newServer(service, log)}
	listeners := []net.Listener{public}
	if f.metrics != "" {
		private, err := net.Listen("tcp", f.metrics)
		if err != nil {
			return errors.Join(err, public.Close())
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", service.Metrics())
		servers, listeners = append(servers, newServer(mux, log)), append(listeners, private)
		log.Info("metrics", "address", private.Addr().String())
	}
	if keys != nil {
		listeners[0] = tls.NewListener(public, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: keys.certificate, NextProtos: []string{"h2", "http/1.1"}})
	}
	log.Info("listening", "address", public.Addr().String(), "tls", keys != nil, "issuer", f.Issuer, "bucket", f.Bucket, "prefix", f.Prefix, "backend", f.backend)
	failed := make(chan error, len(servers))
	for i, s := range servers {
		go func() { failed <- s.Serve(listeners[i]) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop() // a second signal ends the process at once
	service.Drain()
	log.Info("draining", "for", f.drain.String())
	time.Sleep(f.drain)
	return shutDown(servers, log)
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func shutDown(servers []*http.Server, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), issuerPatience)
	defer cancel()
	var wait sync.WaitGroup
	problems := make([]error, len(servers))
	for i, s := range servers {
		wait.Go(func() {
			if problems[i] = s.Shutdown(ctx); problems[i] != nil {
				s.Close()
			}
		})
	}
	wait.Wait()
	log.Info("stopped")
	return errors.Join(problems...)
}

// checkListen wants TLS on every address but this machine's own, unless a proxy
// does it: what is answered here is secret.
func (f *issuerFlags) checkListen() error {
	if (f.certificate == "") != (f.key == "") {
		return errors.New("--tls-cert and --tls-key belong together")
	}
	if f.drain < 0 || f.drain > time.Minute {
		return fmt.Errorf("--drain: %v is not 0 to 1m", f.drain)
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	a, err := netip.ParseAddr(host)
	if local := host == "localhost" || err == nil && a.IsLoopback(); local || f.certificate != "" || f.behindProxy {
		return nil
	}
	return fmt.Errorf("--listen: %s is not this machine alone, so that credentials would travel in clear: give --tls-cert and --tls-key, or --behind-proxy if a proxy in front does TLS", f.listen)
}

func issuerLog(format, level string, out io.Writer) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %q is not debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: scrub}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	}
	return nil, fmt.Errorf("--log-format: %q is not json or text", format)
}

// certificates give the certificate of two files, which may be replaced while
// the issuer runs.
type certificates struct {
	files [2]string // certificate, key
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
	changed [2]time.Time // of the files, when they were read
}

func openCertificates(certificate, key string, log *slog.Logger) (*certificates, error) {
	c := &certificates{files: [2]string{certificate, key}, log: log}
	return c, c.read()
}

// read reads both files again if one has changed. The caller holds the lock.
func (c *certificates) read() error {
	var changed [2]time.Time
	for i, name := range c.files {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if c.current != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return err
	}
	c.current, c.changed = &pair, changed
	return nil
}

func (c *certificates) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificateAge {
		c.looked = now
		if err := c.read(); err != nil {
			// The one before still serves; its files may be half replaced.
			c.log.Warn("the certificate cannot be read again", "error", err.Error())
		}
	}
	return c.current, nil
}
