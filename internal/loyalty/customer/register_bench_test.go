package customer

import (
	"context"
	"fmt"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// BenchmarkRegisterAll registers customers as an import does, beside the plain
// insert of the rows that it writes, and those who are known again. An operation is a
// thousand customers.
func BenchmarkRegisterAll(b *testing.B) {
	const batch = 1000
	next := 0
	people := func(s *Service) []Checked {
		list := make([]Checked, batch)
		for i := range list {
			next++
			var err error
			list[i], err = s.Check(New{
				FirstName: crowdFirst[next%len(crowdFirst)], LastName: crowdStems[next%len(crowdStems)] + crowdEnds[next%len(crowdEnds)],
				Born: "1990-12-31", City: "Tashkent", Source: "import", Origin: 1, HomeStore: 1,
				Identifiers: []Identifier{{Phone, fmt.Sprintf("90%07d", next*7919%10_000_000)}, {External, fmt.Sprint(next)}},
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		return list
	}
	register := func(b *testing.B, d *db.DB, s *Service, list []Checked) {
		err := d.Write(b.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.RegisterAllTx(ctx, tx, list)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, engine := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(engine)+"/register", func(b *testing.B) {
			d := dbtest.Open(b, engine)
			s := newSearch(d)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				list := people(s)
				b.StartTimer()
				register(b, d, s, list)
			}
		})
		b.Run(string(engine)+"/rows", func(b *testing.B) {
			d := dbtest.Open(b, engine)
			s := newSearch(d)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				var customers, identifiers [][]any
				for _, c := range people(s) {
					c.profile.ID = ID(s.mint.Next())
					customers = append(customers, c.profile.row(0))
					for _, i := range c.identifiers {
						identifiers = append(identifiers, i.row(c.profile.ID))
					}
				}
				b.StartTimer()
				err := d.Write(b.Context(), func(ctx context.Context, tx *db.Tx) error {
					if err := tx.Insert(ctx, customerTable, customers); err != nil {
						return err
					}
					return tx.Insert(ctx, identifierTable, identifiers)
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(engine)+"/again", func(b *testing.B) {
			d := dbtest.Open(b, engine)
			s := newSearch(d)
			sets := make([][]Checked, 50)
			for i := range sets {
				sets[i] = people(s)
				register(b, d, s, sets[i])
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				register(b, d, s, sets[i%len(sets)])
			}
		})
	}
	b.Run("check", func(b *testing.B) {
		s := newSearch(nil)
		b.ReportAllocs()
		for b.Loop() {
			people(s)
		}
	})
}
