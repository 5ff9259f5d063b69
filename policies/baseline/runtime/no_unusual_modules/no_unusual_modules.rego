# METADATA
# title: No unusual module was loaded after boot
# description: >-
#   A kernel module was added while the system was running, and it is none of those that firewalls, file systems,
#   containers and plugged-in devices call for. A rootkit comes as such a module, and so does the flaw of a rare
#   network protocol that was called up by an attacker.
# custom:
#   uk:
#     title: Після завантаження системи незвичних модулів ядра не додавали
#     rationale: >-
#       Під час роботи системи до ядра додали модуль, і він не з тих, яких потребують міжмережеві екрани, файлові
#       системи, контейнери та під'єднані пристрої. Таким модулем потрапляє до ядра руткіт; так само зловмисник
#       викликає рідкісний мережевий протокол, щоб скористатися його вразливістю.
#   severity: medium
#   severity_reason:
#     en: A module has all rights and can hide anything.
#     uk: Модуль має всі права й може приховати будь-що.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [KRN-07]
#   baselines: [server, appliance]
#   params:
#     - name: expected
#       default: [nf_*, nft_*, nfnetlink*, xt_*, ip_tables, ip6_tables, iptable_*, ip6table_*, ipt_*, ip6t_*,
#         ip_set*, ip_vs*, x_tables, ebt*, arp*, bridge, br_netfilter, veth, tun, tap, macvlan, ipvlan,
#         vxlan, udp_tunnel, ip6_udp_tunnel, wireguard, sch_*, cls_*, act_*, em_*, overlay, loop, fuse,
#         squashfs, vfat, fat, exfat, ntfs*, isofs, udf, cdrom, ext4, jbd2, mbcache, xfs, btrfs, nls_*,
#         nfs*, lockd, sunrpc, grace, fscache, cachefiles, netfs, cifs*, rpcsec*, auth_rpcgss, autofs4,
#         binfmt_misc, usb*, uas, hid*, sd_mod, sg, sr_mod, st, scsi_*, nvme*, dm_*, raid*, md_mod, mmc*,
#         snd*, drm*, i2c*, v4l2*, video*, uvc*, bluetooth, bt*, cfg80211, mac80211, tls, tcp_*,
#         inet_diag, tcp_diag, udp_diag, unix_diag, netlink_diag, af_packet_diag, vhost*, vsock*, vmw_*,
#         virtio*, kvm*, irqbypass, msr, cpuid, crc*, libcrc*, aes*, sha*, gcm, ccm, cmac, cbc, ctr, xts,
#         essiv, authenc, algif_*, af_alg, crypto*, chacha*, poly1305*, curve25519*, libchacha*,
#         libcurve*, zstd*, lz4*, lzo*, zram, configfs, iscsi*, libiscsi*, target_core*, intel_*, amd_*,
#         acpi*, ipmi*, nbd, rbd, ceph, libceph, zfs, spl]
#       meaning:
#         en: modules that may be loaded after boot; * stands for anything
#         uk: модулі, які можна завантажувати після запуску системи; * замінює будь-що
#   mappings:
#     csf2: [DE.CM-09, PR.PS-01]
#     cis8: ["2.5", "8.8"]
#     nist80053: [SI-4, CM-7, SI-7]
#     iso27001: [A.8.7, A.8.9]
#   remedy:
#     en: >-
#       Find out what the module is by modinfo and what called for it. Where nothing new is needed after start, set
#       kernel.modules_disabled to 1 at the end of the boot. Expected modules go into the parameter.
#     uk: >-
#       З'ясуйте за допомогою modinfo, що це за модуль і що його викликало. Якщо після запуску нових модулів не
#       потрібно, наприкінці завантаження встановіть kernel.modules_disabled у 1. Очікувані модулі внесіть до
#       параметра.
#   reasons:
#     seen:
#       en: "Loaded: {names}."
#       uk: "Завантажено: {names}."
#     none:
#       en: "No unusual module was loaded."
#       uk: "Незвичних модулів не завантажували."
#     cannot:
#       en: "This kernel has no modules."
#       uk: "Це ядро не має модулів."
package baseline.runtime.no_unusual_modules

import data.lib.probes

found := [e |
	some e in probes.events("module_load")
	unusual(e.detail)
]

# a module of unknown origin (out of tree, unsigned, forced) is unusual whatever its name
unusual(detail) if regex.match(`\(.*[OEF].*\)`, detail)

unusual(detail) if {
	name := split(detail, " ")[0]
	not probes.named(name, data.params.runtime.no_unusual_modules.expected)
}

# one that is not in the list of modules right after it was loaded hides, or did its work and went
unusual(detail) if endswith(detail, "[not listed]")

names := {probes.told(e) | some e in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"events": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("module_load", input.runtime.events)
} else := {"verdict": "pass", "reason": "cannot"} if {
	some hook in input.runtime.hooks
	hook.event == "module_load"
	hook.reason == "this kernel has no such thing"
}
