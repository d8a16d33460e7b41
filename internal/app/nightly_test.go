package app

import (
	"context"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/loyaltytest"
)

// There is a night for each zone that stores are in; duplicates are looked for among all
// customers, and so once a night.
func TestNights(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := loyaltytest.New(t, d, loyaltytest.Options{})
		s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1")
		s.OpenStore(t, catalog.NewStore{Code: "S2", Name: "Arbat", Zone: "Europe/Moscow"}, "1")
		q := jobs.New(d, id.NewMinter(s.Now, id.Nodes-1, 0), s.Now, jobs.Config{})
		nightly(s.Services, q, s.Now, func() settings.Installation { return settings.Installation{Zone: time.UTC} })
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan struct{})
		go func() { q.Work(ctx); close(served) }()
		for done, end := 0, time.Now().Add(time.Minute); done < 3 && time.Now().Before(end); {
			loyaltytest.Check(t, d.QueryRow(ctx, `SELECT COUNT(*) FROM jobs WHERE state = 'done'`).Scan(&done))
		}
		stop()
		<-served
		count := func(kind string) (n int) {
			loyaltytest.Check(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM jobs WHERE kind = $1`, kind).Scan(&n))
			return n
		}
		if nights, looks := count("night"), count("duplicates"); nights != 2 || looks != 1 {
			t.Errorf("%d nights, duplicates looked for %d times", nights, looks)
		}
	})
}
