package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"regulars/internal/base/jobs"
)

// newRegistry holds the figures of this process: the runtime's, the
// database's, the jobs'. Those of HTTP and of receipts come from their owners.
func (p *parts) newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "regulars_build_info", Help: "1, with the version and the kind of database as labels.",
		ConstLabels: prometheus.Labels{"version": p.env.Version, "database": p.db.String()},
	})
	build.Set(1)
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, figures{p})
	return r
}

// jobMetrics counts what became of jobs.
func jobMetrics(r *prometheus.Registry) func(kind string, became jobs.State, took time.Duration) {
	attempts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "regulars_job_attempts_total", Help: "Attempts of jobs, by kind and by the state the job was in afterwards.",
	}, []string{"kind", "became"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "regulars_job_seconds", Help: "How long an attempt took, by kind.",
		Buckets: []float64{.01, .1, 1, 10, 60, 600, 3600},
	}, []string{"kind"})
	r.MustRegister(attempts, seconds)
	return func(kind string, became jobs.State, took time.Duration) {
		attempts.WithLabelValues(kind, string(became)).Inc()
		seconds.WithLabelValues(kind).Observe(took.Seconds())
	}
}

// figures are looked up when they are asked for.
type figures struct{ *parts }

var (
	dbConns   = prometheus.NewDesc("regulars_db_connections", "Connections to the database, by whether they are in use.", []string{"state"}, nil)
	dbWriting = prometheus.NewDesc("regulars_db_writing", "1 while the only writer of SQLite is in use.", nil, nil)
	dbWAL     = prometheus.NewDesc("regulars_db_wal_bytes", "Size of SQLite's write-ahead log.", nil, nil)
	dbWrites  = prometheus.NewDesc("regulars_db_transactions_total", "Transactions that write, by how they ended; a group of calls committed together is one.", []string{"end"}, nil)
	jobsDue   = prometheus.NewDesc("regulars_jobs_due", "Jobs that are due and wait.", nil, nil)
	jobsLate  = prometheus.NewDesc("regulars_jobs_due_seconds", "For how long the first of them has been due.", nil, nil)
)

// Describe implements prometheus.Collector.
func (figures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{dbConns, dbWriting, dbWAL, dbWrites, jobsDue, jobsLate} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (f figures) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := f.db.Stats()
	gauge(dbConns, float64(s.Busy), "busy")
	gauge(dbConns, float64(s.Conns-s.Busy), "idle")
	for end, n := range map[string]int64{"committed": s.Committed, "failed": s.Failed, "repeated": s.Repeated} {
		to <- prometheus.MustNewConstMetric(dbWrites, prometheus.CounterValue, float64(n), end)
	}
	if !f.db.Postgres() {
		writing := 0.0
		if s.Writing {
			writing = 1
		}
		gauge(dbWriting, writing)
		gauge(dbWAL, float64(s.WALBytes))
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	due, since, err := f.jobs.Backlog(ctx)
	if err != nil {
		return // figures that are missing say so themselves
	}
	gauge(jobsDue, float64(due))
	late := 0.0
	if due > 0 {
		late = f.env.Now().Sub(since).Seconds()
	}
	gauge(jobsLate, late)
}
