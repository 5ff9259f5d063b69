package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/crypt"
)

// vendorPasswords are what devices, images and installers are delivered with. The user's own name is tried beside them.
var vendorPasswords = []string{
	"admin", "password", "root", "toor", "123456", "12345678", "1234", "changeme", "default", "raspberry", "ubnt", "debian", "vagrant",
}

// maxWeakTests bounds how many hashes one collection tries: some 50 ms of processor time each. With a state directory the
// answers are remembered, and the rest is tried next time.
const maxWeakTests = 4

// weakPasswords remembers which hashes were tried, by a digest of name and hash.
type weakPasswords struct {
	file  string          // "": nothing is remembered
	known map[string]bool // digest → weak
	used  map[string]bool // those of this collection: the others are forgotten
	left  int
	grown bool
}

func loadWeakPasswords(env *Env) *weakPasswords {
	w := &weakPasswords{known: map[string]bool{}, used: map[string]bool{}, left: maxWeakTests}
	if env.StateDir == "" {
		return w
	}
	w.file = filepath.Join(env.StateDir, "passwords.json")
	info, err := os.Stat(w.file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 4<<20 {
		return w
	}
	if b, err := os.ReadFile(w.file); err == nil && json.Unmarshal(b, &w.known) != nil {
		w.known = map[string]bool{}
	}
	return w
}

// test tries the list against the hash of a user who could log in with it.
func (w *weakPasswords) test(u *facts.User, hash string) {
	if u.Password.State != "set" || !u.CanLogin {
		return
	}
	sum := sha256.Sum256([]byte(u.Name + ":" + hash))
	digest := hex.EncodeToString(sum[:16])
	weak, done := w.known[digest]
	if !done {
		if w.left == 0 {
			return
		}
		for _, p := range append([]string{u.Name}, vendorPasswords...) {
			match, ok := crypt.Verify(p, hash)
			if !ok {
				return
			}
			weak = weak || match
		}
		w.left--
		w.known[digest], w.grown = weak, true
	}
	w.used[digest] = weak
	u.Password.WeakDefault, u.Password.WeakTested = weak, true
}

// save remembers the answers of this collection.
func (w *weakPasswords) save() error {
	if w.file == "" || !w.grown && maps.Equal(w.known, w.used) {
		return nil
	}
	b, err := json.Marshal(w.used)
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.file+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(w.file+".new", w.file)
}
