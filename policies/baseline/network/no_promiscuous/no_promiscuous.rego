# METADATA
# title: No network interface listens to traffic meant for others
# description: >-
#   An interface in promiscuous mode hands everything on the wire to a program: a sniffer of passwords works so.
#   Interfaces that carry a bridge, a VLAN, a bond or containers are promiscuous for good reasons and are left out; a
#   sensor that listens on purpose is named in the parameter.
# custom:
#   uk:
#     title: Жоден мережевий інтерфейс не слухає чужий трафік
#     rationale: >-
#       Інтерфейс у нерозбірливому режимі віддає програмі все, що йде мережею: саме так працюють перехоплювачі паролів.
#       Інтерфейси, на яких побудовано міст, VLAN, агрегований канал чи контейнери, перебувають у цьому режимі законно
#       й не враховуються; сенсор, який слухає мережу навмисне, назвіть у параметрі.
#   severity: medium
#   severity_reason:
#     en: "It is rare on purpose, and a common trace of a sniffer."
#     uk: "Навмисне таке трапляється рідко, зате це типовий слід перехоплювача."
#   capability: monitoring
#   halves: [live]
#   facts: [network]
#   aliases: [NET-09]
#   baselines: [server, workstation]
#   params:
#     - name: sensors
#       default: []
#       meaning:
#         en: "interfaces of a sensor that listens on purpose"
#         uk: "інтерфейси сенсора, який слухає мережу навмисне"
#   mappings:
#     csf2: [DE.CM-01]
#     cis8: ["13.2", "13.6"]
#     nist80053: [SI-4, SC-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Find the program that holds the interface open (ss -f packet -p). If nobody runs a capture or a sensor here on
#       purpose, treat the host as taken over: keep it running and call CERT-UA. Else end the capture, or name the
#       interface in the parameter.
#     uk: >-
#       Знайдіть програму, яка тримає інтерфейс (ss -f packet -p). Якщо ніхто свідомо не записує тут трафік і сенсора
#       немає, вважайте вузол захопленим: не вимикайте його й зверніться до CERT-UA. Інакше припиніть запис або назвіть
#       інтерфейс у параметрі.
#   remedy_commands:
#     debian: |-
#       ss -f packet -p
#       ip -d link show promisc on 2>/dev/null || ip -d link | grep -i promisc
#     rhel: |-
#       ss -f packet -p
#       ip -d link show promisc on 2>/dev/null || ip -d link | grep -i promisc
#   reasons:
#     listens:
#       en: "Listens to everything on the wire: {names}."
#       uk: "Слухає весь трафік у мережі: {names}."
#     none:
#       en: "No interface listens to traffic meant for others."
#       uk: "Жоден інтерфейс не слухає чужий трафік."
package baseline.network.no_promiscuous

found := [link.name |
	some link in input.network.interfaces
	link.promiscuous == true
	count(object.get(link, "upper", [])) == 0
	not link.name in data.params.network.no_promiscuous.sensors
]

live := {"verdict": "fail", "reason": "listens", "params": {"names": found}, "evidence": {"interfaces": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	count(input.network.interfaces) > 0
}
