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

# words that switch a protection off, as they are written
words_off := {
	"apparmor=0", "audit=0", "audit=off", "enforcing=0", "gather_data_sampling=off", "init_on_alloc=0", "kvm.nx_huge_pages=off",
	"l1tf=off", "mds=off", "mitigations=0", "mitigations=off", "mmio_stale_data=off", "module.sig_enforce=0", "noexec=off",
	"nokaslr", "nopti", "nosmap", "nosmep", "nospectre_v1", "nospectre_v2", "pti=off", "reg_file_data_sampling=off",
	"retbleed=off", "security=none", "selinux=0", "slub_debug=-", "spec_store_bypass_disable=off", "spectre_v2=off",
	"spectre_v2_user=off", "srbds=off", "tsx_async_abort=off", "vsyscall=native",
}

harmful(word) if word in words_off

harmful(word) if regex.match(`^init=\S*/(sh|bash|ash|dash|busybox)$`, word)

persisted := judge(input.kernel.cmdline_configured)

live := judge(input.kernel.cmdline)

judge(words) := {"verdict": "fail", "reason": "off", "params": {"found": found}, "evidence": {"found": found}} if {
	found := [word | some word in words; harmful(word)]
	count(found) > 0
} else := {"verdict": "pass", "reason": "on", "evidence": {"command_line": words}} if {
	count(words) >= 0
}
