# METADATA
# title: Every eBPF program that watches the kernel has an owner
# description: >-
#   An eBPF program can watch every file and key stroke and can hide its own traces. Each one that hangs on probes of
#   the kernel or on its security hooks must be held by a program, a pin or a control group; one that nothing holds, or
#   that a program from a temporary directory holds, was not left by an administrator. Programs of the network are left
#   out: tc and XDP need no holder.
# custom:
#   uk:
#     title: Кожна eBPF-програма, що стежить за ядром, має власника
#     rationale: >-
#       eBPF-програма може стежити за кожним файлом і натисканням клавіш та приховувати власні сліди. Кожну з тих, що
#       висять на пробах ядра чи його точках безпеки, має тримати програма, закріплення (pin) або контрольна група; ту,
#       яку не тримає ніщо або тримає програма з тимчасового каталогу, лишив не адміністратор. Мережеві програми не
#       враховуються: tc та XDP власника не потребують.
#   severity: high
#   severity_reason:
#     en: "Root kits of today live there."
#     uk: "Сучасні руткіти живуть саме там."
#   capability: malware
#   halves: [live]
#   facts: [kernel]
#   aliases: [BOOT-07]
#   baselines: [server, workstation]
#   params:
#     - name: approved
#       default: [dump_bpf_map, dump_bpf_prog]
#       meaning:
#         en: "names of eBPF programs whose owner is known though nothing shows it"
#         uk: "назви eBPF-програм, власник яких відомий, хоч ніщо на нього не вказує"
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["2.5", "13.2"]
#     nist80053: [SI-4, SI-7]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Look at the program (bpftool prog show id NUMBER). If nobody can say which tool loaded it, treat the host as
#       taken over: leave it running, cut it off the network and call CERT-UA. A known tool is named in the parameter
#       by the name of its program.
#     uk: >-
#       Перегляньте програму (bpftool prog show id НОМЕР). Якщо ніхто не може сказати, який засіб її завантажив,
#       вважайте вузол захопленим: не вимикайте його, від'єднайте від мережі й зверніться до CERT-UA. Відомий засіб
#       назвіть у параметрі за назвою його програми.
#   remedy_commands:
#     debian: |-
#       bpftool prog show
#       bpftool link show
#     rhel: |-
#       bpftool prog show
#       bpftool link show
#   reasons:
#     orphan:
#       en: "eBPF programs without an owner: {names}."
#       uk: "eBPF-програми без власника: {names}."
#     temporary:
#       en: "eBPF programs held from a temporary directory: {names}."
#       uk: "eBPF-програми, які тримає щось із тимчасового каталогу: {names}."
#     owned:
#       en: "All {count} eBPF programs that watch the kernel have an owner."
#       uk: "Усі eBPF-програми, що стежать за ядром ({count}), мають власника."
package baseline.kernel.bpf_attributable

watching := {"Kprobe", "TracePoint", "PerfEvent", "RawTracepoint", "RawTracepointWritable", "Tracing", "LSM", "Extension", "StructOps"}

programs := [program |
	some program in input.kernel.bpf_programs
	program.type in watching
	object.get(program, "ours", false) == false
	not object.get(program, "name", "") in data.params.kernel.bpf_attributable.approved
]

said(program) := sprintf("%v %s (%s)", [program.id, object.get(program, "name", "–"), program.type])

orphans := [said(program) |
	some program in programs
	not program.holder
	not program.cgroup
	object.get(program, "pinned", false) == false
]

temporary := [said(program) |
	some program in programs
	regex.match(`^(/tmp/|/var/tmp/|/dev/shm/|memfd:|/memfd:)`, program.holder)
]

live := {"verdict": "fail", "reason": "temporary", "params": {"names": temporary}, "evidence": {"programs": temporary}} if {
	count(temporary) > 0
} else := {"verdict": "fail", "reason": "orphan", "params": {"names": orphans}, "evidence": {"programs": orphans}} if {
	input.kernel.bpf_holders_known == true
	count(orphans) > 0
} else := {"verdict": "pass", "reason": "owned", "params": {"count": count(programs)}} if {
	input.kernel.bpf_holders_known == true
	is_array(input.kernel.bpf_programs)
}
