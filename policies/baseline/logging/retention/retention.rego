# METADATA
# title: Logs are kept for three months
# description: >-
#   Intruders are noticed after weeks, often by somebody else. What logrotate or journald throws away before then
#   cannot be looked at any more. It is enough that one of the two keeps the records long enough. Where size alone
#   decides, the control passes once the records do reach back so far, and stays open until then.
# custom:
#   uk:
#     title: Журнали зберігаються три місяці
#     rationale: >-
#       Зловмисників помічають через тижні, часто сторонні. Того, що logrotate чи journald викине раніше, вже не
#       переглянути. Досить, щоб записи достатньо довго зберігав один із двох. Де вирішує лише обсяг, вимогу виконано,
#       щойно записи справді сягають так далеко; доти питання лишається відкритим.
#   severity: medium
#   severity_reason:
#     en: "Without the records of the first weeks nobody can tell how it began."
#     uk: "Без записів перших тижнів ніхто не скаже, як усе почалося."
#   capability: monitoring
#   halves: [persisted]
#   facts: [logging]
#   aliases: [LOG-04]
#   baselines: [server]
#   params:
#     - name: min_days
#       default: 90
#       meaning:
#         en: "days for which records must be kept"
#         uk: "скільки днів мають зберігатися записи"
#   mappings:
#     csf2: [PR.PS-04]
#     cis8: ["8.10", "8.3"]
#     nist80053: [AU-11, AU-4]
#     iso27001: [A.8.15]
#   remedy:
#     en: >-
#       Let logrotate keep more (rotate 13 with weekly), or journald (MaxRetentionSec unset, or longer, and
#       SystemMaxUse large enough). See that /var/log has the room: three months of a small office server are some 1 to
#       3 GB. Where logs go to a collector that keeps them, leave the control out by a scope entry that says so.
#     uk: >-
#       Нехай logrotate зберігає більше (rotate 13 разом із weekly) або journald (без MaxRetentionSec чи з довшим і з
#       достатнім SystemMaxUse). Перевірте, чи вистачить місця в /var/log: три місяці невеликого офісного сервера – це
#       близько 1–3 ГБ. Якщо журнали збирає й зберігає окремий сервер, виключіть вимогу записом scope, що це пояснює.
#   remedy_commands:
#     debian: |-
#       sed -i 's/^\(\s*\)rotate 4$/\1rotate 13/' /etc/logrotate.d/rsyslog
#       logrotate -d /etc/logrotate.d/rsyslog
#     rhel: |-
#       sed -i 's/^rotate 4$/rotate 13/' /etc/logrotate.conf
#       logrotate -d /etc/logrotate.conf
#   reasons:
#     reaches:
#       en: "The records reach back to {date}."
#       uk: "Записи сягають {date}."
#     set:
#       en: "The records are kept for {days} days or more."
#       uk: "Записи зберігаються щонайменше {days} дн."
#     short:
#       en: "The records are kept for {days} days only ({where})."
#       uk: "Записи зберігаються лише {days} дн. ({where})."
package baseline.logging.retention

wanted := data.params.logging.retention.min_days

age_days := (time.parse_rfc3339_ns(data.clock.now) - time.parse_rfc3339_ns(input.logging.oldest_at)) / (((24 * 60) * 60) * 1000000000)

# days of one time span as systemd.time(7) writes it: a number and at most one unit
unit_days := {
	"": 1 / 86400, "s": 1 / 86400, "sec": 1 / 86400, "second": 1 / 86400, "seconds": 1 / 86400,
	"m": 1 / 1440, "min": 1 / 1440, "minute": 1 / 1440, "minutes": 1 / 1440,
	"h": 1 / 24, "hr": 1 / 24, "hour": 1 / 24, "hours": 1 / 24,
	"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7,
	"M": 30.44, "month": 30.44, "months": 30.44, "y": 365.25, "year": 365.25, "years": 365.25,
}

span_days(text) := to_number(regex.find_n(`^\d+`, text, 1)[0]) * unit_days[trim_space(regex.replace(text, `^\d+`, ""))] if {
	regex.match(`^\d+\s*[A-Za-z]*$`, text)
}

settings := object.get(input.logging, ["journal", "settings"], {})

# the days journald keeps, where a setting says so; 0 switches the limit off
journal_days := span_days(settings.MaxRetentionSec) if {
	input.logging.journal.persistent == true
	span_days(settings.MaxRetentionSec) > 0
}

kept := [log.kept_days | some log in input.logging.rotation]

# the text log that is kept for the shortest time; every log must say how long, for else size decides
rotation_days := min(kept) if {
	count(kept) > 0
	count(kept) == count(input.logging.rotation)
}

stores contains journal_days

stores contains rotation_days

no_journal if input.logging.journal.persistent == false

no_journal if {
	is_object(input.logging)
	not input.logging.journal
}

no_text if input.logging.rotation == []

no_text if input.logging.logrotate == false

# both stores are known to end, or not to be there
known if {
	journal_known
	text_known
}

journal_known if no_journal

journal_known if journal_days

text_known if no_text

text_known if rotation_days

answer(verdict, reason, days) := {
	"verdict": verdict,
	"reason": reason,
	"params": {"days": floor(days), "where": where},
	"evidence": {"rotation": object.get(input.logging, "rotation", []), "journal": settings, "wanted_days": wanted},
}

where := concat(", ", sort(places))

places contains sprintf("MaxRetentionSec=%s", [settings.MaxRetentionSec]) if journal_days

places contains log.file if {
	some log in input.logging.rotation
	log.kept_days == rotation_days
}

persisted := {"verdict": "pass", "reason": "reaches", "params": {"date": substring(input.logging.oldest_at, 0, 10)}} if {
	age_days >= wanted
} else := answer("pass", "set", max(stores)) if {
	max(stores) >= wanted
} else := answer("fail", "short", max(stores)) if {
	known
	max(stores) < wanted
}
