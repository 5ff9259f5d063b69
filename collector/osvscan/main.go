// Command vymir-osvscan looks for vulnerable packages of programming languages: Go programs, Python, npm, PHP composer
// and Java archives. It reads the files below the paths it is given and OSV data on disk, uses no network, and ends
// itself when it takes more memory or time than it was allowed. docs/spec/osvscan.md is its contract; README.md says
// why it is a module of its own.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// errUsage says that the command line is wrong.
var errUsage = errors.New("wrong usage")

// options are the command line.
type options struct {
	request
	life    time.Duration
	version bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("vymir-osvscan", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.root, "root", "/", "the file system to look at; paths are below it")
	f.StringVar(&o.data, "data", "", "folder with OSV data: <Ecosystem>/all.zip")
	memory := f.Int64("memory-mib", 512, "memory cap in MiB, 64 to 65536")
	f.DurationVar(&o.life, "time", 5*time.Minute, "time budget, 1s to 2h")
	days := f.Int("max-age-days", 0, "data whose newest record is older count as no data; 0: any age")
	f.BoolVar(&o.system, "system", false, "operating system packages too, as a second opinion")
	f.BoolVar(&o.version, "version", false, "print the version of osv-scanner and exit")
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: vymir-osvscan --data DIR [flags] PATH...")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if o.version {
		return o, nil
	}
	o.memory, o.maxAge = *memory<<20, time.Duration(*days)*24*time.Hour
	switch {
	case o.data == "":
		return o, fmt.Errorf("%w: --data is needed", errUsage)
	case f.NArg() == 0:
		return o, fmt.Errorf("%w: no path given", errUsage)
	case *memory < 64 || *memory > 65536:
		return o, fmt.Errorf("%w: --memory-mib %d: want 64 to 65536", errUsage, *memory)
	case o.life < time.Second || o.life > 2*time.Hour:
		return o, fmt.Errorf("%w: --time %s: want 1s to 2h", errUsage, o.life)
	case *days < 0 || *days > 36500:
		return o, fmt.Errorf("%w: --max-age-days %d: want 0 to 36500", errUsage, *days)
	}
	if o.root, err = filepath.Abs(o.root); err != nil {
		return o, fmt.Errorf("%w: --root: %w", errUsage, err)
	}
	for _, p := range f.Args() {
		o.paths = append(o.paths, filepath.Join(o.root, filepath.Join("/", p)))
	}
	return o, nil
}

// run is the whole program. It does not return when a budget is used up.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return say(stderr, err, exitUsage)
	case o.version:
		fmt.Fprintln(stdout, "osv-scanner", scannerVersion())
		return exitDone
	}
	b, err := startBudget(o.memory, o.life)
	if err != nil {
		return say(stderr, err, exitFailed)
	}
	start := time.Now()
	o.now = start
	r, err := o.work(b)
	b.done()
	if err != nil {
		return say(stderr, err, exitFailed)
	}
	r.StartedAt, r.DurationSeconds = start.UTC().Truncate(time.Millisecond), time.Since(start).Seconds()
	var use unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &use) == nil {
		r.CPUSeconds = time.Duration(use.Utime.Nano() + use.Stime.Nano()).Seconds()
		r.PeakBytes = uint64(use.Maxrss) << 10
	}
	if err := json.NewEncoder(stdout).Encode(r); err != nil {
		return say(stderr, fmt.Errorf("write report: %w", err), exitFailed)
	}
	return exitDone
}

// work scans inside a working folder that is gone afterwards.
func (o *options) work(b *budget) (*Report, error) {
	names := languageEcosystems
	if o.system {
		names = append(names[:len(names):len(names)], systemEcosystems...)
	}
	dir, sets, err := overlay(o.data, names)
	if dir != "" {
		b.dir.Store(&dir)
		defer os.RemoveAll(dir)
	}
	if err != nil {
		return nil, err
	}
	o.config = filepath.Join(dir, "osv-scanner.toml")
	if err := os.WriteFile(o.config, nil, 0o600); err != nil {
		return nil, fmt.Errorf("write empty configuration: %w", err)
	}
	return scan(o.request, dir, sets)
}

// say writes a failure as one line of JSON and returns its exit code.
func say(stderr io.Writer, err error, code int) int {
	line, _ := json.Marshal(Failure{Schema: Schema, Error: strings.TrimSpace(clip(err.Error())), Code: code}) // strings and a number
	fmt.Fprintf(stderr, "%s\n", line)
	return code
}
