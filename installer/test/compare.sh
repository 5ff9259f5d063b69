#!/bin/sh
# Runs inside the container as root: makes this Debian untidy in ways that its tools and the collector must see alike, and
# compares what they say. Usage: compare.sh COLLECTOR_TEST
set -eu
test=$1

# sudo asks for this host's name, and no name server answers below
echo "127.0.1.1 $(uname -n)" >>/etc/hosts
: >/etc/resolv.conf

# accounts: ageing, groups, passwords in every state
useradd -m -s /bin/bash olena && useradd -m -s /bin/bash taras && useradd -r -s /usr/sbin/nologin backupd
usermod -p '$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/' olena
usermod -p '' taras
chage -M 90 -m 1 -W 14 -I 30 -E 2030-01-01 olena
usermod -aG adm,sudo olena

# sudo: aliases, includes, tags, numbers, a rule for all by Defaults
cat >/etc/sudoers.d/10-staff <<-'END'
	User_Alias STAFF = olena, taras
	Cmnd_Alias POWER = /sbin/reboot, /sbin/poweroff
	STAFF ALL = (root) NOPASSWD: POWER, PASSWD: /usr/bin/passwd
	taras ALL = (backupd : adm) /usr/bin/id
	Defaults:taras !authenticate
END
chmod 440 /etc/sudoers.d/10-staff

# systemd: a mask, a drop-in that changes user and program, a preset, one enabled but dead, one that failed
systemctl mask --quiet systemd-networkd-wait-online.service
mkdir -p /etc/systemd/system/vymir-idle.service.d /etc/systemd/system-preset
printf '[Service]\nExecStart=/bin/sleep 1\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/vymir-idle.service
printf '[Service]\nUser=backupd\nExecStart=\nExecStart=/usr/bin/sleep infinity\n' >/etc/systemd/system/vymir-idle.service.d/10-user.conf
printf '[Service]\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\nAlias=vymir-other.service\n' >/etc/systemd/system/vymir-fails.service
printf 'disable vymir-idle.service\n' >/etc/systemd/system-preset/10-vymir.preset
systemctl daemon-reload
systemctl enable --quiet vymir-idle.service vymir-fails.service
systemctl start vymir-idle.service
systemctl start vymir-fails.service || true

# sysctl: a file that was not loaded
printf 'net.ipv4.conf.all.log_martians = 1\n' >/etc/sysctl.d/90-vymir.conf

# sshd: an include before the main file's word, a Match that never ends the global part
printf 'PermitRootLogin prohibit-password\nMaxAuthTries 3\nCiphers -aes128*\nMatch User backupd\n\tPasswordAuthentication no\n' \
	>/etc/ssh/sshd_config.d/10-vymir.conf
mkdir -p /run/sshd

# modprobe
printf 'blacklist usb-storage\ninstall dccp /bin/false\n' >/etc/modprobe.d/vymir.conf

# packages: one file changed, one gone
printf 'x' >>/usr/share/perl5/Debconf/Log.pm 2>/dev/null || printf 'x' >>/usr/share/debconf/confmodule
rm -f /usr/share/base-files/motd

# A network of its own, so that rules and listeners touch nobody: the stranger lives in a second one.
exec unshare -n sh -eu -c '
	ip link set lo up
	ip netns add stranger
	ip link add out type veth peer name in netns stranger
	ip addr add 198.51.100.1/24 dev out
	ip link set out up
	ip -n stranger addr add 198.51.100.2/24 dev in
	ip -n stranger link set in up
	ip route add default via 198.51.100.2
	nft -f - <<-END
		table inet filter {
			set admins { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 }; }
			chain input {
				type filter hook input priority 0; policy drop;
				iif lo accept
				ct state established,related accept
				tcp dport { 80, 8080-8089 } accept
				ip saddr @admins tcp dport 81 accept
				tcp dport 84 jump later
				udp dport 5000 accept
			}
			chain later { accept; }
			chain forward { type filter hook forward priority 0; policy drop; }
		}
	END
	# By their ids: dash knows no jobs inside $(jobs -p), and a listener that lives on holds our output open for ten minutes.
	pids=
	trap "kill \$pids 2>/dev/null || true" EXIT
	for at in 0.0.0.0:80 0.0.0.0:81 0.0.0.0:82 0.0.0.0:84 0.0.0.0:8085 127.0.0.1:9000; do
		perl -MIO::Socket::INET -e "\$s = IO::Socket::INET->new(LocalAddr => q($at), Listen => 5, ReuseAddr => 1) or die; sleep 600" >/dev/null &
		pids="$pids $!"
	done
	perl -MIO::Socket::INET -e "\$s = IO::Socket::INET->new(LocalAddr => q(0.0.0.0:5000), Proto => q(udp)) or die; sleep 600" >/dev/null &
	pids="$pids $!"
	perl -MIO::Socket::IP -e "\$s = IO::Socket::IP->new(LocalHost => q(::), LocalPort => 8080, Listen => 5) or die; sleep 600" >/dev/null &
	pids="$pids $!"
	n=0
	until [ "$(ss -Hltun | wc -l)" -ge 8 ]; do
		n=$((n + 1)); [ $n -lt 300 ] || { echo "the listeners did not come up" >&2; exit 1; }
		sleep 0.1
	done
	export VYMIR_VERIFY=1 VYMIR_PEER_NETNS=/run/netns/stranger VYMIR_PEER_ADDR=198.51.100.1
	rc=0; "$0" -test.run AgreesWithTools -test.v || rc=$?
	ip netns del stranger
	exit $rc
' "$test"
