package ndb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// played is kagu-node on a host of the data nodes.
type played struct {
	old  bool // it cannot follow
	says node.Reply
}

func (p played) Do(context.Context, inventory.Host, node.Request) (node.Reply, error) {
	return p.says, nil
}

func (p played) Follow(_ context.Context, host inventory.Host, r node.Request, complete <-chan struct{}, w io.Writer) (node.Reply, error) {
	if p.old {
		return node.Reply{}, fmt.Errorf("ask %s: %w", host.Name, node.ErrCannotFollow)
	}
	<-complete
	_, err := fmt.Fprintf(w, "%s %d, followed", r.Node, r.BackupID)
	return p.says, err
}

func (p played) Stream(_ context.Context, _ inventory.Host, r node.Request, w io.Writer) (node.Reply, error) {
	_, err := fmt.Fprintf(w, "%s %d, when it was complete", r.Node, r.BackupID)
	return p.says, err
}

func TestAPartIsCollected(t *testing.T) {
	done := node.Reply{Done: true, Stream: &node.Stream{Files: []node.File{{Name: "BACKUP-7.11.ctl", Size: 4}}, Notes: []string{"BACKUP-7.11.log was sent anew in whole"}}}
	files := []File{{"BACKUP-7.11.ctl", 4}}
	for _, c := range []struct {
		name string
		host played
		came string
		want Part
		err  string
	}{
		{name: "while it is written", host: played{says: done}, came: "d1 7, followed", want: Part{files, []string{"BACKUP-7.11.log was sent anew in whole"}}},
		{name: "afterwards by a kagu-node that is older, and a note says so", host: played{old: true, says: done}, came: "d1 7, when it was complete", want: Part{files, []string{
			"the part of d1 was collected after the backup, not beside it: kagu-node on db1 is older than backupd, install the same release", "BACKUP-7.11.log was sent anew in whole",
		}}},
		{name: "not, if it is refused", host: played{says: node.Reply{Refused: "d1 is no data node"}}, came: "d1 7, followed", err: "d1 is no data node"},
		{name: "not, if it failed on its way", host: played{says: node.Reply{Error: "a file was removed"}}, came: "d1 7, followed", err: "a file was removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			complete := make(chan struct{})
			close(complete)
			var w bytes.Buffer
			part, err := Nodes{Client: c.host}.Collect(t.Context(), "voip", inventory.Node{Name: "d1", Host: inventory.Host{Name: "db1"}}, 7, complete, &w)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v", err)
			}
			if w.String() != c.came {
				t.Errorf("%q came", &w)
			}
			if diff := cmp.Diff(c.want, part); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("an older kagu-node is not asked before the backup is complete", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		aborted := errors.New("aborted")
		cancel(aborted)
		var w bytes.Buffer
		_, err := Nodes{Client: played{old: true, says: done}}.Collect(ctx, "voip", inventory.Node{Name: "d1"}, 7, nil, &w)
		if !errors.Is(err, aborted) || w.Len() > 0 {
			t.Errorf("%q, %v", &w, err)
		}
	})
}
