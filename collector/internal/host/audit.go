package host

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	auditGet       = 1000
	auditListRules = 1013
	maxAuditRules  = 8192
)

// collectAudit reads the kernel's audit state, and the rules and settings on disk. Without CAP_AUDIT_CONTROL, or in a
// container's name space, the kernel does not answer; what is loaded is then absent.
func collectAudit(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	a := &facts.Audit{Installed: ptr(env.firstExisting("/sbin/auditd", "/usr/sbin/auditd", "/etc/audit/auditd.conf") != "")}
	doc.Audit = a
	if *a.Installed {
		a.DaemonEnabled = env.serviceEnabled("auditd")
	} else {
		a.DaemonEnabled = ptr(false)
	}
	a.RulesConfigured = auditRules(env, &r)
	if b, ok := r.file(env, "/etc/audit/auditd.conf"); ok {
		a.Settings = map[string]string{}
		for k, v := range iniSections(b)[""] {
			a.Settings[k] = v
		}
	}
	if env.Native() {
		if err := askAudit(a); err != nil {
			r.note("kernel audit (netlink)", err.Error())
		}
	}
	if env.Live && a.Enabled != nil && len(a.RulesConfigured) > 0 && a.RulesLoaded != nil && *a.RulesLoaded == 0 {
		doc.Drift = append(doc.Drift, facts.Drift{Family: "audit", Subject: "rules", Persisted: "configured", Live: "none loaded"})
	}
	return r.status()
}

// auditRules returns the rule lines that augenrules would load: those of rules.d where there are any, else of
// audit.rules. Settings lines (-D, -b, -f, -e) count as lines too.
func auditRules(env *Env, r *reading) []string {
	files := env.Glob("/etc/audit/rules.d/*.rules")
	if len(files) == 0 {
		files = []string{"/etc/audit/audit.rules"}
	}
	out := []string{}
	for _, f := range files {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && len(out) < maxAuditRules {
				out = append(out, line)
			}
		}
	}
	return out
}

// askAudit asks the kernel over netlink for the state and for the rules.
func askAudit(a *facts.Audit) error {
	conn, err := netlink.Dial(unix.NETLINK_AUDIT, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	msgs, err := exchange(conn, auditGet)
	if err != nil {
		return err
	}
	for _, m := range msgs {
		if m.Header.Type == auditGet && len(m.Data) >= 32 {
			u := func(i int) uint32 { return binary.NativeEndian.Uint32(m.Data[4*i:]) }
			a.Enabled, a.DaemonPID, a.Lost = ptr(int(u(1))), ptr(int(int32(u(3)))), ptr(uint64(u(6)))
		}
	}
	if a.Enabled == nil {
		return errors.New("no answer")
	}
	msgs, err = exchange(conn, auditListRules)
	if err != nil {
		return err
	}
	n := 0
	for _, m := range msgs {
		if m.Header.Type == auditListRules {
			n++
		}
	}
	a.RulesLoaded = &n
	return nil
}

// exchange sends one request and gathers the answers up to the acknowledgement and the end of a list.
func exchange(conn *netlink.Conn, typ netlink.HeaderType) ([]netlink.Message, error) {
	req, err := conn.Send(netlink.Message{Header: netlink.Header{Type: typ, Flags: netlink.Request | netlink.Acknowledge}})
	if err != nil {
		return nil, err
	}
	var out []netlink.Message
	acked, answered := false, false // the answer comes from a thread of its own, before or after the acknowledgement
	for !acked || !answered {
		msgs, err := conn.Receive() // a list arrives whole, its end taken off
		if err != nil {
			return nil, err
		}
		answered = answered || len(msgs) == 0
		for _, m := range msgs {
			switch {
			case m.Header.Sequence != req.Header.Sequence:
			case m.Header.Type == netlink.Error:
				acked = true
			case m.Header.Type == typ && len(out) < maxAuditRules:
				out, answered = append(out, m), true
			}
		}
	}
	return out, nil
}
