// Command vymir-server is the central server: it answers hosts and people, and its other commands look after it.
//
// See docs/operate for how to run it. Exit codes: 0 done, 1 failed, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server/internal/say"
)

// version is set at link time; "": taken from the build information.
var version string

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError marks what the caller wrote wrongly.
type usageError struct{ error }

// Unwrap gives the error itself.
func (e usageError) Unwrap() error { return e.error }

func main() {
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // it would go to standard output
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string) int {
	t := texts{lang: language(args, os.Getenv)}
	root := newRoot(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "vymir-server:", say.Error(t.lang, err))
	var u usageError
	if errors.As(err, &u) {
		return exitUsage
	}
	return exitFailed
}

func newRoot(t texts) *cobra.Command {
	root := &cobra.Command{
		Use: "vymir-server", Short: t.say("root"), SilenceErrors: true, SilenceUsage: true,
		Args: usage(cobra.NoArgs), RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().String("config", "", t.say("flag.config"))
	root.PersistentFlags().String("lang", t.lang, t.say("flag.lang"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		serveCommand(t), trialCommand(t), demoCommand(t),
		tokenCommand(t), recipientCommand(t), siteCommand(t), donorCommand(t), userCommand(t),
		hostsCommand(t), findingsCommand(t), gapsCommand(t), needsCommand(t), projectsCommand(t),
		bundleCommand(t), directiveCommand(t),
		importCommand(t), vulnsCommand(t), bannedCommand(t), exportCommand(t), backupCommand(t), restoreCommand(t), migrateCommand(t), checkCommand(t), auditCommand(t), caCommand(t),
		configCommand(t), versionCommand(t),
	)
	return root
}

// usage turns a refusal of arguments into a usage error.
func usage(f cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := f(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
