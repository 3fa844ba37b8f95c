package galera

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/scratch"
)

// pages compares the checksum of every page in the files of InnoDB, before the server starts.
// CHECK TABLE does not read the pages of long texts and blobs.
func (s *spare) pages(ctx context.Context, p backupd.Proof) (backupd.Check, error) {
	c := backupd.Check{Name: "page checksums"}
	var files []string
	err := filepath.WalkDir(dataIn(s.dir), func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		if err == nil && d.Type().IsRegular() && (strings.HasSuffix(name, ".ibd") || strings.HasPrefix(name, "ibdata")) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return c, fmt.Errorf("look for the files of InnoDB: %w", err)
	}
	another := p.Count(len(files), "files")
	var mu sync.Mutex
	var bad []string
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(checkers)
	for _, path := range files {
		g.Go(func() error {
			err := s.run(ctx, s.dir, nil, nil, "innochecksum", path)
			if scratch.Failed(err) && ctx.Err() == nil {
				mu.Lock()
				defer mu.Unlock()
				bad = append(bad, strings.TrimPrefix(path, dataIn(s.dir)+"/"))
				err = nil
			}
			another()
			return err
		})
	}
	err = g.Wait()
	c.Good, c.Said = len(bad) == 0, fmt.Sprintf("%d of %d files are whole", len(files)-len(bad), len(files))+some(", damaged", bad)
	return c, err
}
