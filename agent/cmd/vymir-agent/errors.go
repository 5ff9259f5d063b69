package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/report"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/tpm"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/policies"
)

// Exit codes.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitFailing  = 3 // a control at or above --fail-on fails
	exitCoverage = 4 // too few controls could be decided
)

// exitError ends the program with a code and without a message: the output has said it.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is a mistake in how the program was called.
type usageError struct {
	what string // of the command, such as "outbox export"
	err  error
}

func (e *usageError) Error() string { return e.err.Error() }

func usage(c *cobra.Command, format string, args ...any) error {
	path := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), c.Root().Name()), " ")
	return &usageError{what: path, err: fmt.Errorf(format, args...)}
}

// told is an error that already says what to do, in the reader's language.
type told struct{ text string }

func (e told) Error() string { return e.text }

// exit writes the error as one line with what to do, and gives the exit code.
func (p *program) exit(err error) int {
	var code exitError
	var wrong *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &wrong):
		fmt.Fprintf(p.stderr, "vymir-agent: %s; %s\n", oneLine(wrong.Error()), strings.ReplaceAll(p.text("error.usage", wrong.what), "  ", " "))
		return exitUsage
	}
	fmt.Fprintf(p.stderr, "vymir-agent: %s\n", oneLine(p.explain(err)))
	return exitFailed
}

func oneLine(s string) string { return strings.Join(strings.Fields(report.Clean(s)), " ") }

// explain turns err into a sentence with what to do.
func (p *program) explain(err error) string {
	var t told
	if errors.As(err, &t) {
		return t.text
	}
	server, stateDir := "?", ""
	if p.loaded != nil {
		stateDir = p.loaded.StateDir
		if id, loadErr := identity.Load(stateDir); loadErr == nil {
			server = id.Server
		}
	}
	return p.explainAt(err, server, stateDir)
}

func (p *program) explainAt(err error, server, stateDir string) string {
	for _, c := range []struct {
		is  error
		key string
	}{
		{identity.ErrNone, "error.not_enrolled"}, {wire.ErrToken, "error.token"}, {identity.ErrTokenExpired, "error.token_expired"},
		{identity.ErrTokenUsed, "error.token_used"}, {identity.ErrTokenUnknown, "error.token_unknown"},
		{identity.ErrTokenRevoked, "error.token_revoked"}, {identity.ErrTokenForeign, "error.token_foreign"},
		{wire.ErrForeign, "error.answer_foreign"}, {wire.ErrAnswer, "error.answer"}, {uplink.ErrOlder, "error.answer_older"},
		{tpm.ErrCleared, "error.tpm_cleared"}, {tpm.ErrAbsent, "error.tpm_absent"},
		{spool.ErrInUse, "error.outbox_in_use"}, {policies.ErrThin, "error.thin"}, {uplink.ErrRefused, "error.identity_refused"},
	} {
		if errors.Is(err, c.is) {
			return p.text(c.key)
		}
	}
	cause := shortest(err)
	switch {
	case errors.Is(err, agent.ErrConfig):
		return p.text("error.config", err)
	case errors.Is(err, identity.ErrDamaged):
		return p.text("error.identity_damaged", stateDir+"/identity")
	case errors.Is(err, wire.ErrServerIdentity):
		return p.text("error.server_identity", server)
	case errors.Is(err, identity.ErrRefused), errors.Is(err, identity.ErrAnswer):
		return p.text("error.refused", cause)
	case errors.Is(err, policies.ErrFacts):
		return p.text("error.facts", err)
	case errors.Is(err, policies.ErrOptions):
		return p.text("error.options", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return p.text("error.disk_full", stateDir)
	case errors.Is(err, syscall.EROFS):
		return p.text("error.read_only", stateDir)
	case errors.Is(err, fs.ErrPermission):
		return p.text("error.permission", err)
	case connect.CodeOf(err) == connect.CodeResourceExhausted:
		return p.text("error.server_busy")
	case unreachable(err):
		return p.text("error.unreachable", server, cause)
	}
	return p.text("error.other", err)
}

// unreachable reports whether err says that the server could not be talked to.
func unreachable(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	var c *connect.Error
	return errors.As(err, &dns) || errors.As(err, &op) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &c) && (c.Code() == connect.CodeUnavailable || c.Code() == connect.CodeDeadlineExceeded)
}

// shortest gives the innermost message that still says something: the last part of a chain of errors.
func shortest(err error) string {
	var c *connect.Error
	if errors.As(err, &c) && connect.IsWireError(c) {
		return c.Message()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.Err
	}
	return err.Error()
}
