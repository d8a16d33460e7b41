package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"regulars/bench/site"
	"regulars/bench/till"
)

// Of what a till sold without its line.
const (
	lateBatch   = 1000 // receipts of a call
	lateBatches = 10
)

// late measures how long a till that had no line takes to send what it sold.
func (b *bench) late(ctx context.Context, engines []engine) error {
	var rows [][]string
	for _, e := range engines {
		s, err := b.open(ctx, e)
		if err != nil {
			return err
		}
		list, err := os.ReadFile(s.people)
		if err != nil {
			return err
		}
		people := strings.Fields(string(list))
		var took, again []int64
		for round := range b.rounds {
			first, second, err := b.sendLate(ctx, s, people, round)
			if err != nil {
				return err
			}
			took, again = append(took, first.Milliseconds()), append(again, second.Milliseconds())
		}
		of := time.Duration(median(took)) * time.Millisecond
		rows = append(rows, []string{
			e.name, aimed(seconds(of), of < 5*time.Second, "5 s"), count(lateBatch * lateBatches / of.Seconds()), seconds(time.Duration(median(again)) * time.Millisecond),
		})
		say("%s: late %v", e.name, rows[len(rows)-1])
	}
	p := &b.page
	p.line("## Sending what was sold without the line")
	p.line("")
	p.line("One till sends %s receipts of three lines in batches of %s (`POST /v1/receipts/batch`), one batch after the other, for random", count(lateBatch*lateBatches), count(lateBatch))
	p.line("customers out of %s stored; then all of them again, as after a lost answer. Medians of %d rounds:", count(b.people), b.rounds)
	p.table([]string{"", "recorded in", "receipts a second", "the same again"}, rows)
	return nil
}

// sendLate sends the receipts to a new server, and sends them again.
func (b *bench) sendLate(ctx context.Context, s *shop, people []string, round int) (first, again time.Duration, err error) {
	server, err := b.serve(ctx, s.engine)
	if err != nil {
		return 0, 0, err
	}
	defer server.Kill()
	bodies := make([][]byte, lateBatches)
	for i := range bodies {
		receipts := make([]map[string]any, lateBatch)
		for j := range receipts {
			n := i*lateBatch + j
			var lines []map[string]any
			for l := range 3 {
				lines = append(lines, map[string]any{"sku": site.SKU((n*3 + l) % products), "quantity": "2", "price": "5000"})
			}
			receipts[j] = map[string]any{
				"number": fmt.Sprintf("late-%d-%d", round, n), "sold_at": time.Now().Add(time.Duration(n-2*lateBatch*lateBatches) * time.Second).Format(time.RFC3339),
				"customer": people[rand.IntN(len(people))], "lines": lines, "total": "30000", //nolint:gosec // nothing to be guessed
			}
		}
		if bodies[i], err = json.Marshal(map[string]any{"receipts": receipts}); err != nil {
			return 0, 0, err
		}
	}
	c := till.New(server.Addr, s.keys[0])
	defer c.Close()
	if first, err = sendAll(ctx, c, bodies, "recorded"); err != nil {
		return 0, 0, err
	}
	if again, err = sendAll(ctx, c, bodies, "replayed"); err != nil {
		return 0, 0, err
	}
	return first, again, server.Stop()
}

func sendAll(ctx context.Context, c *till.Client, bodies [][]byte, want string) (time.Duration, error) {
	began := time.Now()
	for _, body := range bodies {
		status, answer, err := c.Do(ctx, http.MethodPost, "/v1/receipts/batch", body)
		if err != nil {
			return 0, err
		}
		if n := bytes.Count(answer, []byte(`"status":"`+want+`"`)); status != http.StatusOK || n != lateBatch {
			return 0, fmt.Errorf("%d of %d were %s: %d %.500s", n, lateBatch, want, status, answer)
		}
	}
	return time.Since(began), nil
}
