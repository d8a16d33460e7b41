package pricing_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// TestGolden prices every draft of testdata/*.txtar. A file has a comment, a
// programme (what differs from plain, or "none"), and drafts, each with its
// result; see golden for how a draft is written.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var (
				rules = plain()
				out   []txtar.File
			)
			for i, f := range archive.Files {
				out = append(out, f)
				switch {
				case strings.HasPrefix(f.Name, "programme"):
					rules = goldenRules(t, f.Data)
				case strings.HasPrefix(f.Name, "draft"):
					got := golden(t, f.Name, string(f.Data), rules)
					out = append(out, txtar.File{Name: "result", Data: []byte(got)})
					if *update {
						continue
					}
					if i+1 == len(archive.Files) || archive.Files[i+1].Name != "result" {
						t.Fatalf("%s has no result: run go test with -update and read what it writes", f.Name)
					}
					if diff := cmp.Diff(string(archive.Files[i+1].Data), got); diff != "" {
						t.Errorf("%s (-want +got):\n%s", f.Name, diff)
					}
				case f.Name == "result":
					out = out[:len(out)-1] // written with its draft
				}
			}
			if *update {
				archive.Files = out
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// plain are rules that do nothing but let points pay for everything.
func plain() *programme.Rules {
	return &programme.Rules{
		PointValue: money.PriceScale,
		Levels:     []programme.Level{{Code: "base", Name: "Base"}},
		Combine:    programme.CombineAdd,
		Spend:      programme.Spend{Window: programme.Lifetime},
		Discount:   programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Earn:       programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Redeem:     programme.Redeem{Cap: money.Whole},
		Return:     programme.Return{Clawback: programme.ClawbackDebt},
	}
}

func goldenRules(t *testing.T, text []byte) *programme.Rules {
	t.Helper()
	if strings.TrimSpace(string(text)) == "none" {
		return nil
	}
	rules := plain()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(rules); err != nil {
		t.Fatal(err)
	}
	if err := programme.Validate(rules, money.Currency{Code: "RUB", Exponent: 2}); err != nil {
		t.Fatal(err)
	}
	return rules
}

// golden prices a draft, of which each line begins with a word:
//
//	currency UZS                       RUB if left out
//	customer gold spend=500 points=12  nobody if left out; - is no level; card: it was shown
//	day birthday                       an occasion that it is; several words
//	store north
//	at 2026-03-10 18:30 Asia/Tashkent
//	redeem 10.50
//	no_discount, no_points
//	charged 40.00                      by a till that had no line
//	line milk 2 x 12.50 in=dairy,food cost=9 off=1 charged=20 promo giftcard no_loyalty void
func golden(t *testing.T, name, text string, rules *programme.Rules) string {
	t.Helper()
	in := pricing.Input{Rules: rules, At: time.Date(2026, 3, 10, 13, 30, 0, 0, time.UTC), Zone: time.UTC}
	var err error
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	in.Currency, err = money.CurrencyOf("RUB")
	must(err)
	number := func(s string, exp int) int64 {
		t.Helper()
		whole, frac, _ := strings.Cut(s, ".")
		if len(frac) > exp {
			t.Fatalf("%s: %s has more than %d decimals", name, s, exp)
		}
		v, err := strconv.ParseInt(whole+frac+strings.Repeat("0", exp-len(frac)), 10, 64)
		must(err)
		return v
	}
	for row := range strings.Lines(text) {
		words := strings.Fields(row)
		if len(words) == 0 {
			continue
		}
		opts := map[string]string{}
		for _, w := range words[1:] {
			k, v, _ := strings.Cut(w, "=")
			opts[k] = v
		}
		_, giftcard := opts["giftcard"]
		_, card := opts["card"]
		_, noLoyalty := opts["no_loyalty"]
		_, promo := opts["promo"]
		_, void := opts["void"]
		switch words[0] {
		case "currency":
			in.Currency, err = money.CurrencyOf(words[1])
			must(err)
		case "customer":
			in.Customer = &pricing.Customer{
				Level:     words[1],
				Spend:     money.Amount(number("0"+opts["spend"], in.Currency.Exponent)),
				Available: money.Points(number("0"+opts["points"], 2)),
				Card:      card,
			}
		case "day":
			in.Customer.Occasions = append(in.Customer.Occasions, programme.Day(words[1]))
		case "store":
			in.Store = words[1]
		case "at":
			in.Zone, err = time.LoadLocation(words[3])
			must(err)
			in.At, err = time.ParseInLocation("2006-01-02 15:04", words[1]+" "+words[2], in.Zone)
			must(err)
		case "redeem":
			in.Draft.Redeem = money.Points(number(words[1], 2))
		case "charged":
			all := money.Amount(number(words[1], in.Currency.Exponent))
			in.Draft.Charged = &all
		case "no_discount":
			in.Draft.NoDiscount = true
		case "no_points":
			in.Draft.NoPoints = true
		case "line":
			l := pricing.Line{
				SKU: words[1], Quantity: money.Quantity(number(words[2], 3)), Price: money.Price(number(words[4], 4)),
				Discount: money.Amount(number("0"+opts["off"], in.Currency.Exponent)),
				GiftCard: giftcard, NoLoyalty: noLoyalty, Promo: promo, Void: void,
			}
			if opts["in"] != "" {
				l.Categories = strings.Split(opts["in"], ",")
			}
			if opts["charged"] != "" {
				one := money.Amount(number(opts["charged"], in.Currency.Exponent))
				l.Charged = &one
			}
			if opts["cost"] != "" {
				cost := money.Price(number(opts["cost"], 4))
				l.Cost = &cost
			}
			in.Draft.Lines = append(in.Draft.Lines, l)
		default:
			t.Fatalf("%s: unknown word %q", name, words[0])
		}
	}
	res, err := pricing.Price(in)
	if err != nil {
		return goldenError(err)
	}
	if problem := broken(in, res); problem != "" {
		t.Errorf("%s: %s", name, problem)
	}
	return table(in, res)
}

func goldenError(err error) string {
	e := errs.Of(err)
	var b strings.Builder
	fmt.Fprintf(&b, "refused: %s (%s)\n", e.Code, e.Kind)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Pointer, f.Code, f.Text)
	}
	for _, arg := range []string{"max", "limit", "min", "step"} {
		if v, ok := e.Args[arg]; ok {
			fmt.Fprintf(&b, "  %s = %v\n", arg, v)
		}
	}
	return b.String()
}

