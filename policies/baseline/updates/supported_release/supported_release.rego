# METADATA
# title: The operating system still gets security updates
# description: >-
#   After the end of support new holes stay open for ever. The dates are those of the makers' own announcements,
#   long-term support by volunteers included, paid extensions not. A release that the table does not know is
#   unmeasured.
# custom:
#   uk:
#     title: Операційна система ще отримує оновлення безпеки
#     rationale: >-
#       Після завершення підтримки нові вразливості лишаються відкритими назавжди. Дати взято з оголошень виробників,
#       разом із тривалою підтримкою спільноти, але без платних продовжень. Випуск, якого немає в таблиці, лишається
#       невиміряним.
#   severity: high
#   severity_reason:
#     en: Every new hole stays open.
#     uk: Кожна нова вразливість лишається відкритою.
#   capability: patching
#   halves: [persisted]
#   facts: [os]
#   aliases: [SYS-01, OWRT-04]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [ID.AM-08, PR.PS-02]
#     cis8: ["2.2", "12.1"]
#     nist80053: [SA-22, SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Plan the upgrade to a supported release: take a backup, read the release notes, upgrade one host first.
#       Hardware that no supported release runs on must be replaced.
#     uk: >-
#       Сплануйте перехід на підтримуваний випуск: зробіть резервну копію, прочитайте примітки до випуску, спершу
#       оновіть один вузол. Обладнання, на якому не працює жоден підтримуваний випуск, потрібно замінити.
#   reasons:
#     ended:
#       en: "Support of {release} ended on {date}."
#       uk: "Підтримка {release} завершилася {date}."
#     supported:
#       en: "{release} is supported until {date}."
#       uk: "{release} підтримується до {date}."
package baseline.updates.supported_release

# end of security support by the maker's own announcement, long-term support included, as of 2026
ends := {
	"debian": {"8": "2020-06-30", "9": "2022-06-30", "10": "2024-06-30", "11": "2026-08-31", "12": "2028-06-30", "13": "2030-06-30"},
	"ubuntu": {
		"14.04": "2019-04-30", "16.04": "2021-04-30", "18.04": "2023-05-31", "20.04": "2025-05-31", "22.04": "2027-04-30",
		"24.04": "2029-05-31", "23.10": "2024-07-11", "24.10": "2025-07-10",
	},
	"rhel": {"6": "2020-11-30", "7": "2024-06-30", "8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
	"almalinux": {"8": "2029-03-01", "9": "2032-05-31", "10": "2035-05-31"},
	"rocky": {"8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
	"centos": {"6": "2020-11-30", "7": "2024-06-30", "8": "2024-05-31"},
	"alpine": {
		"3.14": "2023-05-01", "3.15": "2023-11-01", "3.16": "2024-05-23", "3.17": "2024-11-22", "3.18": "2025-05-09",
		"3.19": "2025-11-01", "3.20": "2026-04-01", "3.21": "2026-11-01", "3.22": "2027-05-01",
	},
	"openwrt": {"18.06": "2020-12-31", "19.07": "2022-04-30", "21.02": "2023-05-31"},
}

# a release is known by the whole version, its first two parts or its first part
keys := [version, concat(".", array.slice(parts, 0, 2)), parts[0]] if {
	version := input.os.version_id
	parts := split(version, ".")
}

found := [ends[input.os.id][key] | some key in keys; ends[input.os.id][key]]

release := sprintf("%s %s", [input.os.id, input.os.version_id])

today := substring(data.clock.now, 0, 10)

persisted := {
	"verdict": "fail",
	"reason": "ended",
	"params": {"release": release, "date": found[0]},
	"evidence": {"end": found[0], "now": today},
} if {
	found[0] < today
} else := {"verdict": "pass", "reason": "supported", "params": {"release": release, "date": found[0]}} if {
	found[0] >= today
}
