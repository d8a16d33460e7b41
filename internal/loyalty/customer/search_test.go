package customer

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
)

var searchTime = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

func newSearch(d *db.DB) *Service {
	now := func() time.Time { return searchTime }
	return NewService(d, id.NewMinter(now, 0, 0), now, "UZ", nil, nil)
}

func enrol(t testing.TB, d *db.DB, s *Service, list ...New) {
	t.Helper()
	checked := make([]Checked, len(list))
	for i, n := range list {
		var err error
		if checked[i], err = s.Check(n); err != nil {
			t.Fatal(err)
		}
	}
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := s.RegisterAllTx(ctx, tx, checked)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSearch(d)
		enrol(t, d, s,
			New{FirstName: "Иван", LastName: "Иванов", MiddleName: "Петрович", Note: "1", Identifiers: []Identifier{{Phone, "+998901234567"}, {Card, "29000001"}}},
			New{FirstName: "Иван", LastName: "Иванов", MiddleName: "Сергеевич", Note: "2", Identifiers: []Identifier{{Email, "Ivan@example.com"}, {External, "A-17"}}},
			New{FirstName: "Пётр", LastName: "Ивановский", Note: "3", Identifiers: []Identifier{{Phone, "+79012345678"}, {Telegram, "4242"}}},
			New{FirstName: "Анна Мария", LastName: "Иванова-Петрова", Note: "4"},
			New{FirstName: "Oʻtkir", LastName: "G‘aniyev", Note: "5", Identifiers: []Identifier{{Phone, "+998711234567"}, {Email, "ivanov@example.com"}}},
			New{FirstName: "Gʻulnora", LastName: "Saʼdullayeva", MiddleName: "Oʻktam qizi", Note: "7"},
			New{FirstName: "Каренина", LastName: "Анна", Note: "6", Identifiers: []Identifier{{External, "901234567"}}},
		)
		tests := map[string]struct{ query, want string }{
			"nothing":                 {"", ""},
			"signs":                   {"%_*", ""},
			"first or last name":      {"иван", "1 2 3 4"},
			"case and yo":             {"ПЕТР", "3"},
			"two words":               {"иван иванов", "1 2"},
			"the other way round":     {"Иванов Иван", "1 2"},
			"beginnings":              {"ив пё", "3"},
			"with the middle name":    {"Иванов Иван Петр", "1"},
			"middle name in between":  {"иван сергеевич иванов", "2"},
			"no such middle name":     {"Иванов Иван Ильич", ""},
			"hyphen":                  {"иванова петр", "4"},
			"hyphen and two names":    {"анна мария иванова-петрова", "4"},
			"last of two first names": {"анна мария", "4"},
			"entered the wrong way":   {"анна каренина", "6"},
			"uzbek apostrophes":       {"o'tkir gʻan", "5"},
			"no apostrophes":          {"otkir", "5"},
			"neither sign":            {"gulnora sadulla", "7"},
			"typewriter's for both":   {"G'ulnora Sa'dullayeva", "7"},
			"quotes":                  {"g‘ulnora sa’dulla", "7"},
			"backquotes":              {"g`ulnora sa`dulla", "7"},
			"one and not the other":   {"SAʼDULLAYEVA GULNORA OKTAM", "7"},
			"the beginning of oʻ":     {"saʼdullayeva gʻulnora oʻ", "7"},
			"middle of a name":        {"ванов", ""},
			"end of phone or card":    {"4567", "1 5"},
			"end of a card":           {"0001", "1"},
			"three digits":            {"678", "3"},
			"two digits":              {"67", ""},
			"beginning at home":       {"90 123", "1"}, // ids from outside are found whole only
			"whole phone at home":     {"90 123-45-67", "1"},
			"outside id of digits":    {"901234567", "1 6"},
			"with the country":        {"+998 (90) 12", "1"},
			"country without plus":    {"99890", "1"},
			"with a russian eight":    {"8901", "3"},
			"whole with eight":        {"8 901 234 56 78", "3"},
			"beginning of a card":     {"29 00 00", "1"},
			"e-mail":                  {"ivan@EXAMPLE.com", "2"},
			"beginning of an e-mail":  {"ivanov@", "5"},
			"outside id":              {"A-17", "2"},
			"outside id in small":     {"a-17", ""},
			"telegram":                {"4242", "3"},
			"long":                    {strings.Repeat("иван ", 100), ""},
			"many words":              {"иван иванов петрович и ещё слова", ""},
		}
		for name, tt := range tests {
			list, err := s.Search(t.Context(), tt.query, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range list {
				got = append(got, c.Note)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%s: %q finds %v, want %s", name, tt.query, got, tt.want)
			}
		}
		list, err := s.Search(t.Context(), "иван", 2)
		if err != nil || len(list) != 2 || len(list[0].Identifiers) != 2 {
			t.Errorf("two of many: %v, %v", list, err)
		}
		// What fits exactly comes first.
		if list, err := s.Search(t.Context(), "901234567", 10); err != nil || list[0].Note != "1" {
			t.Errorf("the phone is not first: %v, %v", list, err)
		}
	})
}

