package host

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectMail finds the mail transfer agent and reads what it accepts from the network.
func collectMail(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	m := &facts.Mail{}
	doc.Mail = m
	var r reading
	switch {
	case hasPackage(doc, "postfix") || env.hasProgram("postfix"):
		m.Name = "postfix"
		if b, ok := r.file(env, "/etc/postfix/main.cf"); ok {
			postfix(b, m)
		}
	case hasPackage(doc, "exim4-daemon-light", "exim4-daemon-heavy", "exim") || env.hasProgram("exim4", "exim"):
		m.Name = "exim"
		if b, ok := r.file(env, "/etc/exim4/update-exim4.conf.conf"); ok {
			eximDebian(b, m)
		}
	case hasPackage(doc, "sendmail", "sendmail-bin"):
		m.Name = "sendmail"
	case hasPackage(doc, "opensmtpd") || env.hasProgram("smtpd"):
		m.Name = "opensmtpd"
	case hasPackage(doc, "msmtp", "ssmtp", "nullmailer", "dma"):
		m.Name = "msmtp" // sends only
		m.LoopbackOnly, m.OpenRelay = ptr(true), ptr(false)
	}
	if m.Name != "" && m.LoopbackOnly != nil {
		if live := exposed(doc, "master", "exim4", "exim", "sendmail", "smtpd"); live != nil && *live == *m.LoopbackOnly {
			doc.Drift = append(doc.Drift, facts.Drift{Family: "mail", Subject: m.Name + " loopback only", Persisted: yesNo(*m.LoopbackOnly), Live: yesNo(!*live)})
		}
	}
	return r.status()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// postfixDefaults are postconf(5)'s defaults of what we read (Postfix 3.x with compatibility_level 2 and later).
var postfixDefaults = map[string]string{
	"inet_interfaces":          "all",
	"mynetworks_style":         "host",
	"smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination",
	"smtpd_tls_security_level": "",
	"smtp_tls_security_level":  "",
}

var postfixVariable = regexp.MustCompile(`\$\{?([a-z0-9_]+)\}?`)

// postfix reads main.cf: "name = value", a line that begins with a blank continues the last, the last value wins.
func postfix(b []byte, m *facts.Mail) {
	set, last := map[string]string{}, ""
	for _, line := range lines(b) {
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last != "" && len(set[last]) < 1<<16 {
				set[last] += " " + strings.TrimSpace(line)
			}
			continue
		}
		if k, v, ok := strings.Cut(line, "="); ok && len(set) < 4096 {
			last = strings.TrimSpace(k)
			set[last] = strings.TrimSpace(v)
		}
	}
	value := func(name string) string {
		v, ok := set[name]
		if !ok {
			v = postfixDefaults[name]
		}
		for range 4 { // variables may name variables; deeper nesting is left as it stands
			v = postfixVariable.ReplaceAllStringFunc(v, func(ref string) string {
				return set[postfixVariable.FindStringSubmatch(ref)[1]]
			})
		}
		return v
	}
	m.Settings = map[string]string{}
	for _, k := range []string{"inet_interfaces", "mynetworks", "mynetworks_style", "smtpd_relay_restrictions", "smtpd_recipient_restrictions",
		"smtpd_tls_security_level", "smtp_tls_security_level", "relay_domains", "mydestination", "compatibility_level"} {
		if _, ok := set[k]; ok || postfixDefaults[k] != "" {
			m.Settings[k] = value(k)
		}
	}
	m.LoopbackOnly = ptr(allLoopback(words(value("inet_interfaces"))))
	m.OpenRelay = ptr(postfixRelays(value("mynetworks"), value("smtpd_relay_restrictions"), value("smtpd_recipient_restrictions")))
	m.TLS = strings.ToLower(value("smtpd_tls_security_level"))
	if m.TLS == "" {
		m.TLS = "none"
		if strings.EqualFold(set["smtpd_use_tls"], "yes") {
			m.TLS = "may"
		}
		if strings.EqualFold(set["smtpd_enforce_tls"], "yes") {
			m.TLS = "encrypt"
		}
	}
}

// words splits a list on commas and blanks.
func words(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' })
}

func allLoopback(names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !loopbackName(n) })
}

// postfixRelays tells whether strangers may relay: mynetworks holds the whole address space, or neither list of
// restrictions refuses foreign destinations.
func postfixRelays(mynetworks, relay, recipient string) bool {
	for _, n := range words(mynetworks) {
		if p, err := netip.ParsePrefix(strings.Trim(n, "[]")); err == nil && p.Bits() == 0 {
			return true
		}
	}
	refuses := func(list string) bool {
		return slices.ContainsFunc(words(list), func(w string) bool {
			return w == "reject_unauth_destination" || w == "defer_unauth_destination" || w == "reject" || w == "defer"
		})
	}
	permits := func(list string) bool {
		w := words(list)
		open := slices.Index(w, "permit")
		shut := slices.IndexFunc(w, func(s string) bool {
			return strings.HasSuffix(s, "_unauth_destination") || s == "reject" || s == "defer"
		})
		return open >= 0 && (shut < 0 || open < shut)
	}
	if permits(relay) && permits(recipient) {
		return true
	}
	return !refuses(relay) && !refuses(recipient)
}

// eximDebian reads the answers Debian keeps for exim's configuration.
func eximDebian(b []byte, m *facts.Mail) {
	m.Settings = map[string]string{}
	for _, line := range lines(b) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.HasPrefix(k, "dc_") && len(m.Settings) < 64 {
			m.Settings[k] = strings.Trim(strings.TrimSpace(v), `'"`)
		}
	}
	local := strings.FieldsFunc(m.Settings["dc_local_interfaces"], func(c rune) bool { return c == ';' || c == ' ' })
	m.LoopbackOnly = ptr(allLoopback(local))
	relays := false
	for n := range strings.FieldsFuncSeq(m.Settings["dc_relay_nets"], func(c rune) bool { return c == ';' || c == ' ' }) {
		if p, err := netip.ParsePrefix(n); err == nil && p.Bits() == 0 {
			relays = true
		}
	}
	m.OpenRelay = &relays
}
