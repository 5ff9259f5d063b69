package main

import (
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector"
)

func TestWatchFilter(t *testing.T) {
	root, nobody := uint32(0), uint32(65534)
	inside := collector.ProbeEvent{Kind: "exec_temp", Program: "/tmp/x", UID: &nobody, Container: "0123456789abcdef", Image: "docker.io/library/nginx:1.27"}
	outside := collector.ProbeEvent{Kind: "mount", Program: "/usr/bin/mount", UID: &root}
	for _, tt := range []struct {
		filter          watchFilter
		inside, outside bool
	}{
		{watchFilter{}, true, true},
		{watchFilter{kinds: []string{"exec*", "module_load"}}, true, false},
		{watchFilter{kinds: []string{"mount"}}, false, true},
		{watchFilter{program: "mount"}, false, true},
		{watchFilter{program: "/tmp/*"}, true, false},
		{watchFilter{user: "root"}, false, true},
		{watchFilter{user: "65534"}, true, false},
		{watchFilter{container: "*"}, true, false},
		{watchFilter{container: "0123"}, true, false},
		{watchFilter{container: "nginx"}, true, false},
		{watchFilter{container: "redis"}, false, false},
		{watchFilter{program: "mount", user: "65534"}, false, false},
	} {
		if err := tt.filter.check(); err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{tt.filter.passes(inside), tt.filter.passes(outside)}; got != [2]bool{tt.inside, tt.outside} {
			t.Errorf("%+v: %v", tt.filter, got)
		}
		if !tt.filter.passes(collector.ProbeEvent{Kind: collector.ProbeEventsMissed}) {
			t.Errorf("%+v hides that events were missed", tt.filter)
		}
	}
	for _, bad := range []watchFilter{{kinds: []string{"["}}, {program: "[a"}, {user: "nobody-of-that-name"}} {
		if bad.check() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestWatchLine(t *testing.T) {
	uid := uint32(33)
	e := collector.ProbeEvent{
		At: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Kind: "setuid", Program: "evil\x1b[2J", UID: &uid, What: "from user 33 to 0",
		Container: "0123456789abcdef", Image: "nginx",
	}
	if got, want := watchLine(e), "03:04:05.006  setuid          uid 33     evil[2J  from user 33 to 0  [0123456789ab nginx]"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
