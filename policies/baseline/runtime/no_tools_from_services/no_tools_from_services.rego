# METADATA
# title: No service starts the tools of an intruder
# description: >-
#   The kernel saw a web server, a database or another service start a network tool, or look up which user it is.
#   Whoever has broken into a service does that first; the service itself has no need to.
# custom:
#   uk:
#     title: Жодна служба не запускає засобів зловмисника
#     rationale: >-
#       Ядро зафіксувало, як вебсервер, база даних чи інша служба запустила мережевий засіб або перевіряла, від
#       чийого імені вона працює. Саме з цього починає той, хто зламав службу; їй самій це не потрібно.
#   severity: high
#   severity_reason:
#     en: It is the first step after a break-in.
#     uk: Це перший крок після зламу.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [LOG-06]
#   baselines: [essential, server, appliance]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: names of tools that services here start by design
#         uk: назви засобів, які тутешні служби запускають штатно
#   mappings:
#     csf2: [DE.CM-09, DE.AE-02]
#     cis8: ["8.8", "13.2"]
#     nist80053: [SI-4, CM-7]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Look into the service's log at that time, and for files that were uploaded to it. If it does so by design,
#       name the tool in the parameter.
#     uk: >-
#       Перегляньте журнал служби за цей час і пошукайте файли, завантажені через неї. Якщо така поведінка
#       передбачена, назвіть засіб у параметрі.
#   reasons:
#     seen:
#       en: "Started: {names}."
#       uk: "Запущено: {names}."
#     none:
#       en: "No service started such a tool."
#       uk: "Жодна служба таких засобів не запускала."
package baseline.runtime.no_tools_from_services

import data.lib.probes

services := {
	"nginx", "apache2", "httpd", "lighttpd", "caddy", "php-fpm*", "php-cgi*", "uhttpd", "mysqld", "mariadbd", "postgres", "redis-server",
	"mongod", "memcached", "named", "unbound", "vsftpd", "proftpd", "pure-ftpd*", "smbd", "slapd", "exim*", "dovecot", "beam.smp",
	"catalina*", "tomcat*", "gunicorn*", "uwsgi*", "w3wp",
}

tools := {
	"nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "socat", "whoami", "id", "uname", "nmap", "masscan", "telnet", "ftp", "tftp",
	"wget", "curl", "chisel", "base64", "xxd",
}

# a program remembers 16 parents at most: with more of them one may be missing
full(program) if count(program.parents) >= 16

found := [sprintf("%s → %s", [parent, probes.base(p.path)]) |
	some p in input.runtime.programs
	name := probes.base(p.path)
	name in tools
	not name in data.params.runtime.no_tools_from_services.approved
	some parent in p.parents
	probes.named(parent, services)
]

uncertain := [p | some p in input.runtime.programs; probes.base(p.path) in tools; full(p)]

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(found)}, "evidence": {"started": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole_exec(input.runtime.programs)
	count(uncertain) == 0
}
