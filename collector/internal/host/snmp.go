package host

import (
	"context"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectSNMP reads net-snmp's snmpd.conf(5). Community strings are looked at and not kept.
func collectSNMP(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	s := &facts.SNMP{Installed: hasPackage(doc, "snmpd", "net-snmp", "snmpd-ssl", "snmpd-nossl", "mini-snmpd") || env.hasProgram("snmpd", "mini_snmpd")}
	doc.SNMP = s
	if !s.Installed {
		return facts.Status{State: facts.StateOK}
	}
	s.Running = env.running("snmpd", "mini_snmpd")
	var r reading
	var text []byte
	for _, f := range append([]string{"/etc/snmp/snmpd.conf", "/usr/share/snmp/snmpd.conf", "/var/lib/snmp/snmpd.conf"}, env.Glob("/etc/snmp/snmpd.conf.d/*.conf")...) {
		if b, ok := r.file(env, f); ok {
			text = append(append(text, b...), '\n')
		}
	}
	if text == nil {
		r.note("/etc/snmp/snmpd.conf", "not found")
		return r.status()
	}
	snmpAccess(text, s)
	return r.status()
}

func snmpAccess(b []byte, s *facts.SNMP) {
	s.V1V2, s.DefaultCommunity, s.Writable = ptr(false), ptr(false), ptr(false)
	var addresses []string
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		community := ""
		switch strings.ToLower(f[0]) {
		case "rocommunity", "rocommunity6":
			community = f[1]
		case "rwcommunity", "rwcommunity6":
			community = f[1]
			s.Writable = ptr(true)
		case "com2sec", "com2sec6":
			if len(f) >= 4 {
				community = f[len(f)-1]
			}
		case "rwuser":
			s.Writable = ptr(true)
		case "agentaddress":
			addresses = append(addresses, strings.FieldsFunc(f[1], func(c rune) bool { return c == ',' })...)
		}
		if community != "" {
			s.V1V2 = ptr(true)
			if slices.Contains([]string{"public", "private"}, strings.Trim(community, `"`)) {
				s.DefaultCommunity = ptr(true)
			}
		}
	}
	local := len(addresses) > 0 // snmpd's own default is all addresses
	for _, a := range addresses {
		for _, scheme := range []string{"udp:", "udp6:", "tcp:", "tcp6:"} {
			a = strings.TrimPrefix(strings.ToLower(a), scheme)
		}
		local = local && loopbackName(a)
	}
	s.LoopbackOnly = &local
}
