package limit

// Callers is how many are remembered.
func (l *Limiter) Callers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.callers.Len()
}
