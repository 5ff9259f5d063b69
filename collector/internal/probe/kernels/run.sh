#!/usr/bin/env bash
# Boots Debian's own kernels in QEMU, by software emulation alone, and runs the probe tests inside as root.
#
#	run.sh [RELEASE...]	6.1 (Debian 12), 6.1-locked (the same under lockdown=confidentiality), 6.12 (backports),
#				6.12-locked, 5.10 (Debian 11), sid (the newest); 5.4 and 4.18 (Ubuntu's, as Debian's mirrors
#				have none of that age any more), where the probes work in degraded form
#
# Without an argument: all of them. Kernels are fetched with apt into .cache/kernels, nothing is installed but what
# this script needs; apt's own sources stay as they are. One kernel costs two to five minutes.
#
# After the probe tests the controls of the family runtime are judged inside: VYMIR_CONTROLS is "all", or "few" for those that
# need what a machine of continuous integration may lack (module loading, fentry), or "none". VYMIR_TESTS names the packages whose
# tests are run ("privilege probe"); empty: all.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
cache=${VYMIR_KERNELS:-$root/.cache/kernels}
mkdir -p "$cache"

need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
missing=()
need qemu-system-x86_64 qemu-system-x86; need busybox busybox-static; need cpio cpio; need xz xz-utils; need ip iproute2
if [ ${#missing[@]} -gt 0 ]; then
	echo "installing ${missing[*]}"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# A private view of one Debian suite, so that the machine's sources and lists stay untouched.
apt_private() {
	local suite=$1; shift
	local dir=$cache/apt-$suite mirror=http://deb.debian.org/debian trust=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	case $suite in
	*-security) mirror=http://deb.debian.org/debian-security ;;
	# Debian has no keys of Ubuntu's; what is fetched from there is compared with a sum that stands below.
	bionic-updates | focal-updates) mirror=http://archive.ubuntu.com/ubuntu trust=trusted=yes ;;
	esac
	echo "deb [$trust] $mirror $suite main" >"$dir/sources.list"
	local options=(-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root)
	"$1" "${options[@]}" "${@:2}"
}

# The modules that the tests want: a driver that nothing calls for, and what a stick is made of that nobody plugs in.
wanted="dummy loop fuse"

# Prints the path of a release's kernel image, fetched when it is not there yet, with some of its modules beside it; one that
# stands in the image itself, or in another package, is empty. A sum is given for what nobody signed for us.
kernel() {
	local name=$1 suite=$2 pattern=$3 sum=${4:-}
	local image=$cache/vmlinuz-$name module found
	if [ ! -s "$image" ] || [ ! -e "$cache/${wanted##* }-$name.ko" ]; then
		apt_private "$suite" apt-get update -qq >&2
		local package
		package=$(apt_private "$suite" apt-cache search --names-only "$pattern" | awk '{print $1}' | sort -V | tail -1)
		[ -n "$package" ] || { echo "no kernel like $pattern in $suite" >&2; return 1; }
		local work; work=$(mktemp -d)
		chmod 755 "$work"
		(
			cd "$work"
			apt_private "$suite" apt-get download -qq "$package" >&2
			[ -z "$sum" ] || echo "$sum $(ls "$package"_*.deb)" | sha256sum --check --quiet >&2
			dpkg -x "$package"_*.deb x
			# From 7 on the modules are a package of their own.
			local modules=${package/linux-binary-/linux-modules-}
			if [ "$modules" != "$package" ]; then
				apt_private "$suite" apt-get download -qq "$modules" >&2 && dpkg -x "$modules"_*.deb x
			fi
		)
		cp "$(find "$work/x" -type f -name 'vmlinuz*' | head -1)" "$image"
		for module in $wanted; do
			found=$(find "$work/x" -type f -name "$module.ko*" | head -1)
			case $found in
			*.xz) xz -dc "$found" ;;
			*.zst) zstd -qdc "$found" ;;
			*.ko) cat "$found" ;;
			esac >"$cache/$module-$name.ko" # none: tests that need one say so
		done
		rm -rf "$work"
	fi
	echo "$image"
}

# Puts a program of this machine and the libraries it needs into the root file system: busybox judges by the name it is called
# by, and the tests run copies under other names.
program() {
	local fs=$1 path=$2 to=$3 lib
	cp -L "$path" "$fs/bin/$to"
	for lib in $(ldd "$path" | grep -o '/[^ ]*'); do
		mkdir -p "$fs$(dirname "$lib")" && cp -Ln "$lib" "$fs$lib"
	done
}

