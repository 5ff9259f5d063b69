package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const mountsHost = `
-- proc/1/mountinfo --
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
23 22 0:20 / /tmp rw,nosuid shared:2 - tmpfs tmpfs rw,size=1024k
24 22 0:21 / /mnt/my\040disk ro,noexec shared:3 - xfs /dev/sdb1 rw
25 22 0:22 / /tmp rw,nosuid,nodev shared:4 - tmpfs other rw
junk line
-- etc/fstab --
# <file system> ...
/dev/sda1 / ext4 errors=remount-ro 0 1
tmpfs /tmp tmpfs nosuid,nodev,noexec 0 0
/dev/sdb1 /mnt/my\040disk xfs ro
/dev/sdc1 /gone ext4 defaults 0 2
/dev/sdd1 /perhaps ext4 nofail
UUID=1 none swap sw
short
-- usr/lib/systemd/system/tmp.mount --
[Mount]
What=tmpfs
Where=/tmp
Type=tmpfs
-- usr/lib/systemd/system/data.mount --
[Unit]
Where=/wrong
[Mount]
What=/dev/sde1
Where=/data
Type=ext4
Options=nodev,ro
-- etc/systemd/system/multi-user.target.wants/data.mount -> /usr/lib/systemd/system/data.mount --
`

func TestMounts(t *testing.T) {
	doc, st := collect(t, testEnv(t, mountsHost, true), "mounts")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	want := &facts.Mounts{
		Live: []facts.Mount{
			{Target: "/", Source: "/dev/sda1", FSType: "ext4", Options: []string{"rw", "relatime", "errors=remount-ro"}},
			{Target: "/tmp", Source: "other", FSType: "tmpfs", Options: []string{"rw", "nosuid", "nodev"}},
			{Target: "/mnt/my disk", Source: "/dev/sdb1", FSType: "xfs", Options: []string{"ro", "noexec"}},
		},
		Fstab: []facts.Mount{
			{Target: "/", Source: "/dev/sda1", FSType: "ext4", Options: []string{"errors=remount-ro"}, Origin: "fstab"},
			{Target: "/tmp", Source: "tmpfs", FSType: "tmpfs", Options: []string{"nosuid", "nodev", "noexec"}, Origin: "fstab"},
			{Target: "/mnt/my disk", Source: "/dev/sdb1", FSType: "xfs", Options: []string{"ro"}, Origin: "fstab"},
			{Target: "/gone", Source: "/dev/sdc1", FSType: "ext4", Options: []string{"defaults"}, Origin: "fstab"},
			{Target: "/perhaps", Source: "/dev/sdd1", FSType: "ext4", Options: []string{"nofail"}, Origin: "fstab"},
			{Target: "none", Source: "UUID=1", FSType: "swap", Options: []string{"sw"}, Origin: "fstab"},
			{Target: "/data", Source: "/dev/sde1", FSType: "ext4", Options: []string{"nodev", "ro"}, Origin: "unit:data.mount"},
		},
	}
	if diff := cmp.Diff(want, doc.Mounts); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	wantDrift := []facts.Drift{
		{Family: "mounts", Subject: "/tmp noexec", Persisted: "noexec"},
		{Family: "mounts", Subject: "/gone", Persisted: "ext4"},
	}
	if diff := cmp.Diff(wantDrift, doc.Drift); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	if m, ok := mountOf(doc, "/mnt/my disk/file"); !ok || m.FSType != "xfs" {
		t.Errorf("mountOf = %+v, %v", m, ok)
	}
}

func FuzzParseMountinfo(f *testing.F) {
	f.Add([]byte("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n- - -\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		parseMountinfo(b)
		parseFstab(b)
	})
}
