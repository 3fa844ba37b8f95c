package node

import (
	"context"
	"io"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// Hosts asks kagu-node with the SSH account that is in force now: a reload of kagu.yaml counts from
// the next verb on.
type Hosts struct{ Account func() inventory.SSH }

func (h Hosts) client() Client { return Client{SSH: sshrun.Runner{Account: h.Account()}} }

// Do is Client's Do.
func (h Hosts) Do(ctx context.Context, host inventory.Host, r Request) (Reply, error) {
	return h.client().Do(ctx, host, r)
}

// Stream is Client's Stream.
func (h Hosts) Stream(ctx context.Context, host inventory.Host, r Request, w io.Writer) (Reply, error) {
	return h.client().Stream(ctx, host, r, w)
}

// Follow is Client's Follow.
func (h Hosts) Follow(ctx context.Context, host inventory.Host, r Request, complete <-chan struct{}, w io.Writer) (Reply, error) {
	return h.client().Follow(ctx, host, r, complete, w)
}

// Upload is Client's Upload.
func (h Hosts) Upload(ctx context.Context, host inventory.Host, r Request, parts ...Part) (Reply, error) {
	return h.client().Upload(ctx, host, r, parts...)
}
