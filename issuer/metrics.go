package issuer

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what an Issuer counts. No label has anything of who asks.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec   // by outcome
	refused   *prometheus.CounterVec   // by what was limited
	took      prometheus.Histogram     // of whole answers
	exchanges *prometheus.HistogramVec // with the store, by result
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bucketline_issuer_requests_total",
			Help: "Requests for credentials, by outcome: ok, or the code of the refusal.",
		}, []string{"outcome"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bucketline_issuer_limited_total",
			Help: "Requests that were one too many, by what was limited: a subject or an address.",
		}, []string{"by"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bucketline_issuer_request_seconds", Help: "How long requests for credentials took.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11),
		}),
		exchanges: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bucketline_issuer_exchange_seconds", Help: "How long the store's side took, by result: ok or failed.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11),
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.requests, m.refused, m.took, m.exchanges,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// All that there can be is there from the beginning, so that an alert on a
	// rate sees the first one.
	for _, outcome := range []string{
		"ok", codeNoToken, codeBadRequest, codeBadToken, codeExpired, codeDenied, codeTooMany, codeNoProvider, codeNoStore, codeStoreDenies,
	} {
		m.requests.WithLabelValues(outcome)
	}
	for _, by := range []string{"subject", "address"} {
		m.refused.WithLabelValues(by)
	}
	return m
}

func (m *metrics) answered(outcome string, took time.Duration) {
	m.requests.WithLabelValues(outcome).Inc()
	m.took.Observe(took.Seconds())
}

func (m *metrics) limited(by string) { m.refused.WithLabelValues(by).Inc() }

func (m *metrics) exchanged(ok bool, took time.Duration) {
	result := "failed"
	if ok {
		result = "ok"
	}
	m.exchanges.WithLabelValues(result).Observe(took.Seconds())
}
