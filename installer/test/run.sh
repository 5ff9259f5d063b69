#!/usr/bin/env bash
# Installs the agent into a real Debian that systemd really boots (systemd-nspawn on a debootstrap root), against a
# server on this machine, looks at what it measured, and takes it away again. Needs root; Debian's packages only.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "installer test needs root: it boots a container" >&2; exit 1; }
cache=${VYMIR_TEST_ROOT:-.cache/debian12}
name=vymir-inst-$$
work=$(mktemp -d /tmp/$name.XXXXXX)
server=

cleanup() {
	machinectl terminate "$name" >/dev/null 2>&1 || true
	[ -z "${nspawn:-}" ] || kill "$nspawn" 2>/dev/null || true
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

if [ ! -e "$cache/.complete" ]; then
	echo "building a Debian 12 root in $cache (once) ..."
	rm -rf "$cache"; mkdir -p "$(dirname "$cache")"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,openssh-server,nftables,sudo,procps,kmod,iproute2 \
		bookworm "$cache" >/dev/null
	touch "$cache/.complete"
fi
cp -a "$cache" "$work/root"

echo "starting a server on loopback"
mkdir "$work/srv"
printf 'state: %s\nweb: {listen: "127.0.0.1:28443"}\nagents: {listen: "127.0.0.1:27443"}\n' "$work/srv" >"$work/server.yaml"
bin/vymir-server serve --config "$work/server.yaml" >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do grep -q "msg=serving" "$work/server.log" && break; sleep 0.2; done
bin/vymir-server recipient create --config "$work/server.yaml" --id r-inst --name "Проба" --name-en "Trial" >/dev/null
install -d "$work/root/opt/vymir"
go test -c -o "$work/root/opt/vymir/collector.test" ./collector
cp bin/vymir-agent installer/install.sh installer/vymir-agent.service installer/agent.yaml installer/test/compare.sh "$work/root/opt/vymir/"
bin/vymir-server site create --config "$work/server.yaml" --id s-inst --recipient r-inst --name "Майданчик" >/dev/null
bin/vymir-server token create --config "$work/server.yaml" --recipient r-inst --ttl 1h >"$work/root/opt/vymir/token"

echo "booting Debian in a container"
systemd-nspawn --quiet --boot --machine="$name" --directory="$work/root" --register=no --keep-unit \
	--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN,CAP_SYSLOG,CAP_AUDIT_CONTROL --system-call-filter="bpf perf_event_open" \
	>"$work/boot.log" 2>&1 </dev/null &
nspawn=$!
leader() { pgrep -P "$nspawn" | head -1; }
inside() { nsenter -t "$(leader)" -m -u -i -p -n -r -w -- /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"; }
for _ in $(seq 150); do
	s=$(inside systemctl is-system-running 2>/dev/null || true)
	case "$s" in running|degraded) break ;; esac
	sleep 0.2
done
case "$s" in running|degraded) ;; *) echo "systemd did not come up: $s"; tail -20 "$work/boot.log"; exit 1 ;; esac

inside sh /opt/vymir/install.sh --binary /opt/vymir/vymir-agent --server 127.0.0.1:27443 --token-file /opt/vymir/token --lang uk
inside systemctl is-active vymir-agent.service
inside systemctl is-enabled vymir-agent.service
for _ in $(seq 300); do
	n=$(bin/vymir-server hosts list --config "$work/server.yaml" --format json | grep -c '"last_sequence": *[1-9]' || true)
	[ "$n" -ge 1 ] && break; sleep 0.2
done
[ "$n" -ge 1 ] || { echo "no assessment arrived"; inside journalctl -u vymir-agent --no-pager | tail -20; exit 1; }
inside vymir-agent status | tee "$work/status"
grep -Eq "exec proven \\((tp_btf|fentry|raw_tp|tracepoint)\\)" "$work/status" || { echo "the probes do not work under the unit's rights"; exit 1; }
inside systemd-analyze security vymir-agent.service --no-pager | tail -1

echo "comparing the facts with what this Debian's own tools say"
inside sh /opt/vymir/compare.sh /opt/vymir/collector.test | tee "$work/agree" | grep -E '^ *--- ' || true
grep -q '^PASS' "$work/agree" || { cat "$work/agree"; exit 1; }
! grep -q -- '--- SKIP' "$work/agree" || { echo "a comparison did not run: a tool is missing in the container"; cat "$work/agree"; exit 1; }

