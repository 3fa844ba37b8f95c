package backupd

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

func signer(t testing.TB) (Signer, Trust) {
	t.Helper()
	private, public, err := NewSigningKey("kagu")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := NewTrust(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, trust
}

// kept returns a store that holds one small backup of two streams, and the keys to it.
func kept(t testing.TB, st *memory) (Vault, Manifest) {
	t.Helper()
	id := identity(t)
	s, trust := signer(t)
	v := Vault{Store: st, Keys: Keys{Recipients: []age.Recipient{id.Recipient()}, Identities: []age.Identity{id}, Signer: &s, Trust: trust}}
	m, err := seal(t, st, SealOptions{Recipients: v.Keys.Recipients}, map[string][]byte{"a": some(1, 3000), "b": some(2, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Save(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return v, m
}

func TestAVaultListsWhatItKeeps(t *testing.T) {
	st := newMemory()
	v, m := kept(t, st)
	st.objects["manifests/backoffice/README"] = []byte("somebody's note")
	list, err := v.List(t.Context(), "")
	if err != nil || len(list) != 1 || list[0].Err != nil || list[0].Manifest.ID != m.ID {
		t.Fatalf("%+v, %v", list, err)
	}
	if opened, err := v.Check(t.Context(), list[0].Manifest, nil); err != nil || !opened {
		t.Errorf("check: %t %v", opened, err)
	}
}

func TestAManifestCountsOnlyUnderItsOwnNameAndSignature(t *testing.T) {
	st := newMemory()
	v, m := kept(t, st)
	name := manifestOf(m.Cluster, m.ID)
	other := NewID(Physical, m.Begun.Add(time.Second))
	_, stranger := signer(t)

	st.objects[manifestOf(m.Cluster, other)] = st.objects[name]
	if _, err := v.Load(t.Context(), m.Cluster, other); !errors.Is(err, ErrDamaged) {
		t.Errorf("under another ID: %v", err)
	}
	st.objects[manifestOf("frontoffice", m.ID)] = st.objects[name]
	if _, err := v.Load(t.Context(), "frontoffice", m.ID); !errors.Is(err, ErrDamaged) {
		t.Errorf("under another cluster: %v", err)
	}
	if _, err := (Vault{Store: st, Keys: Keys{Trust: stranger}}).Load(t.Context(), m.Cluster, m.ID); !errors.Is(err, ErrSignature) {
		t.Errorf("with another's key: %v", err)
	}
	if _, err := (Vault{Store: st}).Load(t.Context(), m.Cluster, m.ID); !errors.Is(err, ErrSignature) {
		t.Errorf("with no trusted key: %v", err)
	}
	for _, id := range []string{"../../etc/passwd", "", "x"} {
		if _, err := v.Load(t.Context(), m.Cluster, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// accepts reports whether a backup passes for good: it is listed, and every byte is read.
func accepts(t *testing.T, v Vault, m Manifest) error {
	t.Helper()
	found, err := v.Load(t.Context(), m.Cluster, m.ID)
	if err != nil {
		return err
	}
	_, err = v.Check(t.Context(), found, nil)
	return err
}

// Whatever happens to the objects of a backup, it is known: no damaged one is taken for good.
func TestNoDamagedBackupIsAccepted(t *testing.T) {
	const cases = 5200
	st := newMemory()
	v, m := kept(t, st)
	sealedOnly := v
	sealedOnly.Keys.Identities = nil
	_, second := keptWith(t, st, v)
	good := maps.Clone(st.objects)
	var ours []string
	for name := range good {
		if strings.Contains(name, m.ID) {
			ours = append(ours, name)
		}
	}
	slices.Sort(ours)
	if err := accepts(t, v, m); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]int{}
	for n := range cases {
		st.objects = maps.Clone(good)
		what := damage(r, st, ours, second)
		kinds[strings.Fields(what)[0]]++
		for how, v := range map[string]Vault{"opened": v, "sealed": sealedOnly} {
			err := accepts(t, v, m)
			if err == nil {
				t.Fatalf("case %d, %s, %s: accepted", n, what, how)
			}
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("case %d, %s, %s: %v", n, what, how, err)
			}
		}
	}
	t.Logf("%d damaged backups, each looked at with and without the key: 0 accepted; %v", cases, kinds)
}

// keptWith adds a second backup of the same keys to a store.
func keptWith(t testing.TB, st *memory, v Vault) (Vault, Manifest) {
	t.Helper()
	m, err := seal(t, st, SealOptions{Recipients: v.Keys.Recipients}, map[string][]byte{"a": some(3, 3000), "b": some(4, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Save(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return v, m
}

// damage does one thing to one object and says what.
func damage(r *rand.Rand, st *memory, names []string, other Manifest) string {
	name := names[r.IntN(len(names))]
	content := bytes.Clone(st.objects[name])
	switch r.IntN(6) {
	case 0:
		bit := r.IntN(8 * len(content))
		content[bit/8] ^= 1 << (bit % 8)
		st.objects[name] = content
		return fmt.Sprintf("flip bit %d of %s", bit, name)
	case 1:
		n := r.IntN(len(content))
		st.objects[name] = content[:n]
		return fmt.Sprintf("truncate %s to %d bytes", name, n)
	case 2:
		st.objects[name] = append(content, byte(r.IntN(256)))
		return "append a byte to " + name
	case 3:
		delete(st.objects, name)
		return "delete " + name
	case 4:
		swap := names[r.IntN(len(names))]
		for swap == name {
			swap = names[r.IntN(len(names))]
		}
		st.objects[name], st.objects[swap] = st.objects[swap], content
		return "swap " + name + " and " + swap
	default:
		_, id, _, _ := belongs(name[:strings.Index(name, "/")+1], name)
		st.objects[name] = st.objects[strings.Replace(name, id, other.ID, 1)]
		return "replace " + name + " by that of another backup"
	}
}

func TestARecordIsKeptBesideItsBackup(t *testing.T) {
	st := newMemory()
	v, m := kept(t, st)
	want := Record{
		Format: Format, Cluster: m.Cluster, Backup: m.ID, Chain: []string{m.ID}, Look: Proven, By: "schedule", Begun: m.Ended, Ended: m.Ended.Add(time.Minute),
		Good: true, Said: "restored", Evidence: &Evidence{Server: "10.11", Checks: []Check{{Name: "tables are there", Good: true}}},
	}
	if err := v.SaveRecord(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := v.Records(t.Context(), m.Cluster, m.ID)
	if err != nil || len(got) != 1 || !got[0].Good || got[0].Evidence.Checks[0].Name != "tables are there" {
		t.Fatalf("%+v %v", got, err)
	}
	for name, content := range st.objects {
		if strings.HasPrefix(name, proofsFolder) {
			st.objects[name] = bytes.Replace(content, []byte(`"good":true,"said"`), []byte(`"good":trve,"said"`), 1)
			st.objects[strings.Replace(name, m.ID, NewID(Physical, m.Begun), 1)] = content
		}
	}
	if got, err := v.Records(t.Context(), m.Cluster, m.ID); len(got) != 0 || !errors.Is(err, ErrDamaged) {
		t.Errorf("a changed record: %+v %v", got, err)
	}
}

func TestKeysOfKaguYaml(t *testing.T) {
	private, public, err := NewSigningKey("kagu")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := PublicKey(private); err != nil || got != public {
		t.Errorf("public key %q, %v; want %q", got, err, public)
	}
	id, recipient, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewKeys(inventory.Backupd{
		Recipients: []string{recipient}, SigningKey: inventory.NewSecret(private),
		Identities: []inventory.Secret{inventory.NewSecret("# created: today\n" + id + "\n")},
	})
	if err != nil || k.Signer == nil || len(k.Recipients) != 1 || len(k.Identities) != 1 {
		t.Fatalf("%+v %v", k, err)
	}
	// The signing key's own public key may be listed too.
	k, err = NewKeys(inventory.Backupd{SigningKey: inventory.NewSecret(private), Trusted: []string{public}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.Signer.Sign(Record{Backup: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := k.Trust.Open(text, &r); err != nil || r.Backup != "x" {
		t.Errorf("a key that is trusted twice: %v", err)
	}
	// What is wrong is told without the key.
	_, err = NewKeys(inventory.Backupd{
		SigningKey: inventory.NewSecret(strings.ToLower(private)), Identities: []inventory.Secret{inventory.NewSecret(strings.ToLower(id) + "x")},
		Recipients: []string{"age1nonsense"}, Trusted: []string{"nonsense"},
	})
	for _, want := range []string{"backup.signing_key_file", "backup.identity_files[0]", "backup.recipients", "nonsense"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
	if err != nil && (strings.Contains(err.Error(), strings.ToLower(id)) || strings.Contains(err.Error(), strings.ToLower(private))) {
		t.Error("the error holds a secret")
	}
}

func FuzzManifest(f *testing.F) {
	st := newMemory()
	v, m := kept(f, st)
	f.Add(st.objects[manifestOf(m.Cluster, m.ID)])
	f.Add([]byte("{}\n\n— kagu c3R1ZmY=\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got Manifest
		if err := v.Keys.Trust.Open(text, &got); err == nil && got.ID != m.ID {
			t.Errorf("a document that nobody signed was opened: %+v", got)
		}
		_ = got.Valid()
	})
}
