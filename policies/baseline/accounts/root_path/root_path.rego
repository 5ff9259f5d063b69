# METADATA
# title: Root runs programs only from places that root controls
# description: >-
#   A directory in root's PATH that others may write to, or a relative one, lets somebody slip a program in that
#   root will run. Missing directories do no harm.
# custom:
#   uk:
#     title: Root запускає програми лише з місць, які контролює root
#     rationale: >-
#       Якщо до PATH користувача root входить каталог, доступний іншим для запису, або відносний шлях, хтось
#       може підсунути програму, яку root запустить. Відсутні каталоги не шкодять.
#   severity: high
#   severity_reason:
#     en: "It is a short way from a local user to root."
#     uk: "Це короткий шлях від локального користувача до root."
#   capability: hardening
#   halves: [persisted]
#   facts: [accounts]
#   aliases: []
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3", "4.1"]
#     nist80053: [AC-6, CM-6]
#     iso27001: [A.8.2]
#   remedy:
#     en: >-
#       Remove the named entries from PATH in root's start-up files and in /etc/profile, /etc/environment and
#       login.defs, or take write access to these directories away from others.
#     uk: >-
#       Приберіть названі елементи з PATH у файлах запуску root, /etc/profile, /etc/environment і login.defs або
#       заберіть в інших право запису в ці каталоги.
#   reasons:
#     unsafe:
#       en: "Others can put programs where root looks for them: {found}."
#       uk: "Інші можуть покласти програми туди, де їх шукає root: {found}."
#     safe:
#       en: "Only root controls the places root runs programs from."
#       uk: "Місця, звідки root запускає програми, контролює лише root."
package baseline.accounts.root_path

persisted := {"verdict": "fail", "reason": "unsafe", "params": {"found": unsafe}, "evidence": {"path": unsafe}} if {
	unsafe := input.accounts.root_path_unsafe
	count(unsafe) > 0
} else := {"verdict": "pass", "reason": "safe"} if {
	input.accounts.root_path_unsafe == []
}
