#!/usr/bin/env bash
# The pages in a headless Chromium, over data that an agent really sent: builds both programs, runs one trial round,
# serves its state, makes people for every role, and runs the tests. Everything lives in a temporary folder.
#
#   VYMIR_CHROMIUM   the browser (default: chromium or google-chrome in PATH)
#   VYMIR_BIN        a folder with both programs, built already
#   VYMIR_SHOTS      a folder to write screenshots of the pages to
#
# Arguments go to node --test, e.g. --test-name-pattern=keyboard.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)

fail() { echo "pages in a browser: $*" >&2; exit 1; }
for tool in go node npm; do command -v $tool >/dev/null || fail "$tool is missing; .ci/install test installs it"; done
VYMIR_CHROMIUM=${VYMIR_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -x "$VYMIR_CHROMIUM" ] || fail "no Chromium; install the package chromium or set VYMIR_CHROMIUM"
export VYMIR_CHROMIUM

work=$(mktemp -d "${TMPDIR:-/tmp}/vymir-e2e.XXXXXX")
server=
cleanup() {
	status=$?
	if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
	if [ $status -ne 0 ] && [ -f "$work/serve.log" ]; then echo "--- server" >&2; tail -n 20 "$work/serve.log" >&2; tail -n 20 "$work/state/server.log" >&2 || true; fi
	rm -rf "$work"
	exit $status
}
trap cleanup EXIT

(cd "$here" && npm ci --silent --no-audit --no-fund --ignore-scripts) || fail "npm ci failed"

bin=${VYMIR_BIN:-$work/bin}
if [ -z "${VYMIR_BIN:-}" ]; then
	mkdir -p "$bin"
	(cd "$root" && CGO_ENABLED=0 go build -o "$bin/" ./agent/cmd/vymir-agent ./server/cmd/vymir-server)
fi

free_port() { node -e 'const s=require("net").createServer();s.listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
web=localhost:$(free_port) # a name, as passkeys are bound to one
quic=127.0.0.1:$(free_port)
VYMIR_STATE=$work/state VYMIR_WEB=$web VYMIR_QUIC=$quic "$bin/vymir-server" trial --agent "$bin/vymir-agent" --once >"$work/trial.log" 2>&1 ||
	{ cat "$work/trial.log" >&2; fail "the trial round failed"; }

vymir() { "$bin/vymir-server" --config "$work/state/server.yaml" "$@"; }
recipient=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).recipient' "$work/state/summary.json")
vymir donor create --id d-first --name "Перша країна" --name-en "First Country" --show-name >/dev/null
vymir donor create --id d-second --name "Друга країна" --name-en "Second Country" >/dev/null
echo "measured twice, cut once" >"$work/password"
person() { # login name role scope...
	local login=$1 name=$2 role=$3
	shift 3
	vymir user create --login "$login" --name "$name" --role "$role" --password-file "$work/password" --format json "$@" >"$work/user-$login.json"
}
person it "Олена Коваль" recipient_admin --recipient "$recipient"
person first "Ігор Бондар" recipient_approver --recipient "$recipient"
person second "Марія Шевчук" recipient_approver --recipient "$recipient"
person assessor "Наталія Гриценко" assessor --recipient '*'
person donor "Anna Berg" donor --donor d-first
person other "Jan Nowak" donor --donor d-second
person observer "Jo Smith" observer --donor d-first
person coordinator "Тарас Мельник" coordinator
person auditor "Оксана Лисенко" auditor
person keys "Ганна Ткаченко" auditor
person codes "Петро Савченко" auditor

"$bin/vymir-server" --config "$work/state/server.yaml" serve >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 100); do
	node -e 'process.env.NODE_TLS_REJECT_UNAUTHORIZED="0";fetch(process.argv[1]).then(r=>process.exit(r.ok?0:1),()=>process.exit(1))' "https://$web/healthz" 2>/dev/null && break
	kill -0 $server 2>/dev/null || fail "the server ended"
	sleep 0.1
done

cd "$here"
VYMIR_URL=https://$web VYMIR_WORK=$work node --test --test-concurrency=1 --test-reporter=spec "$@" pages.test.mjs factors.test.mjs
