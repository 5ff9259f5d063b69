package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vymir-project/vymir/agent/internal/osvscan"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/collector/facts"
)

const (
	measureTimeout = 15 * time.Minute
	measureOutput  = 8 << 20 // bytes
)

// MeasureInChild gives a function that measures in a short-lived child, the one program this agent ever starts: itself, as
// "measure". All its memory goes back to the system, and a parser that crashes takes nothing along.
func MeasureInChild(configPath string) func(context.Context) (*Measurement, error) {
	return func(ctx context.Context) (*Measurement, error) {
		ctx, cancel := context.WithTimeout(ctx, measureTimeout)
		defer cancel()
		args := []string{"measure"}
		if configPath != "" {
			args = append(args, "--config", configPath)
		}
		cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
		cmd.Args[0] = os.Args[0]
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &limitedWriter{&out, measureOutput}, &limitedWriter{&complaint, 4096}
		cmd.Env = append(os.Environ(), "GOGC=80", "GOMAXPROCS=1", "GOMEMLIMIT=128MiB")
		cmd.WaitDelay = 10 * time.Second
		if err := cmd.Run(); err != nil {
			if why := strings.TrimSpace(complaint.String()); why != "" {
				return nil, errors.New(strings.TrimPrefix(lastLine(why), "vymir-agent: "))
			}
			return nil, fmt.Errorf("measuring child: %w", err)
		}
		var m Measurement
		if err := json.Unmarshal(out.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("read measuring child's answer: %w", err)
		}
		return &m, nil
	}
}

func lastLine(s string) string {
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		return s[i+1:]
	}
	return s
}

// limitedWriter keeps what fits and swallows the rest.
type limitedWriter struct {
	b     *bytes.Buffer
	limit int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if room := w.limit - w.b.Len(); room > 0 {
		w.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (c *Config) collectorDir() string {
	dir := filepath.Join(c.StateDir, "collector")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return dir
}

// version is what DescribeSelf reports; main sets it by [SetVersion].
var version = "devel"

// SetVersion says which version this program is.
func SetVersion(v string) { version = v }

// DescribeSelf fills the agent's own family: it is measured like everything else. What judges is added by whoever judges.
func DescribeSelf(doc *facts.Document, c Config) {
	doc.Agent = &facts.Agent{Version: version, BinaryState: ownProgram()}
	doc.Families["agent"] = facts.Status{State: facts.StateOK}
	if outbox, err := spool.Open(c.OutboxDir(), spool.Options{ReadOnly: true}); err == nil {
		st := outbox.Stats()
		doc.Agent.OutboxItems, doc.Agent.OutboxDropped = &st.Items, &st.Dropped
	}
	if st := uplink.LoadState(c.StateDir); !st.LastCheckIn.IsZero() {
		now := time.Now()
		last := st.LastCheckInBy(now, nil)
		doc.Agent.LastCheckIn = &last
		if ahead, ok := st.Skew(now, nil); ok {
			seconds := math.Round(ahead.Seconds())
			if doc.Time == nil {
				doc.Time = &facts.Time{}
			}
			doc.Time.ServerSkewSeconds = &seconds
		}
	}
}

// LastLanguages fills the family languages with what the daemon's last good scan by vymir-osvscan found; nothing is scanned.
func LastLanguages(doc *facts.Document, c Config) {
	doc.Languages, doc.Families["languages"] = osvscan.Last(c.osvscanOptions(), doc.MeasuredAt)
}

// ownProgram is the state of the file this program runs from; nil when it is gone or cannot be looked at.
func ownProgram() *facts.FileState {
	name, err := os.Executable()
	if err != nil {
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	mode := info.Mode().Perm()
	return &facts.FileState{Path: name, Kind: "file", Mode: fmt.Sprintf("%04o", mode), UID: &st.Uid, GID: &st.Gid,
		GroupWritable: mode&0o020 != 0, WorldWritable: mode&0o002 != 0, WorldReadable: mode&0o004 != 0}
}
