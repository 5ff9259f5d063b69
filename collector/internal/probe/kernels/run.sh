#!/usr/bin/env bash
# Boots Debian's own kernels in QEMU, by software emulation alone, and runs the probe tests inside as root.
#
#	run.sh [RELEASE...]	6.1 (Debian 12), 6.1-locked (the same under lockdown=confidentiality), 6.12 (backports),
#				6.12-locked, 5.10 (Debian 11), sid (the newest)
#
# Without an argument: all of them. Kernels are fetched with apt into .cache/kernels, nothing is installed but what
# this script needs; apt's own sources stay as they are. One kernel costs about a minute.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
cache=${VYMIR_KERNELS:-$root/.cache/kernels}
mkdir -p "$cache"

need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
missing=()
need qemu-system-x86_64 qemu-system-x86; need busybox busybox-static; need cpio cpio
if [ ${#missing[@]} -gt 0 ]; then
	echo "installing ${missing[*]}"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# A private view of one Debian suite, so that the machine's sources and lists stay untouched.
apt_private() {
	local suite=$1; shift
	local dir=$cache/apt-$suite mirror=http://deb.debian.org/debian
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	case $suite in *-security) mirror=http://deb.debian.org/debian-security ;; esac
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$dir/sources.list"
	local options=(-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root)
	"$1" "${options[@]}" "${@:2}"
}

# Prints the path of a release's kernel image, fetched when it is not there yet.
kernel() {
	local name=$1 suite=$2 pattern=$3
	local image=$cache/vmlinuz-$name
	if [ ! -s "$image" ]; then
		apt_private "$suite" apt-get update -qq >&2
		local package
		package=$(apt_private "$suite" apt-cache search --names-only "$pattern" | awk '{print $1}' | sort -V | tail -1)
		[ -n "$package" ] || { echo "no kernel like $pattern in $suite" >&2; return 1; }
		local work; work=$(mktemp -d)
		chmod 755 "$work"
		(cd "$work" && apt_private "$suite" apt-get download -qq "$package" >&2 && dpkg -x "$package"_*.deb x)
		cp "$(find "$work/x" -type f -name 'vmlinuz*' | head -1)" "$image"
		rm -rf "$work"
	fi
	echo "$image"
}

build() {
	local fs=$cache/root
	rm -rf "$fs"; mkdir -p "$fs"/{bin,dev,proc,sys,tmp,etc,tests,var/lib}
	cp "$(command -v busybox)" "$fs/bin/busybox"
	cp "$here/init.sh" "$fs/init"; chmod 755 "$fs/init"
	(
		cd "$root"; export CGO_ENABLED=0
		go build -trimpath -ldflags '-s -w' -o "$fs/bin/true" ./collector/internal/probe/kernels/true
		for package in $(go list -f '{{if .TestGoFiles}}{{.ImportPath}}{{end}}' ./collector/internal/probe/...); do
			go test -c -trimpath -ldflags '-s -w' -o "$fs/tests/$(basename "$package").test" "$package"
		done
	)
	(cd "$fs" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/initrd.gz"
}

# Boots one kernel, shows what matters of its output, and fails when its tests did. A machine that did not reach its
# first process is given another chance: emulation on a busy host loses timer interrupts.
boot() {
	local name=$1 image=$2 extra=${3:-}
	local log=$cache/$name.log began=$SECONDS attempt
	for attempt in 1 2 3; do
		emulate "$image" "$extra" >"$log" 2>&1 || true
		grep -aq 'VYMIR kernel' "$log" && break
		echo "$name: attempt $attempt did not boot"
	done
	tr -d '\r' <"$log" | grep -aE '^(VYMIR|--- |    --- (FAIL|SKIP)| +[a-z]+_test\.go|panic:)' | sed 's/^/  /' || true
	echo "$name: $((SECONDS - began)) s, log in $log"
	grep -aq 'VYMIR result: pass' "$log"
}

# cx16=off: QEMU 7.2 spoils the flags of cmpxchg16b, on which newer kernels then fall over.
emulate() {
	timeout 900 qemu-system-x86_64 -accel tcg,thread=single -cpu max,cx16=off -m 768 -smp 1 -nographic -no-reboot \
		-nic none -kernel "$1" -initrd "$cache/initrd.gz" \
		-append "console=ttyS0 panic=-1 quiet no_timer_check lsm=lockdown,capability,bpf $2" </dev/null
}

build
failed=()
[ $# -gt 0 ] || set -- 6.1 6.1-locked 6.12 6.12-locked 5.10 sid
for release; do
	extra=
	case $release in
	*-locked) extra="lockdown=confidentiality VYMIR_NEED_KINDS=tp_btf,fentry,lsm,cgroup,fanotify" ;;
	# Before 5.13 the file systems in memory, of which this machine has no others, cannot be marked.
	5.10) extra="VYMIR_NEED_KINDS=tp_btf,raw_tp,tracepoint,fentry,lsm,netlink,cgroup" ;;
	*) extra="VYMIR_NEED_KINDS=tp_btf,raw_tp,tracepoint,fentry,lsm,netlink,cgroup,fanotify" ;;
	esac
	case $release in
	5.10*) image=$(kernel 5.10 bullseye-security '^linux-image-5\.10\.0-[0-9]+-cloud-amd64$') ;;
	6.1*) case $release in
		6.12*) image=$(kernel 6.12 bookworm-backports '^linux-image-6\.12\.[0-9]+\+deb12-cloud-amd64$') ;;
		*) image=$(kernel 6.1 bookworm '^linux-image-6\.1\.0-[0-9]+-cloud-amd64$') ;;
		esac ;;
	sid) image=$(kernel sid sid '^linux-binary-[0-9.]+\+deb[0-9]+-cloud-amd64$') ;;
	*) echo "no such release: $release" >&2; exit 2 ;;
	esac
	boot "$release" "$image" "$extra" || failed+=("$release")
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
