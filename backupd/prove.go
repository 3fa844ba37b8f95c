package backupd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// Prove begins to prove a backup by a restore, and returns at once. Without an ID it is the newest
// backup of the cluster whose chain is whole.
func (e *Engine) Prove(ctx context.Context, cluster, id, by string) (Run, error) {
	c, kind, err := e.find(cluster)
	if err != nil {
		return Run{}, err
	}
	entries, err := e.Catalogue.Entries(ctx, cluster)
	if err != nil {
		return Run{}, err
	}
	if id == "" {
		if id, err = newestWhole(entries); err != nil {
			return Run{}, fmt.Errorf("cluster %s: %w", cluster, err)
		}
	}
	if methodOf(id) == Binlog {
		return Run{}, fmt.Errorf("an archived binary log is proven by a restore to a point in time: %w", ErrNotByHand)
	}
	if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Manifest.ID == id }) {
		return Run{}, fmt.Errorf("cluster %s has no backup %.60q; kagu backup list %[1]s shows what it has: %[3]w", cluster, id, store.ErrNotFound)
	}
	return e.begin(ctx, c, Run{Cluster: cluster, What: Proving, Backup: id, By: by}, func(ctx context.Context, j *job) (Outcome, error) {
		return e.prove(ctx, j, kind, entries, id, by)
	})
}

// newestWhole returns the newest backup that could be restored.
func newestWhole(entries []Entry) (string, error) {
	for _, e := range slices.Backward(entries) {
		if _, err := Chain(entries, e.Manifest.ID); err == nil {
			return e.Manifest.ID, nil
		}
	}
	return "", fmt.Errorf("there is no backup whose chain is whole: %w", store.ErrNotFound)
}

func (e *Engine) prove(ctx context.Context, j *job, kind Kind, entries []Entry, id, by string) (Outcome, error) {
	scratch := e.Fleet().Backup.Scratch
	if err := mayScratch(ctx, e.Fleet(), scratch); err != nil {
		return Outcome{}, err
	}
	v, err := e.Vault(j.cluster.Backup.Store)
	if err != nil {
		return Outcome{}, err
	}
	r := Record{Format: Format, Cluster: j.cluster.Name, Backup: id, Look: Proven, By: by, Begun: e.now().UTC()}
	p := Proof{
		Cluster: j.cluster, Scratch: scratch, Tell: func(stage, detail string) { j.tell(ctx, stage, detail) },
		Looked: func(done, of int, unit string) { j.far(int64(done), int64(of), unit) },
	}
	p.Links, err = v.Links(ctx, entries, id)
	var m *Manifest
	if err == nil {
		j.follow(p.Links)
		m = &p.Links[len(p.Links)-1].Manifest
		for _, l := range p.Links {
			r.Chain = append(r.Chain, l.Manifest.ID)
		}
		var evidence Evidence
		if p.Dir, err = scratchDir(scratch.Dir, j.cluster.Name); err == nil {
			evidence, err = kind.Prove(ctx, p)
			err = errors.Join(err, os.RemoveAll(p.Dir))
		}
		if err == nil {
			r.Evidence, r.Good, r.Said = &evidence, evidence.Good(), evidence.String()
		}
	}
	if err != nil {
		// A backup that is damaged, or whose chain is, was found to be bad. That a proof could not
		// be carried out says nothing about the backup.
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrBroken) {
			return Outcome{Manifest: m}, fmt.Errorf("prove %s: %w", id, err)
		}
		r.Said = err.Error()
	}
	r.Ended = e.now().UTC()
	j.tell(ctx, "keep", "")
	o := Outcome{Manifest: m, Records: []Record{r}}
	if errors.Is(err, ErrDamaged) {
		o.Records = append(o.Records, e.blame(ctx, v, j.cluster.Name, r.Chain, id)...)
	}
	if err := e.keep(ctx, v, r); err != nil {
		return o, err
	}
	for _, to := range j.cluster.Backup.Copies { // a copy without its proofs is still a copy
		if err := e.copyRecord(ctx, to, r); err != nil {
			e.Log.WarnContext(ctx, "the proof was not copied", "cluster", r.Cluster, "backup", id, "store", to.Name, "err", err)
		}
	}
	if !r.Good {
		return o, fmt.Errorf("backup %s is not good: %s", id, r.Said)
	}
	return o, nil
}

// fetching is the stage of a proof that reads the backup; see Evidence.
const fetching = "fetch"

