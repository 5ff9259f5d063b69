package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAptConfig(t *testing.T) {
	env := testEnv(t, `
-- etc/apt/apt.conf.d/10a --
APT::Periodic::Update-Package-Lists "1"; // daily
APT::Periodic::Unattended-Upgrade "0";
/* Unattended-Upgrade::Automatic-Reboot "true"; */
Unattended-Upgrade::Origins-Pattern { "origin=a"; "origin=b"; };
-- etc/apt/apt.conf.d/20b --
APT {
  Periodic {
     Unattended-Upgrade "1"; # on
  };
  NeverAutoRemove { "^x"; };
};
Unattended-Upgrade::Origins-Pattern:: "origin=c";
-- etc/apt/apt.conf.d/30c.bak --
APT::Periodic::Unattended-Upgrade "0";
-- etc/apt/apt.conf.d/40d --
apt::periodic::update-package-lists "7";
#clear Acquire::http::Proxy;
`, false)
	c := env.aptConfig(&reading{})
	if v := c.values["apt::periodic::unattended-upgrade"]; v != "1" {
		t.Errorf("Unattended-Upgrade = %q", v)
	}
	if v := c.values["apt::periodic::update-package-lists"]; v != "7" {
		t.Errorf("Update-Package-Lists = %q", v)
	}
	if diff := cmp.Diff([]string{"origin=a", "origin=b", "origin=c"}, c.lists["unattended-upgrade::origins-pattern"]); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
	if _, set := c.on("Unattended-Upgrade::Automatic-Reboot"); set {
		t.Error("a commented setting is set")
	}
}

func FuzzParseAptConf(f *testing.F) {
	f.Add("A { B \"c\"; D { \"e\"; }; }; #clear A::B; /* x")
	f.Fuzz(func(t *testing.T, s string) { parseAptConf(s) })
}

func FuzzStanzas(f *testing.F) {
	f.Add([]byte("Package: a\nStatus: install ok installed\nDescription: x\n y\n\nPackage: b\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dpkgPackages(b)
		apkPackages(b)
		aptDeb822("f", b)
	})
}
