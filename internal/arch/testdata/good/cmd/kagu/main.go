// Command kagu is a specimen.
package main

import (
	"log"
	"os"

	_ "github.com/kagu-db/kagu/exporters"
	_ "github.com/kagu-db/kagu/exporters/galera"
	_ "github.com/kagu-db/kagu/internal/lab"
	_ "github.com/kagu-db/kagu/remediator"
)

func main() {
	log.Fatal("no")
	os.Exit(1)
}
