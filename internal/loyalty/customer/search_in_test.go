package customer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
)

// Whoever sees customers masked finds out nothing piece by piece: a phone is
// found whole or by its last four digits, a name whole.
func TestSearchTellsNothingPieceByPiece(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSearch(d)
		enrol(t, d, s,
			New{FirstName: "Иван", LastName: "Иванов", Note: "1", HomeStore: 1, Identifiers: []Identifier{{Phone, "+998901234567"}, {Card, "29000001"}}},
			New{FirstName: "Анна Мария", LastName: "Иванова-Петрова", Note: "2", HomeStore: 2, Identifiers: []Identifier{{Email, "anna@example.com"}, {External, "A-17"}}},
			New{FirstName: "Иван", LastName: "Иванов", Note: "3", HomeStore: 3, Identifiers: []Identifier{{Phone, "+998711234567"}, {Card, "4567"}}},
			New{FirstName: "Oʻktam", LastName: "Saʼdullayev", Note: "5", HomeStore: 1, Identifiers: []Identifier{{Card, "71000009"}}},
			New{FirstName: "Иван", LastName: "Иванов", Note: "4", Identifiers: []Identifier{{Telegram, "4242"}}},
		)
		for query, want := range map[string]string{
			"иванов иван": "1", "Иван ИВАНОВ": "1", "анна мария иванова-петрова": "2", "Иванова Петрова Анна Мария": "2",
			"+998901234567": "1", "90 123 45 67": "1", "2900 0001": "1", "Anna@example.com": "2", "4567": "1", "0001": "1",
			"O'ktam Sa'dullayev": "5", "sa’dullayev o‘ktam": "5", "OKTAM SADULLAYEV": "5", "o`ktam saʻdullayev": "5", "oʻktam": "", "oʻktam saʼ": "",
			"": "", "иван": "", "иванов": "", "иван и": "", "иван иванов петрович": "", "анна мария": "",
			"567": "", "34567": "", "234567": "", "1234567": "", "90 123": "", "+99890123456": "", "290000": "", "an": "", "anna@": "", "anna@example.co": "",
			"A-17": "", "4242": "", "+998711234567": "", "%": "", strings.Repeat("иван ", 100): "",
		} {
			list, err := s.SearchIn(t.Context(), []catalog.StoreID{1, 2}, query, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range list {
				got = append(got, c.Note)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want {
				t.Errorf("%q finds %v, want %s", query, got, want)
			}
		}
		if list, err := s.SearchIn(t.Context(), nil, "иван иванов", 10); err != nil || len(list) != 0 {
			t.Errorf("in no store: %v, %v", list, err)
		}
	})
}

// The customers of other stores do not use up what a search shows of one's own.
func TestSearchOfAStoreIsNotCutByOtherStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSearch(d)
		var list []New
		for i := range 300 {
			list = append(list, New{FirstName: "Anna", LastName: "Karimova", HomeStore: catalog.StoreID(i%10 + 1), Identifiers: []Identifier{{Phone, fmt.Sprintf("+99890%03d4567", i)}}})
		}
		enrol(t, d, s, list...)
		for _, query := range []string{"karimova anna", "4567"} {
			if found, err := s.SearchIn(t.Context(), []catalog.StoreID{7, 8}, query, 100); err != nil || len(found) != 60 {
				t.Errorf("%q finds %d of 60, %v", query, len(found), err)
			}
		}
	})
}
