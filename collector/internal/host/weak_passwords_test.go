package host

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	hashOfAdmin = "$1$saltSALT$urQ1LbUcXKiqVSKz1jskc1"
	hashOfOther = "$1$saltSALT$9Tfw1ZuUrDD55K2FPk51d/"
)

func TestWeakPasswords(t *testing.T) {
	env := testEnv(t, `
-- etc/passwd --
root:x:0:0::/root:/bin/sh
good:x:1000:1000::/:/bin/sh
costly:x:1001:1001::/:/bin/sh
service:x:1002:1002::/:/usr/sbin/nologin
-- etc/shadow 0600 --
root:`+hashOfAdmin+`:1::::::
good:`+hashOfOther+`:1::::::
costly:$y$j9T$salt$hash:1::::::
service:`+hashOfAdmin+`:1::::::
`, false)
	doc, _ := collect(t, env, "accounts")
	type state struct{ weak, tested bool }
	want := map[string]state{"root": {true, true}, "good": {false, true}, "costly": {}, "service": {}}
	for _, u := range doc.Accounts.Users {
		if got := (state{u.Password.WeakDefault, u.Password.WeakTested}); got != want[u.Name] {
			t.Errorf("%s: %+v, want %+v", u.Name, got, want[u.Name])
		}
	}
}

// TestWeakPasswordsGoOn has more hashes than one collection tries: with a state directory all are tried in the end, and
// no hash stands in what is remembered.
func TestWeakPasswordsGoOn(t *testing.T) {
	var passwd, shadow strings.Builder
	for i := range 2*maxWeakTests + 1 {
		fmt.Fprintf(&passwd, "u%d:x:%d:100::/:/bin/sh\n", i, 1000+i)
		fmt.Fprintf(&shadow, "u%d:%s:1::::::\n", i, hashOfAdmin)
	}
	env := testEnv(t, "-- etc/passwd --\n"+passwd.String()+"-- etc/shadow --\n"+shadow.String(), false)
	env.StateDir = t.TempDir()
	tested := func() int {
		n := 0
		doc, st := collect(t, env, "accounts")
		if st.State != facts.StateOK {
			t.Errorf("status = %+v", st)
		}
		for _, u := range doc.Accounts.Users {
			if u.Password.WeakTested && u.Password.WeakDefault {
				n++
			}
		}
		return n
	}
	for i, want := range []int{maxWeakTests, 2 * maxWeakTests, 2*maxWeakTests + 1, 2*maxWeakTests + 1} {
		if got := tested(); got != want {
			t.Errorf("after %d collections %d users are tested, want %d", i+1, got, want)
		}
	}
	b, err := os.ReadFile(env.StateDir + "/passwords.json")
	if err != nil || strings.Contains(string(b), "$1$") || strings.Contains(string(b), "u0") {
		t.Errorf("remembered: %s, %v", b, err)
	}
}
