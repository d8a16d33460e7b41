package verify

import (
	"strconv"

	"regulars/internal/base/db"
)

// returns goes through all lines of which something came back, with the lines
// of the returns that brought it.
func (a *audit) returns() {
	rows := a.returned.sorted()
	var group []returnedLine
	for r := rows.peek(); r != nil; r = rows.peek() {
		sale, position := r.Sale, r.Original
		group = collect(rows, group, func(r *returnedLine) bool { return r.Sale == sale && r.Original == position })
		if group[0].IsReturn {
			a.strayReturn(group)
			continue
		}
		a.returnsOf(&group[0], group[1:])
	}
	a.fail(a.returned.close())
}

// strayReturn is returns of a line that has none, or that is not there.
func (a *audit) strayReturn(parts []returnedLine) {
	sale, position, kind := parts[0].Sale, parts[0].Original, ""
	a.look(func(r *db.Rows) error { return r.Scan(&kind) },
		`SELECT r.kind FROM receipt_lines l JOIN receipts r ON r.id = l.receipt_id WHERE l.receipt_id = $1 AND l.position = $2`, sale, position)
	if kind == "sale" {
		var back int64
		for _, p := range parts {
			back += p.Quantity
		}
		a.equal(LineReturned, at("receipt_lines", sale, position), "returned", back, 0, "what its returns say")
		return
	}
	for _, p := range parts {
		a.off(ReturnOf, at("receipt_lines", p.Receipt, p.Position), "original_id", "a line of a sale",
			strconv.FormatInt(p.Sale, 10)+"/"+strconv.FormatInt(p.Original, 10), "there is no such line, or it is a return's")
	}
}

// returnsOf checks the returns of one line.
func (a *audit) returnsOf(sold *returnedLine, parts []returnedLine) {
	where := at("receipt_lines", sold.Sale, sold.Original)
	var (
		back     int64
		sum      amounts
		imported bool
	)
	for i := range parts {
		a.returnOf(sold, &parts[i])
		back += parts[i].Quantity
		imported = imported || parts[i].Imported
		for j, v := range parts[i].Amounts {
			sum[j] = plus(sum[j], v)
		}
	}
	a.equal(LineReturned, where, "returned", back, sold.Returned, "what its returns say")
	if back > sold.Quantity {
		a.off(LineReturned, where, "quantity", a.show("quantity", back)+" or more", a.show("quantity", sold.Quantity), "what came back of it")
		return
	}
	if imported || sold.Quantity < 1 {
		return // another system said what came back
	}
	// Together they undid the share of what came back, whatever their order.
	want := share(&sold.Amounts, back, sold.Quantity)
	for j := range want {
		if len(parts) > 1 && want[j] != sum[j] {
			a.off(ReturnPart, where, amountColumns[j], a.show(amountColumns[j], want[j]), a.show(amountColumns[j], sum[j]), "of all its returns together")
		}
	}
	// And each of them the difference that it made.
	var done int64
	for i := range parts {
		p := &parts[i]
		if !certain(parts, func(p *returnedLine) int64 { return p.Receipt }, i, p.Receipt) {
			return
		}
		from, to := share(&sold.Amounts, done, sold.Quantity), share(&sold.Amounts, done+p.Quantity, sold.Quantity)
		done += p.Quantity
		for j := range from {
			a.equal(ReturnPart, at("receipt_lines", p.Receipt, p.Position), amountColumns[j], to[j]-from[j], p.Amounts[j], "the share of what the sale recorded")
		}
	}
}

// share is what the first units of a line amount to. Points and the gross are
// shared by quantity, what is paid by the gross, what points pay by what is
// not paid in money, and the discount is the rest.
func share(whole *amounts, done, all int64) (part amounts) {
	of := func(v, done, all int64) int64 {
		if v <= 0 || done <= 0 || all <= 0 {
			return 0
		}
		return halfUp(v, done, all)
	}
	for _, j := range []int{gross, redeemed, earned} {
		part[j] = of(whole[j], done, all)
	}
	for _, j := range []int{total, tierSpend} {
		part[j] = of(whole[j], part[gross], whole[gross])
	}
	unpaid := part[gross] - part[total]
	part[paidPoints] = of(whole[paidPoints], unpaid, whole[gross]-whole[total])
	part[discount] = unpaid - part[paidPoints]
	return part
}

// returnOf checks that a return's line is of the line it names.
func (a *audit) returnOf(sold, p *returnedLine) {
	where := at("receipt_lines", p.Receipt, p.Position)
	a.equal(ReturnOf, where, "product_id", sold.Product, p.Product, "the sale's")
	a.equal(ReturnOf, where, "price", sold.Price, p.Price, "the sale's")
	of := at("receipts", p.Receipt)
	if c := a.circles.of[sold.Customer]; c == 0 || c != a.circles.of[p.Customer] || !p.Imported {
		a.equal(ReturnOf, of, "customer_id", sold.Customer, p.Customer, "the sale's")
	}
	if p.Imported {
		if p.SoldAt < sold.SoldAt {
			a.off(ReturnOf, of, "sold_at", "not before "+a.show("at", sold.SoldAt), a.show("at", p.SoldAt), "the sale's")
		}
		return
	}
	a.equal(ReturnOf, where, "cost", sold.Cost, p.Cost, "the sale's")
	a.equal(ReturnOf, of, "original_id", p.Sale, p.Named, "the sale of its lines")
	a.equal(ReturnOf, of, "version_id", sold.Version, p.Version, "the sale's")
	if sold.Level != p.Level {
		a.off(ReturnOf, of, "level", a.names.text(sold.Level), a.names.text(p.Level), "the sale's")
	}
}

// apart is how far the clocks of two processes may differ: ids that they mint
// within that time need not be in order.
const apart = 10_000_000 // microseconds

// certain reports whether, of rows in the order of ids, those before i were
// certainly written before what has the id of, and the others after.
func certain[T any](rows []T, id func(*T) int64, i int, of int64) bool {
	near := func(j int) bool {
		return max(mintedAt(id(&rows[j]))-mintedAt(of), mintedAt(of)-mintedAt(id(&rows[j]))) <= apart
	}
	for j := i - 1; j >= 0 && near(j); j-- {
		if mintedBy(id(&rows[j])) != mintedBy(of) {
			return false
		}
	}
	for j := i; j < len(rows) && near(j); j++ {
		if mintedBy(id(&rows[j])) != mintedBy(of) {
			return false
		}
	}
	return true
}
