# METADATA
# title: A backup ran within the last days
# description: >-
#   A line in a crontab is no backup. A backup program must be scheduled, and the files it writes when it runs must be
#   fresh. Where the machine is backed up from outside, by its hypervisor for example, this host cannot see it: scope
#   the control out there and keep the evidence.
# custom:
#   uk:
#     title: Протягом останніх днів виконано резервне копіювання
#     rationale: >-
#       Рядок у crontab ще не є резервною копією. Програму копіювання має бути заплановано, а файли, які вона пише під
#       час роботи, мають бути свіжими. Якщо машину копіюють іззовні, наприклад засобами гіпервізора, вузол цього не
#       бачить: там вимогу слід виключити та зберігати доказ.
#   severity: high
#   severity_reason:
#     en: Without a backup an encrypted or shelled machine is lost.
#     uk: Без резервної копії зашифровану чи знищену машину втрачено.
#   capability: backup
#   halves: [persisted]
#   facts: [continuity]
#   aliases: [BKP-01]
#   baselines: [server]
#   params:
#     - name: max_days
#       default: 7
#       meaning:
#         en: oldest acceptable backup, in days
#         uk: найбільший прийнятний вік резервної копії, у днях
#   mappings:
#     csf2: [PR.DS-11]
#     cis8: ["11.2"]
#     nist80053: [CP-9]
#     iso27001: [A.8.13]
#   remedy:
#     en: >-
#       Set up restic, borg or another program with a timer, to a place off this host, and try a restore.
#     uk: >-
#       Налаштуйте restic, borg чи іншу програму за таймером, із копіюванням за межі вузла, і спробуйте відновлення.
#   reasons:
#     none:
#       en: "No backup program is scheduled here."
#       uk: "Програму резервного копіювання тут не заплановано."
#     old:
#       en: "{name} last ran on {date}."
#       uk: "Останній запуск {name}: {date}."
#     recent:
#       en: "{name} ran on {date}."
#       uk: "Запуск {name}: {date}."
package baseline.continuity.backup_recent

tools := [t | some t in input.continuity.backups; t.installed == true; t.scheduled == true]

day_ns := ((24 * 60) * 60) * 1000000000

age_days(t) := (time.parse_rfc3339_ns(data.clock.now) - time.parse_rfc3339_ns(t.last_run)) / day_ns

recent := [t | some t in tools; age_days(t) <= data.params.continuity.backup_recent.max_days]

old := [t | some t in tools; age_days(t) > data.params.continuity.backup_recent.max_days]

persisted := {"verdict": "pass", "reason": "recent", "params": {"name": recent[0].name, "date": substring(recent[0].last_run, 0, 10)}} if {
	count(recent) > 0
} else := {"verdict": "fail", "reason": "old", "params": {"name": old[0].name, "date": substring(old[0].last_run, 0, 10)}} if {
	count(old) > 0
	count(old) == count(tools)
} else := {"verdict": "fail", "reason": "none"} if {
	is_array(input.continuity.backups)
	every t in input.continuity.backups {
		idle(t)
	}
}

idle(t) if t.installed == false

idle(t) if t.scheduled == false