// A beginning that half of all people have does not slow the other one down,
// and whoever has both is found whatever their place in the index.
func TestSearchOfTwoBeginnings(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSearch(d)
		var list []New
		for i := range 2000 {
			list = append(list, New{FirstName: "Anna", LastName: fmt.Sprintf("Bench %04d", i)})
		}
		enrol(t, d, s, append(list, New{FirstName: "Annika", LastName: "Bench 1999"}, New{FirstName: "Bench", LastName: "Anna"})...)
		for query, want := range map[string]int{"ann bench 1999": 2, "bench 1999 ann": 2, "anni bench": 1, "bench ann": 20, "ann karimova": 0, "bench 2000": 0} {
			if found, err := s.Search(t.Context(), query, 20); err != nil || len(found) != want {
				t.Errorf("%q finds %d of %d, %v", query, len(found), want, err)
			}
		}
	})
}

// A till finds a customer among a million as among ten: every statement of
// every kind of query reads an index only, on tables whose statistics are known.
func TestManyCardsDoNotSlowATill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSearch(d)
		crowd(t, d, 40_000)
		analyze(t, d)
		statements := map[string]reading{"tails": {text: tailsText, args: []any{"7654", "7655", candidates}}}
		for _, query := range []string{
			"иван", "и", "иван иванов", "и и", "иванов иван петрович", "анна мария иванова петрова",
			"4567", "90123", "+99890123", "8901", "anna@example.com", "A-17", "290000",
		} {
			for i, r := range s.readings(query, 20) {
				statements[fmt.Sprintf("%q, statement %d", query, i)] = r
			}
			for i, r := range s.readingsIn([]catalog.StoreID{3, 4}, query, 20) {
				statements[fmt.Sprintf("%q in stores, statement %d", query, i)] = r
			}
		}
		for name, q := range map[string]ListQuery{
			"list": {}, "list after": {After: 1 << 60}, "list of a store": {HomeStore: 3},
			"list of a state": {State: StateBlocked}, "list of all": {HomeStore: 3, State: StateActive, After: 1 << 60},
		} {
			q.Limit = 50
			text, args := q.text()
			statements[name] = reading{text: text, args: args}
		}
		for name, r := range statements {
			plan := explain(t, d, r)
			if name == "list" {
				// SQLite calls it a scan although it reads the table's end only.
				plan = slices.DeleteFunc(plan, func(line string) bool { return line == "SCAN customers" })
			}
			if slices.ContainsFunc(plan, wholeTable) {
				t.Errorf("%s reads the whole table:\n%s\n%s", name, r.text, strings.Join(plan, "\n"))
			}
		}
	})
}

// wholeTable reports whether a line of a plan reads a table, or sorts.
func wholeTable(line string) bool {
	return strings.Contains(line, "Seq Scan") || // PostgreSQL
		strings.HasPrefix(line, "SCAN ") && !strings.Contains(line, " USING ") && // SQLite
			line != "SCAN begun" && !strings.HasPrefix(line, "SCAN json_each ") || // no tables
		strings.Contains(line, "TEMP B-TREE")
}

