// Command vymir-agent measures a host's cyber resilience, shows its administrator what to mend, and reports to the
// recipient's server what consent lets leave. See docs/operate and vymir-agent --help.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set when the program is linked.
var version = ""

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code of house rules: 0 done, 1 failed, 2 wrong usage, 3 a control fails
// at or above --fail-on, 4 too few controls could be decided.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.commands()
	if p.lang = languageOfArgs(args); p.language() == "uk" {
		translate(root)
	}
	p.lang = ""
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return p.exit(root.ExecuteContext(ctx))
}
