// Package id mints the numbers of rows: unique over all processes of an
// installation, and rising with time so that indexes grow at their end.
//
// An id is 41 bits of milliseconds since 2024, 10 bits of a node number and 12
// bits of a counter. A node number is leased in the database (lease.go), so
// two processes never mint the same id. Ids are never shown to the public and
// are strings in JSON; those who must not guess more of them get them sealed
// (seal.go).
package id

import (
	"sync"
	"time"
)

const (
	epoch     = 1704067200000 // 2024-01-01 in milliseconds
	nodeBits  = 10
	countBits = 12
	// Nodes is how many processes can mint at once.
	Nodes = 1 << nodeBits
)

// Minter mints ids of one node. It is safe for concurrent use.
type Minter struct {
	now func() time.Time

	mu    sync.Mutex
	node  int64
	last  int64 // milliseconds since epoch
	count int64
}

// NewMinter mints under a node number (0 <= node < Nodes), never before the
// millisecond high (since 1970) that the node was used up to.
func NewMinter(now func() time.Time, node int, high int64) *Minter {
	return &Minter{now: now, node: int64(node), last: max(high-epoch, 0)}
}

// Next mints an id. A clock that is set back does not repeat ids: they go on
// from the last one.
func (m *Minter) Next() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ms := m.now().UnixMilli() - epoch; ms > m.last {
		m.last, m.count = ms, 0
	} else if m.count++; m.count == 1<<countBits {
		m.last++
		m.count = 0
	}
	return m.last<<(nodeBits+countBits) | m.node<<countBits | m.count
}

// High is the millisecond since 1970 up to which ids were minted.
func (m *Minter) High() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last + epoch
}

// move continues under another node number.
func (m *Minter) move(node int, high int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.node, m.last, m.count = int64(node), max(m.last, high-epoch)+1, 0
}

// First is the smallest id minted at t or later; ids double as a time index.
func First(t time.Time) int64 {
	return max(t.UnixMilli()-epoch, 0) << (nodeBits + countBits)
}