// table shows a result the way a person checks it.
func table(in pricing.Input, r pricing.Result) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	amount := func(a money.Amount) string { return in.Currency.Format(a) }
	row := func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(w, "%v\t", c)
		}
		fmt.Fprintln(w)
	}
	row("", "gross", "till", "tier", "points", "total", "redeemed", "earned", "tier spend", "redeemable")
	var till, tier money.Amount
	for i, l := range r.Lines {
		by := map[pricing.Cause]string{pricing.CauseTill: "-", pricing.CauseTier: "-"}
		for _, d := range l.Discounts {
			by[d.Cause] = amount(d.Amount)
			if d.Guarded {
				by[d.Cause] = "guarded " + by[d.Cause]
			}
			switch d.Cause {
			case pricing.CauseTill:
				till += d.Amount
			case pricing.CauseCharged:
				by[pricing.CauseTier] = "charged " + amount(d.Amount)
				tier += d.Amount
			default:
				tier += d.Amount
			}
		}
		row(in.Draft.Lines[i].SKU, amount(l.Gross), by[pricing.CauseTill], by[pricing.CauseTier], amount(l.PaidPoints), amount(l.Total),
			l.Redeemed, l.Earned, amount(l.TierSpend), amount(l.Redeemable))
	}
	row("all", amount(r.Gross), amount(till), amount(tier), amount(r.PaidPoints), amount(r.Total), r.Redeemed, r.Earned, amount(r.TierSpend))
	_ = w.Flush() // into memory

	fmt.Fprintf(&b, "redeem at most %s", r.MaxRedeem)
	if r.Limit != pricing.LimitNone {
		fmt.Fprintf(&b, " (%s)", r.Limit)
	}
	if r.Level.Code != "" {
		fmt.Fprintf(&b, "\nlevel %s", r.Level.Code)
		if r.Next != nil {
			fmt.Fprintf(&b, ", %s more to %s", amount(r.ToNext), r.Next.Code)
		}
		if r.Reaches != nil {
			fmt.Fprintf(&b, ", reaches %s", r.Reaches.Code)
		}
		if r.Combined != "" {
			fmt.Fprintf(&b, "; gave %s", r.Combined)
		}
		if r.Occasion != "" {
			fmt.Fprintf(&b, ", more for the %s", r.Occasion)
		}
	}
	if r.ByRules != nil {
		fmt.Fprintf(&b, "\nby the rules %s", amount(*r.ByRules))
	}
	if !r.AvailableAt.IsZero() {
		fmt.Fprintf(&b, "\navailable %s", r.AvailableAt.In(in.Zone).Format("2006-01-02 15:04 MST"))
		if !r.ExpiresAt.IsZero() {
			fmt.Fprintf(&b, ", expire %s", r.ExpiresAt.In(in.Zone).Format("2006-01-02 15:04 MST"))
		}
	}
	b.WriteByte('\n')
	return b.String()
}
