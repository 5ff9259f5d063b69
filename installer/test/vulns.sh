#!/usr/bin/env bash
# Shows what matching vulnerabilities at the edge is worth: imports Debian's records, signs an index of Debian 11, boots a Debian 11 with
# real services (systemd-nspawn on a debootstrap root), and looks at what is urgent there with and without seeing what is in use, beside
# osv-scanner on the same packages. Needs root, and VYMIR_OSV: a folder with Debian/all.zip as OSV publishes it. Packages are taken back
# to before their first fix in dpkg's data base only, because an archive gives none but the newest.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "needs root: it boots a container" >&2; exit 1; }
osv=${VYMIR_OSV:?set VYMIR_OSV to a folder with Debian/all.zip as OSV publishes it}
for tool in debootstrap systemd-nspawn jq unzip time; do
	command -v "$tool" >/dev/null || { echo "needs the program $tool (Debian packages debootstrap, systemd-container, jq, unzip, time)" >&2; exit 1; }
done
cache=${VYMIR_TEST_ROOT:-.cache/debian11}
name=vymir-show-$$
work=$(mktemp -d /tmp/$name.XXXXXX)
cleanup() {
	[ -z "${nspawn:-}" ] || kill "$nspawn" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

if [ ! -e "$cache/.complete" ]; then
	echo "building a Debian 11 root in $cache (once) ..."
	rm -rf "$cache"; mkdir -p "$(dirname "$cache")"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,openssh-server,nftables,sudo,procps,kmod,iproute2,nginx-light,php-fpm,bind9,mariadb-server,samba,cups,postfix,git,curl,wget,rsync,imagemagick,ghostscript,poppler-utils,ffmpeg,unzip,python3,ruby,openjdk-11-jre-headless,tcpdump,screen,tmux,vim \
		bullseye "$cache" >/dev/null
	touch "$cache/.complete"
fi
cp -a "$cache" "$work/root"

measured() { # what, program ...: runs it, says what it took
	local what=$1; shift
	/usr/bin/time -f "  $what: %U + %S CPU-s, %M KB peak" -a -o "$work/took" "$@"
}

# The first fix of each source of Debian 11, by dpkg's own order.
unzip -p "$osv/Debian/all.zip" | jq -r '.affected[]? | select(.package.ecosystem == "Debian:11") | .package.name as $n |
	.ranges[]?.events[]? | select(.fixed) | "\($n)\t\(.fixed)"' | sort -u >"$work/fixes"
declare -A first
while IFS=$'\t' read -r source fixed; do
	if [ -z "${first[$source]:-}" ] || dpkg --compare-versions "$fixed" lt "${first[$source]}"; then first[$source]=$fixed; fi
done <"$work/fixes"
for s in "${!first[@]}"; do printf '%s\t%s\n' "$s" "${first[$s]}"; done >"$work/first"
awk -F'\t' 'NR == FNR { first[$1] = $2; next }
	function flush(i, s) {
		s = source == "" ? package : source
		for (i = 1; i <= n; i++) {
			if (s in first && line[i] ~ /^Version: /) line[i] = "Version: " first[s] "~"
			if (s in first && line[i] ~ /^Source: /) line[i] = "Source: " s
			print line[i]
		}
		n = 0; source = ""; package = ""
	}
	{ line[++n] = $0 }
	/^Package: / { package = substr($0, 10) }
	/^Source: / { source = substr($0, 9); sub(/ .*/, "", source) }
	/^$/ { flush() }
	END { flush() }' "$work/first" "$work/root/var/lib/dpkg/status" >"$work/status"
cp "$work/status" "$work/root/var/lib/dpkg/status"
back=$(diff "$cache/var/lib/dpkg/status" "$work/status" | grep -c '^> Version' || true)

printf 'state: %s\n' "$work/srv" >"$work/server.yaml"; mkdir "$work/srv"
server() { bin/vymir-server "$@" --config "$work/server.yaml"; }
measured "import of Debian's records" bin/vymir-server import vulns "$osv/Debian/all.zip" --config "$work/server.yaml" 2>/dev/null
bin/vymir-server bundle keygen -o "$work/keys" >/dev/null
measured "build and sign the index of Debian 11" bin/vymir-server vulns build --release Debian:11 --key "$work/keys.key" -o "$work" --config "$work/server.yaml"
# A second index, in which every CVE is listed as exploited: a stand-in, for no list of exploited ones is shipped.
unzip -p "$osv/Debian/all.zip" | jq -r '(.aliases // [])[], (.upstream // [])[], (.related // [])[]' | grep '^CVE-' | sort -u |
	jq -R . | jq -s '{dateReleased: "2026-11-20T00:00:00Z", count: length, vulnerabilities: [.[] | {cveID: ., dateAdded: "2026-11-10"}]}' >"$work/kev.json"
server import kev "$work/kev.json" >/dev/null
server vulns build --release Debian:11 --key "$work/keys.key" -o "$work" --again >/dev/null
install -d "$work/root/opt/vymir"
cp bin/vymir-agent "$work/keys.pub" "$work/root/opt/vymir/"
cp "$work/Debian-11-1.vulns" "$work/root/opt/vymir/plain"; cp "$work/Debian-11-2.vulns" "$work/root/opt/vymir/exploited"
ls -l "$work"/*.vulns "$work"/*.delta | awk '{print "  " $NF ": " $5 " bytes"}' | sed "s|$work/||"

echo "booting Debian 11 in a container"
systemd-nspawn --quiet --boot --machine="$name" --directory="$work/root" --register=no --keep-unit --private-network \
	--capability=CAP_NET_ADMIN,CAP_SYSLOG >"$work/boot.log" 2>&1 </dev/null &
nspawn=$!
leader() { pgrep -P "$nspawn" | head -1; }
within() { echo nsenter -t "$(leader)" -m -u -i -p -n -r -w -- /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TMPDIR=/var/tmp; }
inside() { $(within) "$@"; }
for _ in $(seq 600); do
	s=$(inside systemctl is-system-running 2>/dev/null || true)
	case "$s" in running|degraded) break ;; esac
	sleep 0.2
done
case "$s" in running|degraded) ;; *) echo "systemd did not come up: $s"; tail -20 "$work/boot.log"; exit 1 ;; esac
inside ip link set lo up
inside ip link add out type veth peer name away
inside ip link set away up; inside ip addr add 203.0.113.7/24 dev out; inside ip link set out up
echo "  services that listen: $(inside ss -Hltnp 2>/dev/null | grep -o '(("[^"]*' | sort -u | cut -c4- | tr '\n' ' ')"

agent=(/opt/vymir/vymir-agent vulns --bundle-key /opt/vymir/keys.pub --format json)
shares() { # what, file
	jq -r --arg what "$1" '.vulnerabilities | map(.decision) as $d | ($d | length) as $n | def c(x): [$d[] | select(x)] | length;
		"  \($what): \($n) found; act now or out of cycle \(c(. == "immediate" or . == "out_of_cycle")), scheduled \(c(. == "scheduled")), deferred \(c(. == "defer")) (\(if $n > 0 then 100 * c(. == "defer") / $n | floor else 0 end) %)"' "$2"
}
for index in plain exploited; do
	inside "${agent[@]}" --vulns "/opt/vymir/$index" >"$work/$index.live"
	bin/vymir-agent vulns --root "$work/root" --vulns "$work/root/opt/vymir/$index" --bundle-key "$work/keys.pub" --format json >"$work/$index.disk"
	shares "$index, without seeing what runs" "$work/$index.disk"
	shares "$index, with it" "$work/$index.live"
	jq -r '[.vulnerabilities[] | select(.decision == "defer") | .because] | group_by(.) | map("\(length) \(.[0])") | "    deferred because: " + join(", ")' "$work/$index.live"
done

echo "the same packages by osv-scanner"
install -d "$work/root/opt/vymir/osv"
cp -r "$osv/Debian" "$work/root/opt/vymir/osv/"; cp bin/vymir-osvscan "$work/root/opt/vymir/"
measured "vymir-agent vulns: measuring, matching, seeing what is in use, deciding" $(within) "${agent[@]}" --vulns /opt/vymir/plain >/dev/null
measured "vymir-osvscan --system: matching alone" $(within) /opt/vymir/vymir-osvscan --data /opt/vymir/osv --system --memory-mib 2048 --time 30m /var /lib >"$work/theirs"
jq -r '.vulnerabilities[].id' "$work/plain.live" | sort -u >"$work/a"
jq -r '.packages[].vulnerabilities[]?.id' "$work/theirs" | sort -u >"$work/b"
echo "  agreement: $(comm -12 "$work/a" "$work/b" | wc -l) of $(sort -u "$work/a" "$work/b" | wc -l) ids; only here: $(comm -23 "$work/a" "$work/b" | tr '\n' ' '); only there: $(comm -13 "$work/a" "$work/b" | tr '\n' ' ')"
echo "$back packages were taken back; what it took:"
cat "$work/took"

echo "this machine, which is no Debian 11, by the same index:"
bin/vymir-agent vulns --vulns "$work/root/opt/vymir/plain" --bundle-key "$work/keys.pub" 2>&1 | sed "s/^/  /" | head -2 || true
