package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"
	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"vymir-agent": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs every command and meets every error message. In a script, "server start [noudp]" starts a server of our own
// and sets $SERVER and writes token; "server WORD" makes it behave so from then on.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			state := filepath.Join(e.WorkDir, "state")
			e.Setenv("LC_ALL", "C.UTF-8")
			e.Setenv("STATE", state)
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			return os.WriteFile(filepath.Join(e.WorkDir, "agent.yaml"), []byte("state_dir: "+state+"\nprobes: {disable: true}\n"), 0o600)
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": func(ts *testscript.TestScript, _ bool, args []string) { serve(t, ts, args) },
			"age-key": func(ts *testscript.TestScript, _ bool, _ []string) {
				id, err := age.GenerateX25519Identity()
				ts.Check(err)
				ts.Setenv("AGE", id.Recipient().String())
			},
		},
	})
}

func serve(t *testing.T, ts *testscript.TestScript, args []string) {
	if args[0] == "start" {
		s := fakeserver.Start(t, fakeserver.Options{NoUDP: len(args) > 1 && args[1] == "noudp"})
		ts.Setenv("SERVER", s.Addr)
		servers.set(ts, s)
		ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(s.Token(t)+"\n"), 0o600))
		return
	}
	s := servers.get(ts)
	token := func(text string) error { return connect.NewError(connect.CodeFailedPrecondition, errors.New(text)) }
	s.Mu.Lock()
	defer s.Mu.Unlock()
	switch args[0] {
	case "says":
		s.EnrolErr = token(args[1])
	case "busy":
		s.EnrolErr = connect.NewError(connect.CodeResourceExhausted, errors.New("too many requests"))
	case "refuses":
		s.EnrolErr = connect.NewError(connect.CodePermissionDenied, errors.New("the recipient is closed"))
	case "forgets-tokens":
		clear(s.Secrets)
	case "revokes":
		s.Revoked["h1"] = true
	case "stored":
		h := s.Hosts["h1"]
		ts.Check(os.WriteFile(ts.MkAbs("stored"), []byte(itoa(len(h.Order))+"\n"), 0o600))
	default:
		ts.Fatalf("server %s?", args[0])
	}
}
