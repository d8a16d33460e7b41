package demo

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// Files says how a chain is written.
type Files struct {
	Gzip bool
	// Until is midnight UTC of the first date of which nothing is written but the
	// truth, for Fill to go on from there; zero: all is written.
	Until time.Time
	// Progress is told from time to time how many customers and sales have
	// been written; nil: nobody.
	Progress func(customers, sales int)
}

// Written is what went into the files.
type Written struct {
	Customers, Products, Sales, Returns, Lines int
	Total                                      money.Amount // of sales less returns
}

// WriteFiles writes customers.csv, products.csv and receipts.csv for the
// importer, and truth.jsonl, into a folder that exists; with Gzip each name
// ends in .gz. A receipt is as many rows as it has lines; a return's
// quantities and amounts are below zero. Files of the same names are
// replaced.
func (c *Chain) WriteFiles(ctx context.Context, dir string, opts Files) (w Written, err error) {
	defer errs.Wrap(&err, "write the demo chain to %s", dir)
	if opts.Progress == nil {
		opts.Progress = func(int, int) {}
	}
	file := func(name string, write func(io.Writer) error) {
		if err == nil {
			err = writeFile(filepath.Join(dir, name), opts.Gzip, write)
		}
	}
	run := c.Run()
	until := c.days
	if !opts.Until.IsZero() {
		until = c.dayOf(opts.Until)
	}
	file("products.csv", func(out io.Writer) error { return c.writeProducts(out, &w) })
	file("customers.csv", func(out io.Writer) error { return c.writeCustomers(ctx, out, until, &w, opts.Progress) })
	file("receipts.csv", func(out io.Writer) error { return run.writeReceipts(ctx, out, until, &w, opts.Progress) })
	file("truth.jsonl", run.WriteTruth)
	return w, err
}

func writeFile(path string, zip bool, write func(io.Writer) error) (err error) {
	if zip {
		path += ".gz"
	}
	f, err := os.Create(path) //nolint:gosec // the folder is the caller's
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !zip {
		return write(f)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	return write(z)
}

// row builds lines of CSV without garbage: some files have tens of millions.
type row struct {
	out *bufio.Writer
	buf []byte
}

func newRow(w io.Writer) *row { return &row{out: bufio.NewWriterSize(w, 1<<18)} }

func (r *row) text(s string) *row {
	if strings.ContainsAny(s, "\",\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	r.buf = append(append(r.buf, s...), ',')
	return r
}

// decimal writes v with the last digits after a point.
func (r *row) decimal(v int64, digits int) *row {
	if v < 0 {
		r.buf = append(r.buf, '-')
		v = -v
	}
	unit := int64(1)
	for range digits {
		unit *= 10
	}
	r.buf = strconv.AppendInt(r.buf, v/unit, 10)
	if digits > 0 {
		at := len(r.buf)
		r.buf = strconv.AppendInt(r.buf, v%unit+unit, 10) // a 1 stands where the point goes
		r.buf[at] = '.'
	}
	r.buf = append(r.buf, ',')
	return r
}

func (r *row) end() {
	r.buf[len(r.buf)-1] = '\n'
	_, _ = r.out.Write(r.buf) // the writer keeps its first error for Flush
	r.buf = r.buf[:0]
}

func (r *row) head(names ...string) {
	for _, n := range names {
		r.text(n)
	}
	r.end()
}

func (c *Chain) writeProducts(out io.Writer, w *Written) error {
	r := newRow(out)
	r.head("sku", "barcode", "name", "category", "brand", "unit", "price", "cost")
	for i := range c.Products {
		p := &c.Products[i]
		r.text(p.SKU).text(p.Barcode).text(p.Name).text(c.Path(p.Category)).text(p.Brand).text(p.Unit())
		r.decimal(int64(p.PriceAt(c.days-1)), 4).decimal(int64(p.Cost), 4).end()
		w.Products++
	}
	return r.out.Flush()
}

// Path names a category from the top: "Дом и кухня / Посуда".
func (c *Chain) Path(category int) string {
	k := c.Categories[category]
	if k.Parent < 0 {
		return k.Name
	}
	return c.Categories[k.Parent].Name + " / " + k.Name
}

// Unit is what the product is counted in.
func (p *Product) Unit() string {
	if p.Weighed {
		return "kg"
	}
	return "pcs"
}

func (c *Chain) writeCustomers(ctx context.Context, out io.Writer, until int, w *Written, progress func(int, int)) error {
	r := newRow(out)
	r.head("customer_id", "last_name", "first_name", "sex", "birth_date", "phone", "card", "email", "language",
		"registered_at", "store", "city", "consent_sms", "consent_email")
	d := newDice(c.Seed)
	for i := range c.Size.Customers {
		if i%4096 == 0 {
			progress(i, 0)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if c.birth(i) >= until {
			break
		}
		p := c.customer(d, i)
		r.text(p.ExternalID).text(p.LastName).text(p.FirstName).text(p.Sex)
		birth := ""
		if !p.BirthDate.IsZero() {
			birth = p.BirthDate.Format("2006-01-02")
		}
		r.text(birth).text(p.Phone).text(p.Card).text(p.Email).text(p.Language)
		r.text(p.RegisteredAt.Format("2006-01-02T15:04:05-07:00")).text(c.Stores[p.Store].Code).text(c.Stores[p.Store].City)
		r.text(yesNo(p.ConsentSMS)).text(yesNo(p.ConsentEmail)).end()
		w.Customers++
	}
	return r.out.Flush()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (r *Run) writeReceipts(ctx context.Context, out io.Writer, until int, w *Written, progress func(int, int)) error {
	c := r.chain
	o := newRow(out)
	o.head("receipt", "kind", "sale", "time", "store", "till", "cashier", "customer_id",
		"line", "sku", "product", "quantity", "price", "discount", "amount")
	decimals := c.Currency.Exponent
	var at []byte
	n := 0
	for rc := range r.Receipts() {
		if n%4096 == 0 {
			progress(w.Customers, w.Sales)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if n++; rc.Day >= until {
			continue
		}
		sign := int64(1)
		if rc.Kind == Return {
			sign = -1
			w.Returns++
		} else {
			w.Sales++
		}
		customer := ""
		if rc.Customer != Nobody {
			customer = externalID(rc.Customer)
		}
		s := &c.Stores[rc.Store]
		at = rc.At.AppendFormat(at[:0], "2006-01-02T15:04:05-07:00")
		for i := range rc.Lines {
			l := &rc.Lines[i]
			p := &c.Products[l.Product]
			o.text(rc.Number).text(string(rc.Kind)).text(rc.Sale).text(string(at))
			o.text(s.Code).text(s.TillCode(rc.Till)).text(c.Cashiers[rc.Cashier].Code).text(customer)
			o.decimal(int64(i+1), 0).text(p.SKU).text(p.Name)
			o.decimal(sign*int64(l.Quantity), 3).decimal(int64(l.Price), 4)
			o.decimal(sign*int64(l.Promo+l.ByHand), decimals).decimal(sign*int64(l.Total), decimals).end()
			w.Lines++
		}
		w.Total += money.Amount(sign) * rc.Total
	}
	progress(w.Customers, w.Sales)
	return o.out.Flush()
}
