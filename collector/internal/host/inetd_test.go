package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestXinetdServices(t *testing.T) {
	got := xinetdServices([]byte(`# comment
defaults
{
	log_type = SYSLOG daemon
}
service telnet
{
	disable = no
	server = /usr/sbin/in.telnetd
}
service tftp {
	disable	= yes
}
service echo
{
	type = INTERNAL
}
service unfinished
{
`))
	if diff := cmp.Diff([]string{"telnet", "echo"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzXinetd(f *testing.F) {
	f.Add([]byte("service a\n{\n disable = no\n}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(xinetdServices(b)); n > 256 {
			t.Errorf("%d services kept", n)
		}
	})
}
