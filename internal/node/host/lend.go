package host

import (
	"fmt"
	"os"

	"github.com/kagu-db/kagu/internal/inventory"
)

// lend gives a tool our certificate, its key and the authorities as files in memory, and names them as it finds them there:
// it runs as the server's account, to which none of ours belongs, and a key must be nobody else's. The first of the
// files is number first in the tool.
func lend(tls *inventory.TLS, of owner, first int) (lent *inventory.TLS, files []*os.File, err error) {
	if tls == nil {
		return nil, nil, nil
	}
	copied := *tls
	for _, path := range []*string{&copied.CAFile, &copied.CertFile, &copied.KeyFile} {
		if *path == "" {
			continue
		}
		text, err := os.ReadFile(*path)
		var f *os.File
		if err == nil {
			f, err = memoryFile("kagu-tls", text, of)
		}
		if err != nil {
			closeAll(files)
			return nil, nil, fmt.Errorf("lend mariadb-backup what tls names: %w", err)
		}
		*path = fmt.Sprintf("/proc/self/fd/%d", first+len(files))
		files = append(files, f)
	}
	return &copied, files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
