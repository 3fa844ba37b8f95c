package backupd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/time/rate"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// Take begins to take a backup as a job of kagu.yaml says, and returns at once. by says who asked.
func (e *Engine) Take(ctx context.Context, cluster, jobName, by string) (Run, error) {
	c, kind, err := e.find(cluster)
	if err != nil {
		return Run{}, err
	}
	i := slices.IndexFunc(c.Backup.Jobs, func(j inventory.BackupJob) bool { return j.Name == jobName })
	if i < 0 {
		var names []string
		for _, j := range c.Backup.Jobs {
			names = append(names, j.Name)
		}
		return Run{}, fmt.Errorf("cluster %s has no job %.60q in kagu.yaml; it has %s: %w", cluster, jobName, strings.Join(names, ", "), store.ErrNotFound)
	}
	t := Take{Cluster: c, Job: c.Backup.Jobs[i], Method: Method(c.Backup.Jobs[i].Method), Owe: e.owe}
	if t.Method == Binlog {
		return Run{}, fmt.Errorf("job %s of %s archives without end: %w", jobName, cluster, ErrNotByHand)
	}
	return e.begin(ctx, c, Run{Cluster: cluster, Job: jobName, What: Taking, By: by}, func(ctx context.Context, j *job) (Outcome, error) {
		return e.take(ctx, j, kind, t)
	})
}

// take is the whole way of one backup: it stands in one place because its order is its safety.
func (e *Engine) take(ctx context.Context, j *job, kind Kind, t Take) (Outcome, error) {
	v, err := e.signingVault(t.Cluster.Backup.Store)
	if err != nil {
		return Outcome{}, err
	}
	var notes []string
	if t.Method == Incremental {
		entries, err := e.Catalogue.Entries(ctx, t.Cluster.Name)
		if err != nil {
			return Outcome{}, err
		}
		if t.Base, err = base(entries); err != nil {
			t.Method, t.Base = Physical, nil
			notes = append(notes, "a full backup was taken in place of an incremental one: "+err.Error())
		}
	}

	m := e.manifest(t.Cluster, t.Job, t.Method)
	t.ID = m.ID
	j.mu.Lock()
	j.run.Backup = t.ID
	j.mu.Unlock()
	t.Tell = func(stage, detail string) { j.tell(ctx, stage, detail) }
	j.tell(ctx, "take", string(t.Method))
	options := SealOptions{Recipients: v.Keys.Recipients, Progress: j.count}
	if t.Method != Physical && t.Method != Incremental { // those are slowed on the host, which knows what must not wait
		options.Limit = limit(t.Cluster.Backup.Rate)
	}
	sealer, err := NewSealer(ctx, v.Store, t.Cluster.Name, t.ID, options)
	if err != nil {
		return Outcome{}, err
	}
	t.Sink = sealer
	if m.Facts, err = kind.Take(ctx, t); err != nil {
		sealer.Fail(err)
	}
	if m.Streams, err = sealer.Finish(); err != nil { // it says what failed first, in the Kind or in the store
		e.sweep(context.WithoutCancel(ctx), t.Cluster, t.ID)
		return Outcome{}, err
	}

	j.tell(ctx, "manifest", "")
	m.Ended, m.Notes = e.now().UTC(), append(m.Notes, notes...)
	if t.Base != nil {
		m.Base = t.Base.ID
	}
	if err := v.Save(ctx, m); err != nil {
		return Outcome{}, err
	}
	if err := e.Catalogue.Add(ctx, m, t.Cluster.Backup.Store.Name); err != nil {
		return Outcome{Manifest: &m}, err
	}
	return e.after(ctx, j, v, m)
}

// manifest begins the manifest of a backup.
func (e *Engine) manifest(c inventory.Cluster, j inventory.BackupJob, method Method) Manifest {
	begun := e.now().UTC()
	return Manifest{
		Format: Format, ID: NewID(method, begun), Cluster: c.Name, Kind: c.Kind, Method: method, Job: j.Name, Begun: begun, Kagu: e.Version,
		Sealing: e.sealing(),
	}
}

// sealing says how what is stored now is sealed.
func (e *Engine) sealing() Sealing {
	return Sealing{Compression: "zstd", Recipients: recipients(e.Keys())}
}

// signingVault opens a store to keep backups in.
func (e *Engine) signingVault(s inventory.BackupStore) (Vault, error) {
	v, err := e.Vault(s)
	if err == nil && v.Keys.Signer == nil {
		err = errNoSigner
	}
	return v, err
}

// after is what comes when a backup exists: it is read back, and copied to where else it belongs.
func (e *Engine) after(ctx context.Context, j *job, v Vault, m Manifest) (Outcome, error) {
	o := Outcome{Manifest: &m}
	j.tell(ctx, "check", "")
	r, err := e.look(ctx, v, m, "after the upload")
	if r.Backup != "" {
		o.Records = append(o.Records, r)
	}
	if err != nil {
		return o, err
	}
	for _, to := range j.cluster.Backup.Copies {
		j.tell(ctx, "copy", to.Name)
		if err := e.copy(ctx, v, to, m); err != nil {
			return o, fmt.Errorf("copy %s to %s: %w", m.ID, to.Name, err)
		}
	}
	return o, nil
}

// look reads a whole backup and keeps what it found. The error says what is wrong with the backup,
// or why that cannot be told; only in the first case is there a record.
func (e *Engine) look(ctx context.Context, v Vault, m Manifest, by string) (Record, error) {
	r := Record{Format: Format, Cluster: m.Cluster, Backup: m.ID, Look: Sealed, By: by, Begun: e.now().UTC(), Good: true}
	opened, err := v.Check(ctx, m, nil)
	if opened {
		r.Look = Opened
	}
	r.Ended = e.now().UTC()
	switch {
	case err == nil:
		r.Said = fmt.Sprintf("all %d parts are what was stored", m.parts())
	case errors.Is(err, ErrDamaged):
		r.Good, r.Said = false, err.Error()
	default:
		return Record{}, fmt.Errorf("check %s: %w", m.ID, err)
	}
	return r, errors.Join(err, e.keep(ctx, v, r))
}

// keep stores a record beside its backup and in the catalogue.
func (e *Engine) keep(ctx context.Context, v Vault, r Record) error {
	return errors.Join(v.SaveRecord(ctx, r), e.Catalogue.AddRecord(ctx, r))
}

// sums returns the digest of each part by the name of its object.
func (m Manifest) sums() func(name string) (store.Sum, bool) {
	known := map[string]store.Sum{}
	for _, s := range m.Streams {
		for n, p := range s.Parts {
			var sum store.Sum
			if _, err := hex.Decode(sum[:], []byte(p.Sum)); err == nil {
				known[partOf(m.Cluster, m.ID, s.Name, n)] = sum
			}
		}
	}
	return func(name string) (store.Sum, bool) { sum, found := known[name]; return sum, found }
}

func (m Manifest) parts() int {
	n := 0
	for _, s := range m.Streams {
		n += len(s.Parts)
	}
	return n
}

// limit keeps reading to a rate; nil for none. Its burst is one frame, so that the rate holds over
// any second or two.
func limit(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(min(bytesPerSecond, frameSize)))
}

// recipients returns the recipients as a manifest lists them.
func recipients(k Keys) []string {
	var all []string
	for _, r := range k.Recipients {
		all = append(all, fmt.Sprint(r))
	}
	return all
}
