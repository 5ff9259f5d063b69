# METADATA
# title: Every program with special rights comes from a package
# description: >-
#   A program with the SUID or SGID bit, or with file capabilities, lends its rights to whoever starts it. Packages
#   bring some; one that no package knows is a back door, or a tool somebody should answer for. What lies in the
#   storage of containers belongs to their images and is left out; name your own programs in the parameter.
# custom:
#   uk:
#     title: Кожна програма з особливими правами походить із пакета
#     rationale: >-
#       Програма з бітом SUID чи SGID або з файловими можливостями (capabilities) позичає свої права кожному, хто її
#       запускає. Деякі встановлюють пакети; та, якої не знає жоден пакет, є чорним ходом або засобом, за який хтось
#       має відповідати. Вміст сховищ контейнерів належить їхнім образам і не враховується; власні програми назвіть у
#       параметрі.
#   severity: high
#   severity_reason:
#     en: "One such file turns any local account into root."
#     uk: "Один такий файл робить будь-який локальний запис правами root."
#   capability: malware
#   halves: [persisted]
#   facts: [walk]
#   aliases: [FS-04]
#   baselines: [essential, server, workstation]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: "paths of your own programs with special rights"
#         uk: "шляхи власних програм з особливими правами"
#     - name: left_out
#       default: [/var/lib/docker/, /var/lib/containerd/, /var/lib/containers/, /var/lib/lxc/, /var/lib/lxd/, /var/lib/incus/, /var/snap/, /snap/, /var/lib/flatpak/, /var/lib/machines/]
#       meaning:
#         en: "beginnings of paths that belong to images"
#         uk: "початки шляхів, що належать образам"
#   mappings:
#     csf2: [PR.PS-05]
#     cis8: ["2.3", "4.1"]
#     nist80053: [AC-6, CM-7, SI-7]
#     iso27001: [A.8.19, A.8.2]
#   remedy:
#     en: >-
#       Find out who put the program there. If nobody did, keep a copy for CERT-UA and treat the host as taken over.
#       Else take the bit away (chmod u-s,g-s FILE; setcap -r FILE): whoever used it must then go through sudo. A
#       program that needs the right is better packaged, or is named in the parameter.
#     uk: >-
#       З'ясуйте, хто поклав туди програму. Якщо ніхто, збережіть копію для CERT-UA й вважайте вузол захопленим. Інакше
#       зніміть біт (chmod u-s,g-s ФАЙЛ; setcap -r ФАЙЛ): хто нею користувався, далі має йти через sudo. Програму, якій
#       таке право справді потрібне, краще оформити пакетом або назвати в параметрі.
#   remedy_commands:
#     debian: |-
#       chmod u-s,g-s /path/of/the/program
#       setcap -r /path/of/the/program 2>/dev/null || true
#     rhel: |-
#       chmod u-s,g-s /path/of/the/program
#       setcap -r /path/of/the/program 2>/dev/null || true
#     alpine: |-
#       chmod u-s,g-s /path/of/the/program
#       setcap -r /path/of/the/program 2>/dev/null || true
#   reasons:
#     foreign:
#       en: "Programs with special rights that no package knows: {files}."
#       uk: "Програми з особливими правами, яких не знає жоден пакет: {files}."
#     packaged:
#       en: "All {count} programs with special rights come from packages."
#       uk: "Усі програми з особливими правами ({count}) походять із пакетів."
package baseline.filesystem.privileged_programs

params := data.params.filesystem.privileged_programs

programs := array.concat(object.get(input.walk, "set_id", []), object.get(input.walk, "capable", []))

foreign := {file.path |
	some file in programs
	object.get(file, "package", "") == ""
	not file.path in params.approved
	not strings.any_prefix_match(file.path, params.left_out)
}

persisted := {
	"verdict": "fail",
	"reason": "foreign",
	"params": {"files": sort(foreign)},
	"evidence": {"files": sort(foreign)},
} if {
	input.walk.owners_known == true
	count(foreign) > 0
} else := {"verdict": "pass", "reason": "packaged", "params": {"count": count(programs)}} if {
	input.walk.owners_known == true
	input.walk.complete == true
	is_array(input.walk.set_id)
	object.get(input.walk, "truncated", false) == false
}