inside sh /opt/vymir/install.sh --uninstall --purge --lang en
for f in /usr/bin/vymir-agent /etc/vymir /var/lib/vymir /etc/systemd/system/vymir-agent.service; do
	if inside test -e "$f"; then echo "left behind: $f"; exit 1; fi
done
if inside pgrep -x vymir-agent; then echo "the agent still runs"; exit 1; fi
# The comparison's own units are called vymir-idle and vymir-fails.
if inside systemctl list-unit-files | grep vymir-agent; then echo "a unit was left behind"; exit 1; fi
echo "the server under its own unit"
install -m 0755 bin/vymir-server "$work/root/usr/bin/vymir-server"
install -m 0644 installer/vymir-server.service "$work/root/etc/systemd/system/"
install -d "$work/root/etc/vymir"
printf 'web: {listen: "127.0.0.1:28444"}\nagents: {listen: "127.0.0.1:27444", address: "localhost:27444"}\nmetrics: {listen: "127.0.0.1:29464"}\n' >"$work/root/etc/vymir/server.yaml"
inside systemctl daemon-reload
inside systemctl start vymir-server.service
for _ in $(seq 100); do grep -q "msg=serving" <<<"$(inside journalctl -u vymir-server -o cat --no-pager)" && break; sleep 0.2; done
[ "$(curl -fsSk --max-time 20 https://127.0.0.1:28444/healthz)" = ok ] || { echo "the server does not serve under its unit"; inside journalctl -u vymir-server --no-pager | tail -20; exit 1; }
curl -fsS --max-time 20 http://127.0.0.1:29464/metrics >"$work/metrics"
grep -q '^vymir_store_failed_total 0$' "$work/metrics" || { echo "its metrics do not say that nothing failed"; exit 1; }
# The operator's commands work beside it, as root, and leave files that it can use.
inside vymir-server recipient create --id r-unit --name "Проба" --name-en "Trial" >/dev/null
inside vymir-server site create --id s-unit --recipient r-unit --name "Майданчик" >/dev/null
grep -q . <<<"$(inside vymir-server token create --recipient r-unit --ttl 1h)"
inside vymir-server backup /root/copy.db >/dev/null
grep -q sound <<<"$(inside vymir-server check)"
if inside vymir-server restore /root/copy.db 2>"$work/refused"; then echo "restored beside a running server"; exit 1; fi
grep -q "stop it first" "$work/refused"
inside systemctl restart vymir-server.service
for _ in $(seq 100); do [ "$(curl -fsSk --max-time 5 https://127.0.0.1:28444/healthz 2>/dev/null)" = ok ] && break; sleep 0.2; done
grep -q r-unit <<<"$(inside vymir-server recipient list)"
main=$(inside systemctl show -P MainPID vymir-server.service)
inside grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' "/proc/$main/status" | tr '\n\t' '  '; echo
[ "$(inside awk '/^Uid/ {print ($2 > 0)}' "/proc/$main/status")" = 1 ] || { echo "the server runs as root"; exit 1; }
[ "$(inside awk '/^CapEff/ {print $2}' "/proc/$main/status")" = 0000000000000000 ] || { echo "the server has capabilities"; exit 1; }
inside systemd-analyze security vymir-server.service --no-pager --threshold=20 | tail -1
# A configuration that is not safe keeps it from starting, with the reason in the journal.
printf 'web: {listen: "127.0.0.1:28444", address: "http://vymir.example"}\n' >"$work/root/etc/vymir/server.yaml"
inside systemctl restart vymir-server.service 2>/dev/null || true
for _ in $(seq 50); do grep -q "sessions would travel readable" <<<"$(inside journalctl -u vymir-server -o cat --no-pager)" && break; sleep 0.2; done
grep -q "sessions would travel readable" <<<"$(inside journalctl -u vymir-server -o cat --no-pager)" || { echo "an unsafe configuration was not refused"; exit 1; }
inside systemctl stop vymir-server.service
echo "installed, measured, removed: nothing was left; the server serves under its unit"
