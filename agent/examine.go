package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/report"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// Check is one thing the doctor looked at.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state"` // ok, note or fault
	Detail string `json:"detail"`
}

// Examine looks at everything around the agent that could keep it from working. The server is asked nothing but whether it is
// there: a connection is made and a renewal without a certificate is refused. text gives texts in the reader's language.
func Examine(ctx context.Context, c Config, configErr error, text func(key string, args ...any) string) []Check {
	var out []Check
	add := func(key, state, detail string) {
		out = append(out, Check{Name: text(key), State: state, Detail: detail})
	}

	if os.Geteuid() == 0 {
		add("doctor.rights", "ok", text("doctor.privileged"))
	} else {
		add("doctor.rights", "note", text("doctor.privileged_no"))
	}
	if configErr != nil {
		add("doctor.config", "fault", configErr.Error())
	} else {
		add("doctor.config", "ok", "")
	}
	state, detail := examineState(c, text)
	add("doctor.state", state, detail)
	if _, err := control.Get[control.Live](ctx, c.Socket, "live"); err != nil {
		add("doctor.daemon", "note", err.Error())
	} else {
		add("doctor.daemon", "ok", "")
	}
	id, err := identity.Load(c.StateDir)
	switch {
	case errors.Is(err, identity.ErrNone):
		add("doctor.enrolment", "note", text("status.not_enrolled"))
		return out
	case err != nil:
		add("doctor.enrolment", "fault", err.Error())
		return out
	}
	add("doctor.enrolment", "ok", id.Recipient+", "+id.HostID)
	state, detail = examineServer(ctx, c, id, text)
	add("doctor.server", state, detail)
	return out
}

func examineState(c Config, text func(string, ...any) string) (state, detail string) {
	var st syscall.Statfs_t
	err := syscall.Statfs(c.StateDir, &st)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "note", text("doctor.state_none")
	case err != nil:
		return "fault", err.Error()
	}
	f, err := os.CreateTemp(c.StateDir, ".tmp-*")
	if err != nil {
		return "fault", err.Error()
	}
	f.Close()           //nolint:errcheck // nothing was written
	os.Remove(f.Name()) //nolint:errcheck // removed at the next start
	free := st.Bavail * uint64(st.Bsize)
	if free < 16<<20 {
		return "fault", text("doctor.state_space", report.Bytes(free))
	}
	return "ok", text("doctor.state_space", report.Bytes(free))
}

func examineServer(ctx context.Context, c Config, id *identity.Identity, text func(string, ...any) string) (state, detail string) {
	client, err := wire.NewClient(wire.ClientOptions{
		Server: id.Server, Roots: id.ServerRoots(), Protocol: c.Protocol(), TimeFloor: uplink.LoadState(c.StateDir).ServerTime,
	})
	if err != nil {
		return "fault", err.Error()
	}
	defer client.Close() //nolint:errcheck // nothing is written by closing
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err = client.Renew(ctx, connect.NewRequest(&vymirv1.RenewRequest{}))
	var answer *connect.Error
	if err != nil && !(errors.As(err, &answer) && connect.IsWireError(answer)) {
		return "fault", err.Error()
	}
	used, noUDP := client.Protocol()
	if noUDP != nil {
		return "note", text("doctor.server_ok", string(used)) + "; " + noUDP.Error()
	}
	return "ok", text("doctor.server_ok", string(used))
}
