package store_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

// policies: each role can do what it should and is refused the rest, by a server that enforces it.
func policies(t *testing.T, server *s3test.Server) {
	for _, c := range []struct {
		role store.Role
		lock bool
		can  string
	}{
		{store.Keeper, false, "delete get list put stat"},
		{store.Writer, false, "get list put stat"},
		{store.Reader, false, "get list stat"},
		{store.Keeper, true, "delete get list put stat"},
		{store.Writer, true, "get list put stat"},
		{store.Reader, true, "get list stat"},
	} {
		name := string(c.role)
		if c.lock {
			name += "-lock"
		}
		t.Run(name, func(t *testing.T) {
			owner := server.Bucket("policy-"+name, c.lock)
			access, secret := server.Account()
			config := server.Config(owner.Bucket, access, secret)
			config.Prefix = "noumea"
			old(t, config)
			server.Allow(t, store.S3Policy(c.role, access, owner.Bucket, "noumea", c.lock), owner.Bucket)
			owner = server.Root(owner.Bucket)
			owner.Prefix = "noumea"
			st, everything := open(t, config), open(t, owner)
			if c.lock {
				config.Lock = 24 * time.Hour
				st = open(t, config)
			}
			can := map[string]bool{}
			for _, o := range operations {
				object := "a/" + o.name
				if o.there {
					if err := storetest.Put(t.Context(), everything, object, []byte("x")); err != nil {
						t.Fatal(err)
					}
				}
				err := o.do(t.Context(), st, object, []byte("x"))
				can[o.name] = err == nil
				if err != nil && !errors.Is(err, store.ErrDenied) {
					t.Errorf("%s: %v", o.name, err)
				}
			}
			maps.DeleteFunc(can, func(_ string, can bool) bool { return !can })
			if got := strings.Join(slices.Sorted(maps.Keys(can)), " "); got != c.can {
				t.Errorf("it can %s, want %s", got, c.can)
			}
			if err := storetest.Put(t.Context(), st, store.Holds+"a", []byte("x")); err != nil {
				t.Errorf("say what is read: %v", err)
			}
			config.Prefix = "elsewhere"
			if err := storetest.Put(t.Context(), open(t, config), "a", []byte("x")); !errors.Is(err, store.ErrDenied) {
				t.Errorf("below another prefix: got %v, want ErrDenied", err)
			}
		})
	}
}

// unenforced are actions that this server does not ask for. AWS tells the time of a lock only to who
// has the first; without the second a missing lock is told by the first object that is refused.
var unenforced = []string{"s3:GetObjectRetention", "s3:GetBucketObjectLockConfiguration"}

// least: without any one of its actions the keeper cannot do its work.
func least(t *testing.T, server *s3test.Server) {
	owner := server.Bucket("least", true)
	access, secret := server.Account()
	config := server.Config(owner.Bucket, access, secret)
	config.Lock = 24 * time.Hour
	old(t, config)
	everything := open(t, server.Root(owner.Bucket))
	work := func(round string) error {
		st := open(t, config)
		for _, o := range operations {
			object := round + "/" + o.name
			if o.there {
				if err := storetest.Put(t.Context(), everything, object, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			if err := o.do(t.Context(), st, object, []byte("x")); err != nil {
				return err
			}
		}
		if err := st.Delete(t.Context(), round+"/put"); !errors.Is(err, store.ErrLocked) {
			return err
		}
		return nil
	}
	whole := store.S3Policy(store.Keeper, access, owner.Bucket, "", true)
	server.Allow(t, whole, owner.Bucket)
	if err := work("whole"); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(whole), &parsed); err != nil {
		t.Fatal(err)
	}
	for _, s := range parsed.Statement {
		all := s["Action"].([]any)
		for i, action := range all {
			s["Action"] = slices.Delete(slices.Clone(all), i, i+1)
			less, err := json.Marshal(parsed)
			if err != nil {
				t.Fatal(err)
			}
			server.Allow(t, string(less), owner.Bucket)
			err = work(strings.ReplaceAll(action.(string), ":", "-"))
			if needed := !slices.Contains(unenforced, action.(string)); needed != errors.Is(err, store.ErrDenied) {
				t.Errorf("without %s: got %v, want ErrDenied: %v", action, err, needed)
			}
		}
		s["Action"] = all
	}
}