// follow lets a run tell how much of a chain was fetched.
func (j *job) follow(links []Link) {
	var of int64
	for _, l := range links {
		of += l.Manifest.Plain()
	}
	var mu sync.Mutex
	var fetched int64
	for _, l := range links {
		if r, ok := l.Source.(*Reader); ok {
			r.Progress = func(plain, _ int) {
				mu.Lock()
				defer mu.Unlock()
				if fetched += int64(plain); j.now().Stage == fetching { // elsewhere a little is read by the way
					j.far(fetched, of, "bytes")
				}
			}
		}
	}
}

// blame looks at every other backup of a chain that turned out damaged: what is damaged in the
// middle spoils all that build on it, and must not be built on again.
func (e *Engine) blame(ctx context.Context, v Vault, cluster string, chain []string, but string) []Record {
	var found []Record
	for _, id := range chain {
		if id == but {
			continue
		}
		m, err := v.Load(ctx, cluster, id)
		if err == nil {
			var r Record
			if r, err = e.look(ctx, v, m, "after a failed proof"); r.Backup != "" {
				found = append(found, r)
			}
		}
		if err != nil {
			e.Log.WarnContext(ctx, "looked at a chain that failed its proof", "cluster", cluster, "backup", id, "err", err)
		}
	}
	return found
}

func (e *Engine) copyRecord(ctx context.Context, to inventory.BackupStore, r Record) error {
	v, err := e.Vault(to)
	if err != nil {
		return err
	}
	return v.SaveRecord(ctx, r)
}

// Links returns the chain of a backup with its streams.
func (v Vault) Links(ctx context.Context, entries []Entry, id string) ([]Link, error) {
	chain, err := Chain(entries, id)
	if err != nil {
		return nil, err
	}
	var links []Link
	for _, c := range chain {
		m, err := v.Load(ctx, c.Manifest.Cluster, c.Manifest.ID)
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("%w: %w", ErrBroken, err)
		}
		if err != nil {
			return nil, err
		}
		if !v.CanOpen(m) {
			return nil, fmt.Errorf("%w: it was encrypted for %v; name the file of one of their keys under backup.identity_files", ErrNoKey, m.Sealing.Recipients)
		}
		links = append(links, Link{Manifest: m, Source: v.Source(m)})
	}
	return links, nil
}

// String sums the checks up: how many were good, or what was not.
func (e Evidence) String() string {
	var bad []string
	for _, c := range e.Checks {
		if !c.Good {
			bad = append(bad, c.Name+": "+c.Said)
		}
	}
	switch {
	case len(e.Checks) == 0:
		return "nothing was looked at"
	case len(bad) > 0:
		return strings.Join(bad, "; ")
	}
	var seconds float64
	for _, s := range e.Seconds {
		seconds += s
	}
	return fmt.Sprintf("restored in %.1f s, all %d checks good", seconds, len(e.Checks))
}

// scratchDir makes an empty folder for one proof. What an earlier one of the cluster left is the
// Kind's to find: a server may still run in it.
func scratchDir(parent, cluster string) (string, error) {
	if err := os.MkdirAll(parent, 0o711); err != nil {
		return "", fmt.Errorf("make the scratch folder: %w; backup.scratch.dir of kagu.yaml names it", err)
	}
	dir, err := os.MkdirTemp(parent, "proof-"+cluster+"-")
	if err == nil {
		err = os.Chmod(dir, 0o711) // a server of another account passes through, and sees nothing but its own
	}
	if err != nil {
		return "", fmt.Errorf("make the scratch folder: %w; backup.scratch.dir of kagu.yaml names it", err)
	}
	return filepath.Clean(dir), nil
}

// mayScratch refuses a host that runs a database of the fleet, unless that is allowed: a restore
// takes the disk and the memory that the database needs.
func mayScratch(ctx context.Context, f *inventory.Fleet, s inventory.Scratch) error {
	if s.OnDatabase {
		return nil
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("whether this host runs a database is not known: %w", err)
	}
	for _, c := range f.Clusters {
		for _, n := range c.All() {
			ip := net.ParseIP(n.Host.Address)
			if ip == nil { // a name: what it means is asked of the resolver
				found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", n.Host.Address)
				if err != nil || len(found) == 0 {
					return fmt.Errorf("whether this host is %s of %s is not known: %w", n.Name, c.Name, err)
				}
				ip = found[0].AsSlice()
			}
			for _, a := range addresses {
				if own, ok := a.(*net.IPNet); ok && (own.IP.Equal(ip) || own.IP.IsLoopback() && own.Contains(ip)) {
					return fmt.Errorf("this host runs %s of %s: prove backups elsewhere, or write backup: {scratch: {on_database_host: true}} in kagu.yaml", n.Name, c.Name)
				}
			}
		}
	}
	return nil
}
