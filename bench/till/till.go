// Package till speaks the till API over one kept connection, with as little
// work as HTTP allows: a load generator shares the machine with the server, and
// what it spends the server lacks.
//
// It knows the wire and nothing of what the calls mean; packages load and crash
// decide what to send. It is no client for production: it follows no redirects
// and trusts what the server says about lengths.
package till

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Client is one till's connection. It is for one goroutine.
type Client struct {
	Dial func(ctx context.Context, network, addr string) (net.Conn, error) // nil: that of the system

	addr string
	head []byte // what every request has in common
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

// patience is how long an answer is waited for.
const patience = 30 * time.Second

// New makes a client for a server at host:port and a till's key; it connects
// when it is used.
func New(addr, key string) *Client {
	return &Client{addr: addr, head: []byte(" HTTP/1.1\r\nHost: " + addr + "\r\nAuthorization: Bearer " + key + "\r\nContent-Type: application/json\r\n")}
}

// Close drops the connection; the next call makes a new one.
func (c *Client) Close() {
	if c.conn != nil {
		_ = c.conn.Close() // nobody waits for anything on it
	}
	c.conn = nil
}

// Do sends a request and returns the answer, whose body is good until the next
// call. After an error it is not known whether the server has done anything.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	if c.conn == nil {
		dial := c.Dial
		if dial == nil {
			dial = new(net.Dialer).DialContext
		}
		if c.conn, err = dial(ctx, "tcp", c.addr); err != nil {
			return 0, nil, err
		}
		c.in = bufio.NewReaderSize(c.conn, 16<<10)
	}
	c.out = append(append(append(append(c.out[:0], method...), ' '), path...), c.head...)
	c.out = append(strconv.AppendInt(append(c.out, "Content-Length: "...), int64(len(body)), 10), "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if err = c.conn.SetDeadline(time.Now().Add(patience)); err == nil {
		if _, err = c.conn.Write(c.out); err == nil {
			status, err = c.read()
		}
	}
	if err != nil {
		c.Close()
	}
	return status, c.body, err
}

var errAnswer = errors.New("till: this is no answer in HTTP/1.1")

// read reads an answer into c.body.
func (c *Client) read() (status int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, errAnswer
	}
	length, chunked := int64(0), false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		name, value, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(": "))
		switch {
		case len(name) == 0:
			c.body = c.body[:0]
			if chunked {
				return status, c.chunks()
			}
			return status, c.take(length)
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, errAnswer
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
}

// take appends n bytes to c.body.
func (c *Client) take(n int64) error {
	from := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.in, c.body[from:])
	return err
}

func (c *Client) chunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 64)
		if err != nil {
			return errAnswer
		}
		if err := c.take(n); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil || n == 0 {
			return err
		}
	}
}

// Line is a position of a basket: so many thousandths of SKU at so many minor
// units of a currency with two decimals.
type Line struct {
	SKU      string
	Quantity int64
	Price    int64
}

// Sale is what Append writes.
type Sale struct {
	Number   string // empty: of a quote
	Customer string
	Lines    []Line
	Redeem   int64  // hundredths of a point
	Quote    string // id of the quote that is committed
	Total    int64  // of a receipt without one: what is charged, in minor units; -1: nothing is said
}

// Append writes the body of a quote or a receipt.
func (s *Sale) Append(b []byte) []byte {
	b = append(b, '{')
	if s.Number != "" {
		b = append(append(append(b, `"number":"`...), s.Number...), `",`...)
	}
	if s.Quote != "" {
		b = append(append(append(b, `"quote":"`...), s.Quote...), `",`...)
	} else if s.Number != "" && s.Total >= 0 {
		b = append(decimal(append(b, `"total":"`...), s.Total, 2), `",`...)
	}
	if s.Customer != "" {
		b = append(append(append(b, `"customer":"`...), s.Customer...), `",`...)
	}
	if s.Redeem > 0 {
		b = append(decimal(append(b, `"redeem":"`...), s.Redeem, 2), `",`...)
	}
	b = append(b, `"lines":[`...)
	for i, l := range s.Lines {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"sku":"`...), l.SKU...), `","quantity":"`...)
		b = append(decimal(b, l.Quantity, 3), `","price":"`...)
		b = append(decimal(b, l.Price, 2), `"}`...)
	}
	return append(b, "]}"...)
}

// decimal writes a number with its last digits behind the point.
func decimal(b []byte, v int64, digits int) []byte {
	unit := int64(1)
	for range digits {
		unit *= 10
	}
	b = append(strconv.AppendInt(b, v/unit, 10), '.')
	from := len(b)
	b = strconv.AppendInt(b, unit+v%unit, 10)
	return append(b[:from], b[from+1:]...)
}

// Text finds the first text of that name in a JSON answer, which must not need
// unescaping; empty: there is none.
func Text(answer []byte, name string) string {
	_, rest, found := bytes.Cut(answer, []byte(`"`+name+`":"`))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

// Problem is an answer that was not expected.
func Problem(status int, answer []byte) error {
	return fmt.Errorf("till: answered %d: %s", status, answer)
}
