package metered

import (
	"testing"
	"testing/fstest"
)

func TestOf(t *testing.T) {
	const device = "[device]\nmanaged=true\nconnection-uuid=1234\n"
	profile := func(more string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("[connection]\nid=x\nuuid=1234\n" + more + "\n[ipv4]\nmethod=auto\n")}
	}
	other := &fstest.MapFile{Data: []byte("[connection]\nuuid=9\nmetered=1\n")}
	const at = "etc/NetworkManager/system-connections/site.nmconnection"
	for name, c := range map[string]struct {
		files fstest.MapFS
		dish  string
		want  string
	}{
		"told-yes":       {fstest.MapFS{at: profile("type=ethernet\nmetered=1")}, "", ByNetworkManager},
		"told-no":        {fstest.MapFS{at: profile("type=gsm\nmetered=2")}, "", ""},
		"guessed":        {fstest.MapFS{at: profile("type=gsm")}, "", ByNetworkManager},
		"cable":          {fstest.MapFS{at: profile("type=ethernet")}, "", ""},
		"others-profile": {fstest.MapFS{at: other}, "", ""},
		"in-run":         {fstest.MapFS{"run/NetworkManager/system-connections/a": profile("metered=true")}, "", ByNetworkManager},
		"modem":          {fstest.MapFS{"sys/class/net/wwan0/uevent": {Data: []byte("DEVTYPE=wwan\nINTERFACE=wwan0\n")}}, "", ByInterface},
		"dish":           {fstest.MapFS{at: profile("type=ethernet")}, "wwan0", ByDish},
		"other-link":     {fstest.MapFS{at: profile("type=ethernet")}, "eth1", ""},
		"dish-but-no":    {fstest.MapFS{at: profile("type=ethernet\nmetered=no")}, "wwan0", ""},
		"nothing":        {fstest.MapFS{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.files) > 0 {
				c.files["run/NetworkManager/devices/3"] = &fstest.MapFile{Data: []byte(device)}
			}
			if got := of(c.files, 3, "wwan0", c.dish); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	if got := Link("127.0.0.1:7443", ""); got != "" {
		t.Errorf("loopback is metered by %q", got)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte("[connection]\nuuid=1\n=\n["))
	f.Fuzz(func(_ *testing.T, b []byte) {
		keys(fstest.MapFS{"x": {Data: b}}, "x")
	})
}