// An import looks thousands of identifiers up in a table that grows faster
// than its statistics, by a plan that PostgreSQL made before it knew: even then
// each value is found by the index, and not by reading all of its kind.
func TestLookUpWithoutStatistics(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	crowd(t, d, 20_000)
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, text := range []string{
			`SET LOCAL plan_cache_mode = force_generic_plan`,
			`PREPARE look_up (text, text[]) AS ` + strings.Replace(findText, "IN ($2...)", "= ANY($2)", 1),
		} {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		var plan []string
		rows, err := tx.Query(ctx, `EXPLAIN EXECUTE look_up ('external', '{1,2,3}')`)
		err = db.Scan(rows, err, func(r *db.Rows) error {
			var line string
			err := r.Scan(&line)
			plan = append(plan, line)
			return err
		})
		if all := strings.Join(plan, "\n"); !strings.Contains(all, "Index Cond: ((value = ANY ($2)) AND (kind = $1))") {
			t.Errorf("identifiers are not looked up by value:\n%s", all)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// explain is how the database answers a statement.
func explain(t testing.TB, d *db.DB, r reading) (plan []string) {
	t.Helper()
	rows, err := d.Query(t.Context(), `
		EXPLAIN -- postgres
		EXPLAIN QUERY PLAN -- sqlite
		`+r.text, r.args...)
	err = db.Scan(rows, err, func(rows *db.Rows) error {
		var (
			line    string
			a, b, c int64
		)
		into := []any{&a, &b, &c, &line}
		if d.Postgres() {
			into = []any{&line}
		}
		err := rows.Scan(into...)
		plan = append(plan, line)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

var (
	crowdFirst = strings.Fields("Александр Анна Сергей Елена Андрей Ольга Дмитрий Наталья Алексей Ирина Максим Мария Иван Светлана " +
		"Михаил Екатерина Oʻtkir Dilnoza Aziz Malika Jasur Nodira Ўткир Гулнора Бахтиёр Зарина Тимур Камила Рустам Лола Пётр Адриан")
	crowdStems = strings.Fields("Иван Петр Смирн Кузнец Поп Вас Сокол Михайл Нов Фёдор Мороз Волк Алексе Лебед Семён Егор Павл Козл Степан " +
		"Никола Орл Андре Макар Никит Захар Зайц Соловь Борис Яковл Григорь Роман Воробь Серге Александр Карим Рахим Юсуп Abdulla Gʻani Toʻxta " +
		"Хас Ахмед Умар Салим Набит Обид Жур Щерб Цвет Чернь")
	crowdEnds = strings.Fields("ов ова ев ева ин ина ский ская енко ян ich ov ova")
)

// crowd fills the tables with people whose names are as uneven as real ones,
// past the registration, which is not what is measured.
func crowd(t testing.TB, d *db.DB, n int) {
	t.Helper()
	const chunk = 5000
	dice := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string {
		return list[int(math.Pow(dice.Float64(), 2)*float64(len(list)))]
	}
	for at := 0; at < n; at += chunk {
		var customers, identifiers [][]any
		for i := at; i < min(at+chunk, n); i++ {
			c := Customer{
				ID: ID(i + 1), State: StateActive, FirstName: pick(crowdFirst), MiddleName: pick(crowdStems) + "ович",
				LastName: pick(crowdStems) + pick(crowdEnds), HomeStore: catalog.StoreID(dice.IntN(200) + 1),
				Source: []string{"till", "import", "web"}[dice.IntN(3)], RegisteredAt: searchTime,
			}
			if i%1000 == 0 {
				c.State = StateBlocked
			}
			if i%97 == 0 {
				c.LastName += "-" + pick(crowdStems) + pick(crowdEnds) + fmt.Sprint(i)
			}
			customers = append(customers, c.row(0))
			for _, owned := range []Identifier{
				{Phone, fmt.Sprintf("+9989%08d", (i*7919)%100_000_000)}, {Card, fmt.Sprintf("29%08d", (i*104729)%100_000_000)}, {External, fmt.Sprint(i)},
			} {
				identifiers = append(identifiers, owned.row(c.ID))
			}
		}
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := tx.Insert(ctx, customerTable, customers); err != nil {
				return err
			}
			return tx.Insert(ctx, identifierTable, identifiers)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func analyze(t testing.TB, d *db.DB) {
	t.Helper()
	if _, err := d.Exec(t.Context(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkSearch searches a million customers.
func BenchmarkSearch(b *testing.B) {
	for _, engine := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine)
			crowd(b, d, 1_000_000)
			analyze(b, d)
			s := newSearch(d)
			for _, query := range []string{
				"иванов", "и", "александр иванов", "а и", "адриан щ", "щербенко адриан", "александр ъ", "иванов александр петрович",
				"4567", "567", "90123", "+998901234567", "29012", "500000", "nobody",
			} {
				b.Run(strings.ReplaceAll(query, " ", "_"), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, err := s.Search(b.Context(), query, 20); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			b.Run("last_digits_in_store", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.ByTailInStore(b.Context(), 7, "4567", nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
