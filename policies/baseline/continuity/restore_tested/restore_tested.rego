# METADATA
# title: A restore from the backup was tried
# description: >-
#   A backup nobody has restored from is a hope. No program can see that a restore was tried, so the administrator
#   states it in a file below /etc/vymir/attested, with the date and a path to the record. A statement without its
#   evidence, or an old one, does not count.
# custom:
#   uk:
#     title: Відновлення з резервної копії перевірено
#     rationale: >-
#       Резервна копія, з якої ніхто не відновлювався, – лише надія. Жодна програма не побачить, що відновлення
#       перевіряли, тож адміністратор засвідчує це файлом у /etc/vymir/attested із датою та шляхом до протоколу.
#       Свідчення без доказу або застаріле не враховується.
#   severity: high
#   severity_reason:
#     en: "A backup that cannot be restored is found out on the worst day."
#     uk: "Те, що копія не відновлюється, виявляють у найгірший день."
#   capability: backup
#   halves: [persisted]
#   facts: [continuity]
#   aliases: [BKP-03]
#   baselines: [server]
#   params:
#     - name: max_days
#       default: 180
#       meaning:
#         en: "oldest acceptable trial of a restore, in days"
#         uk: "найбільший прийнятний вік перевірки відновлення, у днях"
#   mappings:
#     csf2: [RC.RP-03, PR.DS-11]
#     cis8: ["11.5"]
#     nist80053: [CP-4, CP-9]
#     iso27001: [A.8.13, A.5.30]
#   remedy:
#     en: >-
#       Restore a few files and one data base to another place, compare them, write down what was done and how long it
#       took, and state it. Nothing on the host changes by it.
#     uk: >-
#       Відновіть кілька файлів і одну базу даних в інше місце, порівняйте їх, запишіть, що зроблено і скільки часу це
#       забрало, і засвідчіть це. На самому вузлі від цього нічого не змінюється.
#   remedy_commands:
#     debian: |-
#       mkdir -p /etc/vymir/attested
#       printf 'subject = restore_test\ndate = %s\nby = NAME\nevidence = /root/restore-test.txt\n' "$(date +%F)" > /etc/vymir/attested/restore.conf
#     rhel: |-
#       mkdir -p /etc/vymir/attested
#       printf 'subject = restore_test\ndate = %s\nby = NAME\nevidence = /root/restore-test.txt\n' "$(date +%F)" > /etc/vymir/attested/restore.conf
#     alpine: |-
#       mkdir -p /etc/vymir/attested
#       printf 'subject = restore_test\ndate = %s\nby = NAME\nevidence = /root/restore-test.txt\n' "$(date +%F)" > /etc/vymir/attested/restore.conf
#   reasons:
#     none:
#       en: "Nobody has stated that a restore was tried."
#       uk: "Ніхто не засвідчив, що відновлення перевірено."
#     old:
#       en: "A restore was last tried on {date}."
#       uk: "Відновлення востаннє перевіряли {date}."
#     no_evidence:
#       en: "The record of the restore named in {file} is not there."
#       uk: "Протоколу відновлення, названого в {file}, немає."
#     tried:
#       en: "A restore was tried on {date}."
#       uk: "Відновлення перевірено {date}."
package baseline.continuity.restore_tested

tests := [statement |
	some statement in input.continuity.attested
	statement.subject in {"restore_test", "restore-test", "restore"}
	statement.age_days >= 0
]

fresh := [statement | some statement in tests; statement.age_days <= data.params.continuity.restore_tested.max_days]

shown := [statement | some statement in fresh; statement.evidence.kind == "file"]

newest := max([statement.date | some statement in tests])

persisted := {
	"verdict": "pass",
	"reason": "tried",
	"params": {"date": substring(shown[0].date, 0, 10)},
	"evidence": {"statements": shown},
} if {
	count(shown) > 0
} else := {
	"verdict": "fail",
	"reason": "no_evidence",
	"params": {"file": fresh[0].file},
	"evidence": {"statements": fresh},
} if {
	count(fresh) > 0
	every statement in fresh {
		object.get(statement, ["evidence", "kind"], "absent") == "absent"
	}
} else := {"verdict": "fail", "reason": "old", "params": {"date": substring(newest, 0, 10)}, "evidence": {"statements": tests}} if {
	count(tests) > 0
	count(fresh) == 0
} else := {"verdict": "fail", "reason": "none"} if {
	is_array(input.continuity.attested)
	count(tests) == 0
}
