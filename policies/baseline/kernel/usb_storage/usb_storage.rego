# METADATA
# title: USB storage and FireWire are switched off or guarded
# description: >-
#   A medium that somebody plugs in carries data out and programs in, and FireWire reads memory past the kernel.
#   The modules must be unavailable, or switched off in modprobe.d by an install line or a blacklist line, or
#   USBGuard must be enabled, which lets known devices in only. A host that is meant to read USB media is left out
#   of this requirement with the reason.
# custom:
#   uk:
#     title: USB-накопичувачі та FireWire вимкнено або взято під контроль
#     rationale: >-
#       Під'єднаний носій виносить дані й заносить програми, а FireWire читає пам'ять в обхід ядра. Модулі мають
#       бути недоступними або вимкненими в modprobe.d рядком install чи blacklist, або має бути ввімкнено
#       USBGuard, який допускає лише відомі пристрої. Вузол, що має читати USB-носії, виключають із цієї вимоги
#       із зазначенням причини.
#   severity: low
#   severity_reason:
#     en: "It needs somebody at the machine."
#     uk: "Для цього потрібна людина біля машини."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [kernel, login]
#   aliases: [KRN-06]
#   baselines: [server]
#   params:
#     - name: modules
#       default: ["usb_storage", "firewire_core"]
#       meaning:
#         en: "The modules that must not be loadable."
#         uk: "Модулі, які не повинні завантажуватися."
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.3"]
#     nist80053: [MP-7, CM-7]
#     iso27001: [A.7.10]
#   remedy:
#     en: >-
#       Switch the named modules off in modprobe.d, or install USBGuard and let it learn the devices in place before
#       you enable it - otherwise the keyboard may stop working.
#     uk: >-
#       Вимкніть названі модулі в modprobe.d або встановіть USBGuard і перед увімкненням дайте йому запам'ятати
#       під'єднані пристрої, інакше може перестати працювати клавіатура.
#   remedy_commands:
#     debian: |-
#       for m in usb-storage firewire-core; do printf 'install %s /bin/false\nblacklist %s\n' $m $m; done > /etc/modprobe.d/vymir-usb-storage.conf
#     rhel: |-
#       for m in usb-storage firewire-core; do printf 'install %s /bin/false\nblacklist %s\n' $m $m; done > /etc/modprobe.d/vymir-usb-storage.conf
#   reasons:
#     loadable:
#       en: "Can be loaded, and USBGuard is not enabled: {found}."
#       uk: "Можна завантажити, а USBGuard не ввімкнено: {found}."
#     loaded:
#       en: "Loaded, and USBGuard is not enabled: {found}."
#       uk: "Завантажено, а USBGuard не ввімкнено: {found}."
#     guarded:
#       en: "USBGuard is enabled."
#       uk: "USBGuard увімкнено."
#     closed:
#       en: "None of these can be loaded: {modules}."
#       uk: "Жоден із цих модулів не можна завантажити: {modules}."
#     not_loaded:
#       en: "None of these is loaded: {modules}."
#       uk: "Жоден із цих модулів не завантажено: {modules}."
package baseline.kernel.usb_storage

import data.lib.modules

asked := data.params.kernel.usb_storage.modules

guarded := {"verdict": "pass", "reason": "guarded"} if input.login.usbguard == true

persisted := guarded if {
	guarded
} else := modules.persisted(asked)

live := guarded if {
	guarded
} else := modules.live(asked)
