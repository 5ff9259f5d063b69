# METADATA
# title: Only approved people are administrators
# description: >-
#   Membership of sudo, wheel, docker, lxd and the like is as good as being root. Name the approved administrators in
#   the parameter, and everyone else who is a member, or has all rights by a line of sudoers, fails. While no list is
#   given, service accounts with such rights fail (an intruder in the web server would be root), and so do more
#   administrators than the limit.
# custom:
#   uk:
#     title: Адміністраторами є лише погоджені особи
#     rationale: >-
#       Членство в групах sudo, wheel, docker, lxd тощо рівнозначне правам root. Назвіть погоджених адміністраторів у
#       параметрі: порушенням буде кожен інший член такої групи або власник усіх прав за рядком sudoers. Поки переліку
#       немає, порушенням є службові облікові записи з такими правами (зловмисник у вебсервері став би root) і
#       кількість адміністраторів понад межу.
#   severity: high
#   severity_reason:
#     en: "One account too many is one more that can be stolen, with all rights."
#     uk: "Кожен зайвий запис – це ще один, який можна викрасти разом з усіма правами."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts, sudo]
#   aliases: [ACC-08]
#   baselines: [server, workstation]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: "names of the approved administrators; empty: no list is given"
#         uk: "імена погоджених адміністраторів; порожньо: переліку не задано"
#     - name: groups
#       default: [sudo, wheel, admin, docker, lxd, incus-admin]
#       meaning:
#         en: "groups whose members are as good as root"
#         uk: "групи, члени яких фактично мають права root"
#     - name: max_members
#       default: 10
#       meaning:
#         en: "most administrators while no list is given"
#         uk: "найбільша кількість адміністраторів, поки переліку не задано"
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["6.8", "5.4"]
#     nist80053: [AC-6, AC-2]
#     iso27001: [A.8.2, A.5.18]
#   remedy:
#     en: >-
#       Take those who need no such rights out of the group, and put the names of the others into the parameter.
#       Services that need docker get a rootless engine of their own. The change holds from the next login; keep one
#       administrator's session open until you have tried another.
#     uk: >-
#       Вилучіть із групи тих, кому такі права не потрібні, а імена інших внесіть у параметр. Службам, яким потрібен
#       docker, дайте окремий рушій без прав root. Зміна діє від наступного входу; не закривайте сеансу одного
#       адміністратора, доки не перевірите іншого.
#   remedy_commands:
#     debian: |-
#       gpasswd -d NAME sudo
#     rhel: |-
#       gpasswd -d NAME wheel
#     alpine: |-
#       delgroup NAME wheel
#   reasons:
#     unapproved:
#       en: "Administrators who were not approved: {names}."
#       uk: "Непогоджені адміністратори: {names}."
#     service:
#       en: "Service accounts have the rights of an administrator: {names}."
#       uk: "Службові облікові записи мають права адміністратора: {names}."
#     many:
#       en: "There are {count} administrators, more than {limit}: {names}."
#       uk: "Адміністраторів {count}, тобто більше ніж {limit}: {names}."
#     right:
#       en: "Administrators: {names}."
#       uk: "Адміністратори: {names}."
package baseline.privilege.admin_members

params := data.params.privilege.admin_members

approved := {name | some name in params.approved}

by_group := {user.name |
	some user in input.accounts.users
	user.uid != 0
	some group in user.groups
	group in params.groups
}

# members the host has no account of its own for come from a directory
listed := {member |
	some group in input.accounts.groups
	group.name in params.groups
	some member in group.members
	member != "root"
}

by_rule := {user |
	some rule in input.sudo.rules
	"ALL" in rule.commands
	some user in rule.users
	regex.match(`^[a-z_][^%#+]*$`, user)
	user != "root"
}

admins := (by_group | listed) | by_rule

unapproved := admins - approved

services := {user.name | some user in input.accounts.users; user.system == true; user.name in unapproved}

seen := {"administrators": sort(admins), "approved": sort(approved)}

answer(verdict, reason, found) := {"verdict": verdict, "reason": reason, "params": found, "evidence": seen}

persisted := answer("fail", "unapproved", {"names": sort(unapproved)}) if {
	count(approved) > 0
	count(unapproved) > 0
} else := answer("fail", "service", {"names": sort(services)}) if {
	count(services) > 0
} else := answer("fail", "many", {"count": count(admins), "limit": params.max_members, "names": sort(admins)}) if {
	count(approved) == 0
	count(admins) > params.max_members
} else := answer("pass", "right", {"names": sort(admins)}) if {
	is_array(input.accounts.users)
	is_array(input.accounts.groups)
	sudo_known
}

sudo_known if input.sudo.installed == false

sudo_known if is_array(input.sudo.rules)
