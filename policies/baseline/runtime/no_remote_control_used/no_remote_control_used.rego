# METADATA
# title: No remote-control program was used that nobody approved
# description: >-
#   The kernel saw AnyDesk, TeamViewer or the like run within the last 31 days, even if it does not run now. Such
#   programs are often started for a quarter of an hour, at the request of a caller who says he is from the
#   support.
# custom:
#   uk:
#     title: Непогодженими програмами віддаленого керування не користувалися
#     rationale: >-
#       Ядро зафіксувало запуск AnyDesk, TeamViewer чи подібної програми протягом останніх 31 дня, навіть якщо
#       зараз вона не працює. Такі програми часто запускають на чверть години на прохання людини, яка телефонує
#       ніби зі служби підтримки.
#   severity: high
#   severity_reason:
#     en: Whoever held the other end held the screen and keyboard.
#     uk: Хто був на іншому кінці, тримав у руках екран і клавіатуру.
#   capability: remote_access
#   halves: [live]
#   facts: [runtime]
#   aliases: [NET-11]
#   baselines: [essential, server, workstation]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: names of remote-control programs that are used on purpose
#         uk: назви програм віддаленого керування, якими користуються свідомо
#   mappings:
#     csf2: [PR.AA-05, DE.CM-09]
#     cis8: ["2.3", "13.5"]
#     nist80053: [AC-17, SI-4]
#     iso27001: [A.8.20, A.6.7]
#   remedy:
#     en: >-
#       Ask who used the program and with whom. If nobody can say, treat it as an incident. Remove it, or approve
#       it by the parameter.
#     uk: >-
#       З'ясуйте, хто і з ким користувався цією програмою. Якщо ніхто не знає, вважайте це інцидентом. Вилучіть її
#       або погодьте через параметр.
#   reasons:
#     seen:
#       en: "Used: {names}."
#       uk: "Користувалися: {names}."
#     none:
#       en: "None was used."
#       uk: "Такими програмами не користувалися."
package baseline.runtime.no_remote_control_used

import data.lib.probes

tools := {
	"anydesk", "teamviewer", "teamviewerd", "teamviewer_desktop", "rustdesk", "ammyy", "aa_v3", "rutserv", "aeroadmin", "supremo",
	"splashtop*", "srfeature", "nxd", "nxserver*", "nxnode*", "x11vnc", "xvnc", "xtigervnc", "vncserver*", "vino-server", "krfb",
	"wayvnc", "xrdp", "xrdp-sesman", "chrome-remote-desktop*", "remoting_me2me_host", "meshagent", "dwagent", "dwagsvc",
	"getscreen*", "ngrok", "cloudflared", "frpc", "frps", "chisel", "ttyd", "gotty", "shellinaboxd", "hoptodesk", "parsecd",
	"litemanager", "romserver",
}

found := [p |
	some p in input.runtime.programs
	name := lower(probes.base(p.path))
	probes.named(name, tools)
	not name in approved
]

approved := {lower(name) | some name in data.params.runtime.no_remote_control_used.approved}

names := {probes.base(p.path) | some p in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"programs": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("exec", input.runtime.programs)
}
