#!/bin/sh
# Installs the Vymir agent on a Linux host with systemd, or takes all of it away again.
#
#   install.sh --binary ./vymir-agent --server HOST:PORT --token-file FILE
#   install.sh --uninstall [--purge]
#
# SPDX-License-Identifier: Apache-2.0
set -eu

PREFIX=${VYMIR_PREFIX:-}            # a directory to install into instead of /, for packagers and tests
BIN=/usr/bin/vymir-agent
CONF_DIR=/etc/vymir
CONF=$CONF_DIR/agent.yaml
STATE=/var/lib/vymir
UNIT=/etc/systemd/system/vymir-agent.service

binary='' server='' token_file='' action=install purge=no start=yes lang=''

# say EN UK: prints the line in the reader's language.
say() {
	case "${lang:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}" in
	uk*) printf '%s\n' "$2" ;;
	*) printf '%s\n' "$1" ;;
	esac
}
die() { say "vymir: $1" "vymir: $2" >&2; exit "${3:-1}"; }

usage() {
	say "Usage: install.sh --binary FILE --server HOST:PORT --token-file FILE [--no-start] [--lang uk|en]
       install.sh --uninstall [--purge]

  --binary FILE      the vymir-agent program for this machine
  --server H:P       the server this host will report to
  --token-file FILE  the one-time enrolment token; it is read once and not kept
  --no-start         put everything in place, enrol and start nothing
  --uninstall        stop the agent and remove program, unit and configuration
  --purge            with --uninstall: remove its key, certificate and outbox too" \
"Вжиток: install.sh --binary ФАЙЛ --server ВУЗОЛ:ПОРТ --token-file ФАЙЛ [--no-start] [--lang uk|en]
        install.sh --uninstall [--purge]

  --binary ФАЙЛ      програма vymir-agent для цієї машини
  --server В:П       сервер, якому звітуватиме цей вузол
  --token-file ФАЙЛ  одноразовий токен реєстрації; його зчитують один раз і не зберігають
  --no-start         лише розкласти файли: нічого не реєструвати й не запускати
  --uninstall        зупинити агента, вилучити програму, службу й налаштування
  --purge            разом з --uninstall: вилучити також його ключ, сертифікат і чергу надсилання"
}

while [ $# -gt 0 ]; do
	case "$1" in
	--binary|--server|--token-file|--lang)
		[ $# -ge 2 ] || die "$1 needs a value; see --help" "$1 потребує значення; див. --help" 2
		case "$1" in
		--binary) binary=$2 ;; --server) server=$2 ;; --token-file) token_file=$2 ;; --lang) lang=$2 ;;
		esac
		shift ;;
	--uninstall) action=uninstall ;;
	--purge) purge=yes ;;
	--no-start) start=no ;;
	-h|--help) usage; exit 0 ;;
	*) die "unknown option $1; see --help" "невідомий параметр $1; див. --help" 2 ;;
	esac
	shift
done

has_systemd() { [ -z "$PREFIX" ] && [ -d /run/systemd/system ]; }

if [ -z "$PREFIX" ] && [ "$(id -u)" != 0 ]; then
	die "run this as root (sudo sh install.sh ...)" "запустіть це від root (sudo sh install.sh ...)"
fi

if [ "$action" = uninstall ]; then
	if has_systemd; then
		systemctl disable --now vymir-agent.service >/dev/null 2>&1 || true
	fi
	rm -f "$PREFIX$UNIT" "$PREFIX$BIN" "$PREFIX$CONF"
	rmdir "$PREFIX$CONF_DIR" 2>/dev/null || true
	if has_systemd; then
		systemctl daemon-reload
		systemctl reset-failed vymir-agent.service >/dev/null 2>&1 || true
	fi
	if [ "$purge" = yes ]; then
		rm -rf "$PREFIX$STATE"
		say "Vymir is removed, its key and outbox too. Ask your assessor to revoke this host." \
		    "Vymir вилучено разом із ключем і чергою. Попросіть оцінювача відкликати цей вузол."
	else
		say "Vymir is removed. Its key and outbox stay in $STATE; --purge removes them." \
		    "Vymir вилучено. Його ключ і черга лишилися в $STATE; вилучити їх: --purge."
	fi
	exit 0
fi

[ -n "$binary" ] || { usage >&2; exit 2; }
[ -f "$binary" ] || die "no such program: $binary" "немає такої програми: $binary"
if [ -z "$PREFIX" ]; then
	"$binary" version >/dev/null 2>&1 ||
		die "$binary does not run here: is it built for $(uname -m)?" "$binary тут не запускається: чи зібрано її для $(uname -m)?"
fi
if [ "$start" = yes ]; then
	[ -n "$server" ] || die "--server is missing; see --help" "не вказано --server; див. --help" 2
	[ -n "$token_file" ] || die "--token-file is missing; see --help" "не вказано --token-file; див. --help" 2
	[ -r "$token_file" ] || die "cannot read $token_file" "не вдається прочитати $token_file"
fi

mkdir -p "$PREFIX/usr/bin" "$PREFIX$CONF_DIR" "$PREFIX/etc/systemd/system"
[ -d "$PREFIX$STATE" ] || mkdir -p "$PREFIX$STATE"
chmod 0750 "$PREFIX$CONF_DIR"
chmod 0700 "$PREFIX$STATE"

# The program is replaced by renaming: a running agent keeps its old file, a power cut leaves one whole file.
install -m 0755 "$binary" "$PREFIX$BIN.new"
mv -f "$PREFIX$BIN.new" "$PREFIX$BIN"

here=$(cd "$(dirname "$0")" && pwd)
[ -f "$here/vymir-agent.service" ] || die "vymir-agent.service is not beside install.sh" "поруч з install.sh немає vymir-agent.service"
install -m 0644 "$here/vymir-agent.service" "$PREFIX$UNIT"
if [ ! -e "$PREFIX$CONF" ]; then
	install -m 0640 "$here/agent.yaml" "$PREFIX$CONF"
fi

if [ "$start" = no ]; then
	say "Vymir is in place. Next: vymir-agent enrol --server HOST:PORT --token-file FILE, then systemctl enable --now vymir-agent" \
	    "Vymir встановлено. Далі: vymir-agent enrol --server ВУЗОЛ:ПОРТ --token-file ФАЙЛ, потім systemctl enable --now vymir-agent"
	exit 0
fi

if [ -e "$PREFIX$STATE/identity" ] && "$PREFIX$BIN" status --format json >/dev/null 2>&1; then
	say "This host is enrolled already; its identity is kept." "Цей вузол уже зареєстровано; його посвідчення збережено."
else
	"$PREFIX$BIN" enrol --config "$PREFIX$CONF" --server "$server" --token-file "$token_file" || die \
		"enrolment failed; nothing was started. Mend what it says above and run install.sh again" \
		"зареєструвати не вдалося; нічого не запущено. Усуньте зазначену вище причину й запустіть install.sh ще раз"
fi

if has_systemd; then
	systemctl daemon-reload
	systemctl enable vymir-agent.service >/dev/null 2>&1
	systemctl restart vymir-agent.service
	say "The agent runs. See what it found: vymir-agent assess --lang en; what leaves this host: vymir-agent outbox list" \
	    "Агент працює. Що він виявив: vymir-agent assess --lang uk; що залишає цей вузол: vymir-agent outbox list"
else
	say "There is no systemd here: start '$BIN run --config $CONF' from your init system." \
	    "Тут немає systemd: запускайте «$BIN run --config $CONF» засобами вашої системи ініціалізації."
fi
