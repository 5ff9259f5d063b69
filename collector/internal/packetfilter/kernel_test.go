package packetfilter

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// inNetNS moves the test's thread into a network name space of its own, in which programs it starts stay.
func inNetNS(t *testing.T, program string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network name space")
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s", program)
	}
	runtime.LockOSThread() // never unlocked: the thread dies with the goroutine
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("needs unshare(CLONE_NEWNET): %v", err)
	}
}

func run(t *testing.T, input, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "not supported") || strings.Contains(string(out), "Could not process rule: No such file") {
			t.Skipf("needs a kernel that can: %s", out)
		}
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func ifname(index uint32) string {
	i, err := net.InterfaceByIndex(int(index))
	if err != nil {
		return fmt.Sprint(index)
	}
	return i.Name
}

// TestKernelPolicy loads each script with nft and compares what the kernel then says with what the script says.
func TestKernelPolicy(t *testing.T) {
	for _, tt := range scripts {
		t.Run(tt.name, func(t *testing.T) {
			inNetNS(t, "nft")
			run(t, tt.text, "nft", "-f", "-")
			rs, err := Load(ifname)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, rs.Policy(tt.iif)); diff != "" {
				t.Errorf("policy (-script +kernel):\n%s", diff)
			}
		})
	}
}

// TestKernelSave does the same with rules of iptables, in both of its kernel forms.
func TestKernelSave(t *testing.T) {
	const text = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:door - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m multiport --dports 80,443,6000:6010 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the door" -j door
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 5432 -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A INPUT -m addrtype --dst-type MULTICAST -j DROP
-A INPUT -m limit --limit 3/min -j LOG --log-prefix "x "
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
-A door -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 9/sec -j ACCEPT
COMMIT
`
	for _, program := range []string{"iptables-nft-restore", "iptables-legacy-restore"} {
		t.Run(program, func(t *testing.T) {
			inNetNS(t, program)
			run(t, text, program)
			rs, err := Load(ifname)
			if err != nil {
				t.Fatal(err)
			}
			if program == "iptables-legacy-restore" {
				if err := LoadLegacy(rs); err != nil {
					t.Fatal(err)
				}
			}
			want, got := ParseSave(text, false).Policy("eth0"), rs.Policy("eth0")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("policy (-text +kernel):\n%s", diff)
			}
			if want.IPv4 != "reject" || want.IPv6 != "accept" {
				t.Errorf("text = %+v", want)
			}
		})
	}
}
