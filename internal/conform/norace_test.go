//go:build !race

package conform_test

const slowed = false