build() {
	local fs=$cache/root
	rm -rf "$fs"; mkdir -p "$fs"/{bin,dev,proc,sys,tmp,etc,tests,var/lib,var/log,run,etc/cron.d}
	cp "$(command -v busybox)" "$fs/bin/busybox"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$fs/etc/passwd"
	printf 'root:x:0:\n' >"$fs/etc/group"
	local p
	for p in bash cat cp sleep whoami; do program "$fs" "$(command -v $p)" "$p"; done
	cp "$fs/bin/bash" "$fs/bin/sh"
	program "$fs" "$(command -v ip)" ip
	cp "$here/init.sh" "$fs/init"; chmod 755 "$fs/init"
	(
		cd "$root"; export CGO_ENABLED=0
		go build -trimpath -ldflags '-s -w' -o "$fs/bin/true" ./collector/internal/probe/kernels/true
		for package in $(go list -f '{{if .TestGoFiles}}{{.ImportPath}}{{end}}' ./collector/internal/probe/...); do
			case " ${VYMIR_TESTS:-$(basename "$package")} " in *" $(basename "$package") "*) ;; *) continue ;; esac
			go test -c -trimpath -ldflags '-s -w' -o "$fs/tests/$(basename "$package").test" "$package"
		done
		[ "$controls" = none ] || go test -c -trimpath -ldflags '-s -w' -o "$fs/tests/policies.test" ./policies
	)
	(cd "$fs" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/initrd.gz"
}

# Boots one kernel, shows what matters of its output, and fails when its tests did. A machine that did not reach its
# first process is given another chance: emulation on a busy host loses timer interrupts.
boot() {
	local name=$1 image=$2 extra=${3:-}
	local log=$cache/$name.log began=$SECONDS attempt
	local module
	mkdir -p "$cache/module/lib/modules"
	for module in $wanted; do cp "${image/vmlinuz-/$module-}.ko" "$cache/module/lib/modules/$module.ko"; done
	(cat "$cache/initrd.gz"; cd "$cache/module" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/initrd-$name.gz"
	for attempt in 1 2 3; do
		emulate "$image" "$cache/initrd-$name.gz" "$extra" "$log"
		grep -aq 'VYMIR kernel' "$log" && break
		echo "$name: attempt $attempt did not boot"
	done
	tr -d '\r' <"$log" | grep -aE '^(VYMIR|--- |    --- (FAIL|SKIP)| +[a-z]+_test\.go|panic:)' | sed 's/^/  /' || true
	echo "$name: $((SECONDS - began)) s, log in $log"
	grep -aq 'VYMIR result: pass' "$log"
}

# Ends when the machine does. One that hangs on its way to the first process, or on its way out after its result, as both
# happens to emulated ones on a busy host, is switched off.
# cx16=off: QEMU 7.2 spoils the flags of cmpxchg16b, on which newer kernels then fall over.
emulate() {
	local image=$1 initrd=$2 extra=$3 log=$4 began=$SECONDS over= machine
	timeout 3600 qemu-system-x86_64 -accel tcg,thread=single -cpu max,cx16=off -m 1024 -smp 1 -nographic -no-reboot \
		-nic none -kernel "$image" -initrd "$initrd" \
		-append "console=ttyS0 panic=-1 quiet no_timer_check lsm=lockdown,capability,bpf VYMIR_CONTROLS=$controls $extra" \
		</dev/null >"$log" 2>&1 &
	machine=$!
	while kill -0 "$machine" 2>/dev/null; do
		sleep 1
		if [ -z "$over" ] && grep -aq 'VYMIR result' "$log"; then over=$SECONDS; fi
		if [ -n "$over" ] && [ $((SECONDS - over)) -ge 15 ]; then kill "$machine" 2>/dev/null || true; fi
		if [ $((SECONDS - began)) -ge 300 ] && ! grep -aq 'VYMIR kernel' "$log"; then kill "$machine" 2>/dev/null || true; fi
	done
	wait "$machine" || true
}

controls=${VYMIR_CONTROLS:-all}
build
failed=()
[ $# -gt 0 ] || set -- 6.1 6.1-locked 6.12 6.12-locked 5.10 sid 5.4 4.18
for release; do
	extra=
	case $release in
	*-locked) extra="lockdown=confidentiality VYMIR_NEED_KINDS=tp_btf,fentry,lsm,cgroup,fanotify" ;;
	# Before 5.13 the file systems in memory, of which this machine has no others, cannot be marked.
	5.4 | 4.18) extra="VYMIR_NEED_KINDS=tracepoint,netlink,poll" ;;
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
	5.4) image=$(kernel 5.4 focal-updates '^linux-image-unsigned-5\.4\.0-216-generic$' \
		a0c4872252ba1e60348fd7216c9a9e27870fcb0fbc8bc9daf8dbf9735a7ea739) ;;
	4.18) image=$(kernel 4.18 bionic-updates '^linux-image-unsigned-4\.18\.0-25-generic$' \
		48255bba33b59127b69a9b8fdca27a25187bffd151ed0762bf7205b23474a08a) ;;
	*) echo "no such release: $release" >&2; exit 2 ;;
	esac
	boot "$release" "$image" "$extra" || failed+=("$release")
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
