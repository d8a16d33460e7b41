package event_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/event"
)

var at = time.Date(2026, 11, 22, 9, 0, 0, 123_000, time.UTC)

func fact(ref int64) event.Event { return event.Event{At: at, Kind: "test.happened", Ref: ref} }

func record(ctx context.Context, tx *db.Tx, events ...event.Event) error {
	var b db.Batch
	event.Append(&b, events...)
	return tx.Run(ctx, &b)
}

func happen(t testing.TB, d *db.DB, events ...event.Event) {
	t.Helper()
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return record(ctx, tx, events...) })
	if err != nil {
		t.Fatal(err)
	}
}

// reader reads as all readers do: on from where it came to.
type reader struct {
	*event.Log
	cursor event.Cursor
	refs   []int64
}

func (r *reader) read(t testing.TB, limit int) (n int) {
	t.Helper()
	events, next, err := r.Read(t.Context(), r.cursor, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		r.refs = append(r.refs, e.Ref)
	}
	r.cursor = next
	return len(events)
}

// until reads until there are n events in all. On PostgreSQL that may take a
// moment: transactions of other tests on the same server hold the reader up.
func (r *reader) until(t testing.TB, n, limit int) {
	t.Helper()
	for late := time.Now().Add(time.Minute); len(r.refs) < n; {
		if r.read(t, limit) == 0 && time.Now().After(late) {
			t.Fatalf("%d events after a minute, want %d", len(r.refs), n)
		}
	}
}

func (r *reader) want(t testing.TB, refs ...int64) {
	t.Helper()
	if diff := cmp.Diff(refs, r.refs); diff != "" {
		t.Errorf("read: %s", diff)
	}
}

func TestReadWhatWasAppended(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		want := []event.Event{
			{At: at, Kind: "receipt.recorded", CustomerID: 7, Ref: 1 << 60, Body: `{"total":1}`},
			{At: at.Add(-time.Hour), Kind: "store.added"}, // told later than it happened
		}
		happen(t, d)
		happen(t, d, want...)
		r := &reader{Log: event.New(d)}
		r.until(t, 2, 10)
		got, next, err := r.Read(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		want[1].Body = "{}"
		for i := range got {
			if got[i].ID <= 0 || i > 0 && got[i].ID <= got[i-1].ID {
				t.Errorf("id %d", got[i].ID)
			}
			if int64(next) != got[len(got)-1].ID {
				t.Errorf("the cursor is at %d, want at the last event", next)
			}
			got[i].ID = 0
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCursorGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		r := &reader{Log: event.New(d)}
		if n := r.read(t, 10); n != 0 || r.cursor != 0 {
			t.Errorf("%d events, cursor %v, of an empty log", n, r.cursor)
		}
		happen(t, d, fact(1), fact(2), fact(3)) // one transaction, read in parts
		happen(t, d, fact(4))
		r.until(t, 4, 1)
		before := r.cursor
		if n := r.read(t, 10); n != 0 || r.cursor != before {
			t.Errorf("%d events, cursor from %v to %v, at the end", n, before, r.cursor)
		}
		// A reader that starts again with the cursor it kept goes on from there.
		happen(t, d, fact(5))
		again := &reader{Log: event.New(d), cursor: before, refs: r.refs}
		again.until(t, 5, 10)
		again.want(t, 1, 2, 3, 4, 5)
	})
}

func TestNothingIsLoggedOfWhatWasUndone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		sorry := errors.New("sorry")
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(record(ctx, tx, fact(1)), sorry)
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		happen(t, d, fact(2))
		r := &reader{Log: event.New(d)}
		r.until(t, 1, 10)
		r.want(t, 2)
	})
}

// A transaction that was begun earlier and commits later has smaller numbers
// than what was read meanwhile would have; the reader waits and skips nothing.
func TestLateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	for name, undone := range map[string]bool{"committed": false, "undone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.Open(t, dbtest.Postgres)
			r := &reader{Log: event.New(d)}
			sorry := errors.New("sorry")
			happen(t, d, fact(1))
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := record(ctx, tx, fact(2)); err != nil {
					return err
				}
				happen(t, d, fact(3)) // begun later, committed earlier
				happen(t, d, fact(4))
				r.until(t, 1, 10)
				for range 3 {
					r.read(t, 10)
				}
				r.want(t, 1)
				if undone {
					return sorry
				}
				return record(ctx, tx, fact(5)) // a larger number than 3 and 4
			})
			if undone != errors.Is(err, sorry) {
				t.Fatal(err)
			}
			if undone {
				r.until(t, 3, 10)
				r.want(t, 1, 3, 4)
			} else {
				r.until(t, 5, 10)
				r.want(t, 1, 2, 5, 3, 4) // a transaction's events stay together
			}
		})
	}
}

// Readers that run while many write read everything, once.
func TestReadingWhileManyWrite(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		const writers, each = 3, 40
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := range each {
					ref := int64(w*each + i)
					err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						if err := record(ctx, tx, fact(ref)); err != nil {
							return err
						}
						if i%7 == 0 { // some take longer to commit
							_, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, '')`, fmt.Sprint(ref))
							return err
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		r := &reader{Log: event.New(d)}
		r.until(t, writers*each, 10)
		group.Wait()
		r.read(t, 10) // nothing comes twice
		times := map[int64]int{}
		for _, ref := range r.refs {
			times[ref]++
		}
		for ref := range int64(writers * each) {
			if times[ref] != 1 {
				t.Errorf("event %d was read %d times", ref, times[ref])
			}
		}
	})
}

// A dump brings the numbers of another server's transactions along. Where this
// server has not come so far, what is restored would wait for years and what is
// appended would be skipped.
func TestLogOfAnotherServerIsMovedBeforeThisOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, movedBefore)
}

func movedBefore(t *testing.T, d *db.DB) {
	r := &reader{Log: event.New(d)}
	rebase := func() {
		t.Helper()
		if err := r.Rebase(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rebase() // an empty log
	happen(t, d, fact(1))
	rebase() // its own
	r.until(t, 1, 10)

	// Committed there in the order 2, 3, 4, 5, which is not that of their ids.
	for _, e := range []struct{ id, xid, ref int64 }{{101, 1<<50 + 9, 5}, {102, 1 << 50, 2}, {103, 1<<50 + 7, 3}, {104, 1<<50 + 7, 4}} {
		_, err := d.Exec(t.Context(), `INSERT INTO events (id, xid, at, kind, ref) VALUES ($1, $2, 0, 'test.happened', $3)`, e.id, e.xid, e.ref)
		if err != nil {
			t.Fatal(err)
		}
	}
	var starting sync.WaitGroup
	for range 3 {
		starting.Go(rebase)
	}
	starting.Wait()
	happen(t, d, fact(6))

	r.until(t, 6, 10)
	r.want(t, 1, 2, 3, 4, 5, 6)
	half := &reader{Log: event.New(d), cursor: 103} // one that had read 2 and 3 there
	half.until(t, 3, 10)
	half.want(t, 4, 5, 6)
}
