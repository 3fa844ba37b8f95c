package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
)

// load brings a logical backup into an empty scratch server.
func (s *spare) load(ctx context.Context, l backupd.Link) error {
	if err := s.feed(ctx, l, streamBefore); err != nil {
		return err
	}
	g, some := errgroup.WithContext(ctx)
	g.SetLimit(lanes)
	for _, stream := range l.Manifest.Streams {
		if strings.HasPrefix(stream.Name, "rows-") {
			g.Go(func() error { return s.feed(some, l, stream.Name) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return s.feed(ctx, l, streamAfter)
}

// feed gives a stream of SQL to the server by the client mariadb.
func (s *spare) feed(ctx context.Context, l backupd.Link, stream string) error {
	in, err := l.Source.Open(ctx, stream)
	if err != nil {
		return err
	}
	err = s.client(ctx, in)
	if err := errors.Join(err, in.Close()); err != nil {
		return fmt.Errorf("load %s of %s: %w", stream, l.Manifest.ID, err)
	}
	return nil
}

// client gives SQL to the server. It stops at the first error.
func (s *spare) client(ctx context.Context, in io.Reader) error {
	return s.run(ctx, s.dir, in, nil, "mariadb", "--no-defaults", "--batch", "--binary-mode", "--default-character-set=utf8mb4",
		"--max-allowed-packet=1G", "--user="+ownUser, "--socket="+socketIn(s.dir))
}
