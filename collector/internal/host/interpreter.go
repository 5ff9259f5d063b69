package host

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// interpreters are programs that say nothing of what listens: their script does.
var interpreters = regexp.MustCompile(`^(?:perl|python|ruby|php|lua|tclsh|node|nodejs|bash|sh|dash|ash|busybox|nc|ncat|socat|netcat)[0-9.]*(?:\.(?:openbsd|traditional))?$`)

// interpreted tells what an interpreter runs, as facts.Listener.Script says; "" when exe is none, or its arguments cannot
// be read. A relative path is taken from the working directory of the process.
func (e *Env) interpreted(pid int, exe string) string {
	if !interpreters.MatchString(path.Base(exe)) {
		return ""
	}
	proc := "/proc/" + strconv.Itoa(pid)
	b, err := e.ReadProcLimit(proc+"/cmdline", 4096)
	if err != nil || len(b) == 0 {
		return ""
	}
	args := strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")
	script := scriptArg(path.Base(exe), args[1:])
	if script == "" || script[0] == '-' || script[0] == '/' {
		return script
	}
	dir, err := e.ProcLink(proc + "/cwd")
	if err != nil {
		return ""
	}
	return path.Join(dir, script)
}

// scriptArg finds the script among the arguments of an interpreter: the first that is no option.
func scriptArg(name string, args []string) string {
	if strings.HasPrefix(name, "nc") || name == "netcat" || name == "socat" {
		return "-" // what it passes on is decided by its arguments alone
	}
	if name == "busybox" {
		return "" // an applet is a program of its own
	}
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--" && i+1 < len(args):
			return args[i+1]
		case a == "-m" && strings.HasPrefix(name, "python") && i+1 < len(args):
			return "-m " + args[i+1]
		case a == "-c", strings.HasPrefix(name, "perl") && strings.HasPrefix(a, "-") && strings.ContainsAny(a, "eE") && !strings.HasPrefix(a, "-I") && !strings.HasPrefix(a, "-M"),
			a == "-e", a == "-r" && strings.HasPrefix(name, "php"), a == "--eval":
			return "-"
		case a == "-W" || a == "-X" || a == "-Q" || a == "-I" || a == "-d" || a == "--require" || a == "-r":
			i++ // the value of an option
		case !strings.HasPrefix(a, "-"):
			return a
		}
	}
	return "-"
}
