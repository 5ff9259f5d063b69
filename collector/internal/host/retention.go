package host

import (
	"encoding/binary"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

// systemLogs are the base names of the system's own log files below /var/log.
var systemLogs = []string{"syslog", "messages", "auth.log", "secure", "kern.log", "daemon.log"}

const maxRotationFiles = 1024

// rotation is what logrotate's directives amount to at one place of its files.
type rotation struct {
	days    int // of one turn; 0: not said
	count   int // "rotate"; -1: kept for ever
	maxAge  int // days; 0: none
	bySize  bool
	maxSize bool
}

// logRotations reads how long logrotate keeps each of the system's logs; empty where it is configured for none.
//
// The days are those between the oldest rotated file's first record and now when every turn comes when it is due, and the
// host runs all the time. A log that is rotated by size alone, or also before its turn once it is too large, has none.
func logRotations(env *Env, r *reading) []facts.LogRotation {
	found := map[string]facts.LogRotation{}
	global := rotation{count: 0}
	queue := []string{"/etc/logrotate.conf"}
	for n := 0; n < len(queue) && n < maxRotationFiles; n++ {
		b, ok := r.file(env, queue[n])
		if !ok {
			continue
		}
		rotationBlocks(b, &global, func(dir string) {
			if names := env.Names(dir); names != nil {
				for _, name := range names {
					if !strings.HasPrefix(name, ".") && !hasAnySuffix(name, ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".rpmsave", ".rpmnew", ".rpmorig", ".bak", "~", ".disabled") {
						queue = append(queue, path.Join(dir, name))
					}
				}
				return
			}
			queue = append(queue, dir)
		}, func(patterns []string, rot rotation) {
			for _, log := range systemLogs {
				p := "/var/log/" + log
				_, dup := found[p] // logrotate refuses a second block for a file
				if !dup && slices.ContainsFunc(patterns, func(g string) bool { ok, _ := path.Match(g, p); return ok }) {
					found[p] = facts.LogRotation{Log: p, File: queue[n], KeptDays: rot.kept()}
				}
			}
		})
	}
	out := []facts.LogRotation{}
	for _, p := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[p])
	}
	return out
}

func hasAnySuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(x string) bool { return strings.HasSuffix(s, x) })
}

// kept returns how many days of records stay; nil where size decides or nothing is ever rotated.
func (r rotation) kept() *int {
	if r.bySize || r.maxSize || r.days == 0 {
		return nil
	}
	days := r.days * r.count
	if r.count < 0 || r.maxAge > 0 && r.maxAge < days {
		days = r.maxAge
	}
	if r.count < 0 && r.maxAge == 0 {
		return nil
	}
	return &days
}

// rotationBlocks reads one file of logrotate.conf(5): directives that hold from there on, and blocks of files with their own.
func rotationBlocks(b []byte, global *rotation, include func(string), block func([]string, rotation)) {
	var patterns []string
	var local *rotation
	script := false
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		switch {
		case script:
			script = line != "endscript"
			continue
		case line == "" || line[0] == '#':
			continue
		}
		line, opens := strings.CutSuffix(line, "{")
		words := strings.Fields(line)
		switch {
		case line == "}" && local != nil:
			block(patterns, *local)
			patterns, local = nil, nil
		case local == nil && (opens || line[0] == '/' || line[0] == '"'):
			for _, w := range words {
				patterns = append(patterns, strings.Trim(w, `"'`))
			}
			if opens {
				l := *global
				local = &l
			}
		case len(words) == 0:
		case slices.Contains([]string{"postrotate", "prerotate", "firstaction", "lastaction", "preremove"}, words[0]):
			script = true
		case words[0] == "include" && len(words) > 1 && local == nil:
			include(words[1])
		case local != nil:
			local.directive(words)
		default:
			global.directive(words)
		}
	}
}

func (r *rotation) directive(words []string) {
	name := words[0]
	value := 0
	if len(words) > 1 {
		value, _ = strconv.Atoi(words[len(words)-1])
	}
	switch name {
	case "daily":
		r.days, r.bySize = 1, false
	case "weekly":
		r.days, r.bySize = 7, false
	case "monthly":
		r.days, r.bySize = 30, false
	case "yearly":
		r.days, r.bySize = 365, false
	case "hourly":
		r.days, r.bySize = 0, true // less than a day each: how many days stay is not said
	case "rotate":
		r.count = value
	case "maxage":
		r.maxAge = value
	case "size":
		r.bySize = true
	case "maxsize":
		r.maxSize = true
	}
}

// journalHead reads when the first record of a journal file was written (systemd's JOURNAL_FILE_FORMAT: realtime
// microseconds at offset 184 of the header); zero where it holds none or is no journal.
func journalHead(env *Env, file string) time.Time {
	b, err := env.ReadHead(file, 208)
	if err != nil || len(b) < 208 || string(b[:8]) != "LPKSHHRH" {
		return time.Time{}
	}
	us := binary.LittleEndian.Uint64(b[184:])
	if us == 0 || us > 1<<53 {
		return time.Time{}
	}
	return time.UnixMicro(int64(us)).UTC()
}
