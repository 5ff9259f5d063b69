# METADATA
# title: The container engine's socket is closed to other users
# description: >-
#   The local socket of the engine is as good as a root password. It must not be open to everyone on the host.
# custom:
#   uk:
#     title: Сокет рушія контейнерів закрито від інших користувачів
#     rationale: >-
#       Локальний сокет рушія рівноцінний паролю root. Він не повинен бути доступним усім користувачам вузла.
#   severity: high
#   severity_reason:
#     en: Every local user and every broken service could become root.
#     uk: Кожен локальний користувач і кожна зламана служба могли б стати root.
#   capability: hardening
#   halves: [live]
#   facts: [containers]
#   aliases: [SVC-06]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3", "4.1"]
#     nist80053: [AC-3, AC-6]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Set the socket to mode 0660 with a group of administrators only (SocketMode= and SocketGroup= in
#       docker.socket), and restart the socket unit.
#     uk: >-
#       Встановіть для сокета права 0660 і групу, до якої входять лише адміністратори (SocketMode= та SocketGroup= у
#       docker.socket), і перезапустіть сокет.
#   reasons:
#     open:
#       en: "{path} may be written by everyone (mode {mode})."
#       uk: "{path} доступний для запису всім (права {mode})."
#     closed:
#       en: "The engines' sockets are closed to other users."
#       uk: "Сокети рушіїв закрито від інших користувачів."
package baseline.containers.engine_socket_mode

applies := count(sockets) > 0 if input.containers.engines

sockets := [engine.socket | some engine in input.containers.engines; engine.socket.kind == "socket"]

live := {
	"verdict": "fail",
	"reason": "open",
	"params": {"path": bad[0].path, "mode": bad[0].mode},
	"evidence": {"sockets": [s.path | some s in bad]},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	count(sockets) > 0
	every s in sockets {
		s.mode
	}
}

bad := [s | some s in sockets; s.world_writable == true]
