# METADATA
# title: No unknown program was put into the kernel
# description: >-
#   A BPF program that watches functions of the kernel, filters packets or answers security questions was loaded
#   while the agent watched. Monitoring tools do so when they start; the newest rootkits hide that way. Those of
#   the agent and of systemd are left out.
# custom:
#   uk:
#     title: У ядро не завантажували невідомих програм BPF
#     rationale: >-
#       Під час спостереження до ядра завантажили програму BPF, яка стежить за функціями ядра, фільтрує пакети або
#       впливає на рішення щодо безпеки. Засоби моніторингу роблять це під час запуску, а новітні руткіти в такий
#       спосіб ховаються. Програми агента й systemd не враховано.
#   severity: medium
#   severity_reason:
#     en: It can see everything and hide itself.
#     uk: Вона бачить усе й може приховувати себе.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [KRN-09]
#   baselines: [server]
#   params:
#     - name: approved
#       default: [restrict_filesy*, sd_*]
#       meaning:
#         en: names of BPF programs that are loaded on purpose; * stands for anything
#         uk: назви програм BPF, які завантажують свідомо; * замінює будь-що
#     - name: loaders
#       default: [/usr/lib/systemd/*, /lib/systemd/*]
#       meaning:
#         en: paths of programs that may load any; * stands for anything
#         uk: шляхи програм, яким дозволено завантажувати будь-які; * замінює будь-що
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["2.5", "8.8"]
#     nist80053: [SI-4, CM-7]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Find out which tool loaded it: bpftool prog shows the program and its owner. Tools that you run on purpose
#       go into the parameter by the names of their programs.
#     uk: >-
#       З'ясуйте, який засіб її завантажив: bpftool prog показує програму та її власника. Засоби, якими
#       користуєтеся свідомо, внесіть до параметра за назвами їхніх програм.
#   reasons:
#     seen:
#       en: "Loaded: {names}."
#       uk: "Завантажено: {names}."
#     none:
#       en: "Nothing unknown was loaded."
#       uk: "Нічого невідомого не завантажували."
package baseline.runtime.no_unknown_bpf

import data.lib.probes

# what can only be told to look at a socket of its own, or to run when asked, is left out
kinds := {
	"Kprobe", "TracePoint", "RawTracepoint", "RawTracepointWritable", "Tracing", "LSM", "PerfEvent", "Extension",
	"XDP", "SchedCLS", "SchedACT", "Netfilter", "StructOps",
}

found := [e |
	some e in probes.events("bpf_load")
	words := split(e.detail, " ")
	words[0] in kinds
	name := concat(" ", array.slice(words, 1, count(words)))
	not probes.named(name, data.params.runtime.no_unknown_bpf.approved)
	not probes.named(object.get(e, "program", ""), data.params.runtime.no_unknown_bpf.loaders)
]

names := {probes.told(e) | some e in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"events": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("bpf_load", input.runtime.events)
}
