# METADATA
# title: The kernel is not started with its protections switched off
# description: >-
#   One word on the kernel's command line switches off the mitigations of processor flaws, random addresses, the
#   security module or the audit, or starts a shell in place of the system. What was really booted is read, and
#   beside it what the boot loader will pass next time.
# custom:
#   uk:
#     title: Ядро не запускається з вимкненим захистом
#     rationale: >-
#       Одне слово в командному рядку ядра вимикає захист від вад процесора, випадкові адреси, модуль безпеки чи
#       аудит або запускає оболонку замість системи. Читається те, з чим систему справді завантажено, а поруч -
#       те, що завантажувач передасть наступного разу.
#   severity: high
#   severity_reason:
#     en: "A whole layer of protection is missing, and no file of the running system shows it."
#     uk: "Бракує цілого рівня захисту, і в жодному файлі працюючої системи цього не видно."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [kernel]
#   aliases: [BOOT-03, SYS-08]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1", "10.5"]
#     nist80053: [CM-6, SI-16]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Remove the named words from the boot loader's configuration (GRUB_CMDLINE_LINUX in /etc/default/grub and
#       its drop-ins, then update-grub or grub2-mkconfig) and restart.
#     uk: >-
#       Приберіть названі слова з конфігурації завантажувача (GRUB_CMDLINE_LINUX у /etc/default/grub та
#       долучених файлах, потім update-grub або grub2-mkconfig) і перезавантажте вузол.
#   remedy_commands:
#     debian: |-
#       editor /etc/default/grub   # remove the named words
#       update-grub
#     rhel: |-
#       grubby --update-kernel=ALL --remove-args="WORDS"   # the named words
#   reasons:
#     off:
#       en: "Protections are switched off on the command line: {found}."
#       uk: "У командному рядку вимкнено захист: {found}."
#     on:
#       en: "The command line switches off no protection."
#       uk: "Командний рядок захисту не вимикає."
package baseline.kernel.command_line

harmful := `^(mitigations=(off|0)|nopti|pti=off|nospectre_v[12]|spectre_v2(_user)?=off|spec_store_bypass_disable=off|l1tf=off|mds=off|tsx_async_abort=off|mmio_stale_data=off|retbleed=off|srbds=off|gather_data_sampling=off|reg_file_data_sampling=off|kvm\.nx_huge_pages=off|nosmap|nosmep|noexec=off|nokaslr|slub_debug=-|apparmor=0|selinux=0|enforcing=0|security=none|lsm=|audit=(0|off)|module\.sig_enforce=0|init_on_alloc=0|vsyscall=native|init=\S*/(sh|bash|ash|dash|busybox))$`

persisted := judge(input.kernel.cmdline_configured)

live := judge(input.kernel.cmdline)

judge(words) := {"verdict": "fail", "reason": "off", "params": {"found": found}, "evidence": {"found": found}} if {
	found := [word | some word in words; regex.match(harmful, word)]
	count(found) > 0
} else := {"verdict": "pass", "reason": "on", "evidence": {"command_line": words}} if {
	count(words) >= 0
}
