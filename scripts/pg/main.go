// Command pg runs a PostgreSQL with nothing in it until it is interrupted, to
// try the program on: make pg prints the address for --database.
//
// It is the server that package pgserver gives to the tests, kept in the
// foreground; what was in it is gone afterwards.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"regulars/internal/base/db/pgserver"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := pgserver.Start(ctx)
	if err != nil {
		return err
	}
	fmt.Println("export REGULARS_DATABASE='" + s.URL + "'")
	fmt.Println("Ctrl-C ends it and removes its data.")
	<-ctx.Done()
	return s.Close()
}
