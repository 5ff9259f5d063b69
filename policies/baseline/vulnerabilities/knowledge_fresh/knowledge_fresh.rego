# METADATA
# title: What is known of this release's vulnerabilities is fresh
# description: >-
#   An old index knows nothing of new vulnerabilities; what rests on it is unmeasured, not clean. Counted is the age of the
#   newest entry about this release, not the age of the file: a release that nobody writes about any more has no knowledge.
# custom:
#   uk:
#     title: Відомості про вразливості цього випуску системи свіжі
#     rationale: >-
#       Старий покажчик нічого не знає про нові вразливості; те, що на ньому ґрунтується, не виміряно, а не чисто. Враховано
#       вік найновішого запису саме про цей випуск, а не вік файлу: про випуск, який більше ніхто не супроводжує, відомостей
#       немає.
#   severity: medium
#   severity_reason:
#     en: Nobody learns of new vulnerabilities.
#     uk: Ніхто не дізнається про нові вразливості.
#   capability: patching
#   halves: [persisted]
#   facts: [vulnerabilities]
#   baselines: [server, workstation, appliance]
#   params:
#     - name: max_days
#       default: 30
#       meaning:
#         en: greatest age of the newest entry, in days
#         uk: найбільший вік найновішого запису, у днях
#   mappings:
#     csf2: [ID.RA-01, ID.RA-08]
#     cis8: ["7.1"]
#     nist80053: [RA-5, SI-5]
#     iso27001: [A.5.7, A.8.8]
#   remedy:
#     en: >-
#       Let the server import fresh data and the agent reach it; carry the signed index over by hand where there is no
#       network. If the release is out of support, upgrade.
#     uk: >-
#       Імпортуйте свіжі дані на сервер і забезпечте агентові зв'язок із ним; де мережі немає, перенесіть підписаний
#       покажчик уручну. Якщо підтримку випуску завершено, перейдіть на новий.
#   reasons:
#     old:
#       en: "The newest entry about {release} is {days} days old."
#       uk: "Найновішому запису про {release} {days} дн."
#     fresh:
#       en: "The newest entry about {release} is {days} days old."
#       uk: "Найновішому запису про {release} {days} дн."
package baseline.vulnerabilities.knowledge_fresh

import data.lib.vulnerabilities

max_days := data.params.vulnerabilities.knowledge_fresh.max_days

index := input.vulnerabilities.index

persisted := {"verdict": "pass", "reason": "fresh", "params": {"release": index.ecosystem, "days": index.age_days}} if {
	vulnerabilities.fresh(max_days)
} else := {"verdict": "fail", "reason": "old", "params": {"release": index.ecosystem, "days": index.age_days}} if {
	index.age_days > max_days
}
