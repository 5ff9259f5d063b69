package host

import (
	"context"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

// tool is how a security tool shows that it is here: a program, a process, the files it renews.
type tool struct {
	name     string
	programs []string
	comms    []string
	database []string // globs; the newest match tells how fresh it is
}

var (
	fimTools = []tool{
		{"aide", []string{"aide"}, nil, []string{"/var/lib/aide/aide.db", "/var/lib/aide/aide.db.gz"}},
		{"tripwire", []string{"tripwire"}, nil, []string{"/var/lib/tripwire/*.twd"}},
		{"samhain", []string{"samhain"}, []string{"samhain"}, []string{"/var/lib/samhain/samhain_file", "/var/state/samhain/samhain_file"}},
		{"wazuh", []string{"/var/ossec/bin/wazuh-syscheckd", "/var/ossec/bin/ossec-syscheckd"}, []string{"wazuh-syscheckd", "ossec-syscheckd"}, []string{"/var/ossec/queue/fim/db/fim.db"}},
	}
	antiMalware = []tool{
		{"clamav", []string{"clamd", "clamscan"}, []string{"clamd"}, []string{"/var/lib/clamav/*.c[vl]d"}},
		{"maldet", []string{"maldet", "/usr/local/maldetect/maldet"}, nil, []string{"/usr/local/maldetect/sigs/*"}},
		// Makers that Ukraine bans are left out on purpose: what they sell is no protection, and is found by its packages.
		{"eset", []string{"/opt/eset/efs/sbin/startd", "/opt/eset/eea/sbin/startd", "/opt/eset/esets/sbin/esets_daemon"}, []string{"startd", "esets_daemon"}, nil},
		{"defender", []string{"/opt/microsoft/mdatp/sbin/wdavdaemon"}, []string{"wdavdaemon"}, []string{"/opt/microsoft/mdatp/definitions.noindex/*"}},
		{"sophos", []string{"/opt/sophos-spl/base/bin/sophos_watchdog", "/opt/sophos-av/sbin/savd"}, []string{"sophos_watchdog", "savd"}, nil},
		{"crowdstrike", []string{"/opt/CrowdStrike/falcon-sensor", "/opt/CrowdStrike/falcon-sensor-bpf"}, []string{"falcon-sensor", "falcon-sensor-b"}, nil},
		{"sentinelone", []string{"/opt/sentinelone/bin/sentinelctl"}, []string{"s1-agent"}, nil},
		{"bitdefender", []string{"/opt/bitdefender-security-tools/bin/bdsecd"}, []string{"bdsecd"}, nil},
		{"trendmicro", []string{"/opt/ds_agent/ds_agent"}, []string{"ds_agent"}, nil},
		{"trellix", []string{"/opt/McAfee/ens/tp/bin/mfetpd"}, []string{"mfetpd"}, nil},
	}
	rootkitTools = []tool{
		{"rkhunter", []string{"rkhunter"}, nil, []string{"/var/lib/rkhunter/db/rkhunter.dat"}},
		{"chkrootkit", []string{"chkrootkit"}, nil, nil},
	}
)

// collectIntegrity finds what is forced into programs, which tools watch the files, and which files differ from their
// packages. The hashes take as many collections as they need; until every file was read once, Verified is false.
func collectIntegrity(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	i := &facts.Integrity{LdPreload: []string{}}
	doc.Integrity = i
	if b, ok := r.file(env, "/etc/ld.so.preload"); ok {
		for _, line := range lines(b) {
			if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" && len(i.LdPreload) < 64 {
				i.LdPreload = append(i.LdPreload, strings.TrimSpace(line))
			}
		}
	} else if len(r.unread) > 0 {
		i.LdPreload = nil
	}
	i.FIM = env.tools(fimTools)
	i.AntiMalware = env.tools(antiMalware)
	i.RootkitTools = env.tools(rootkitTools)
	verifyPackages(ctx, env, doc, i, &r)
	return r.status()
}

// tools lists those of the known tools that are here; an empty list: none is.
func (e *Env) tools(known []tool) []facts.Tool {
	out := []facts.Tool{}
	for _, k := range known {
		found := false
		for _, p := range k.programs {
			found = found || strings.HasPrefix(p, "/") && e.Exists(p) || !strings.HasPrefix(p, "/") && e.hasProgram(p)
		}
		if !found {
			continue
		}
		t := facts.Tool{Name: k.name, Installed: true, DatabaseAt: e.newest(k.database...)}
		if len(k.comms) > 0 {
			t.Running = e.running(k.comms...)
		}
		out = append(out, t)
	}
	return out
}

// newest returns the latest modification time of the files that match; nil when none does.
func (e *Env) newest(globs ...string) *time.Time {
	var at *time.Time
	for _, g := range globs {
		for _, p := range e.Glob(g) {
			if st := e.Stat(p); st.ModifiedAt != nil && (at == nil || st.ModifiedAt.After(*at)) {
				at = st.ModifiedAt
			}
		}
	}
	return at
}
