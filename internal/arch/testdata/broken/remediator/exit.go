package remediator

import (
	stdlog "log"
	"os"
	"syscall"
)

func init() {
	stdlog.Fatalf("no")
	os.Exit(1)
	syscall.Exit(1)
	stdlog.Panicln()
	end := os.Exit
	end(2)
}
