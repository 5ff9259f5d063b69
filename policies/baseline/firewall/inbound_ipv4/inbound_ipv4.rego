# METADATA
# title: Unexpected connections from the network are refused (IPv4)
# description: >-
#   What no rule names must be dropped or refused. Live, the rules loaded in the kernel are evaluated, whoever
#   loaded them; after the next restart counts what the files of the firewall's manager would load, and whether
#   it starts with the system. A file without loaded rules and loaded rules without a file both fail, and the
#   reason says which.
# custom:
#   uk:
#     title: Неочікувані з'єднання з мережі відхиляються (IPv4)
#     rationale: >-
#       Усе, чого не дозволяє жодне правило, має відкидатися або відхилятися. Зараз оцінюються правила,
#       завантажені в ядро, хоч би хто їх завантажив; після перезавантаження - те, що завантажить засіб
#       керування екраном зі своїх файлів, і чи запускається він разом із системою. Порушенням є і файл без
#       завантажених правил, і завантажені правила без файлу; причина каже, що саме не так.
#   severity: high
#   severity_reason:
#     en: "Every service that listens, also by mistake, is open to whoever reaches the host."
#     uk: "Кожна служба, що слухає мережу, навіть помилково, відкрита для всіх, хто може дістатися до вузла."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [firewall]
#   aliases: [NET-01, NET-02, OWRT-03]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.4", "4.5"]
#     nist80053: [SC-7, CM-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Allow the ports that are needed, SSH first, then set the default for incoming packets to drop and have
#       the rules loaded at boot. Keep the present session open and try a new one, or a mistake locks you out.
#     uk: >-
#       Дозвольте потрібні порти, передусім SSH, потім задайте для вхідних пакетів типове відкидання та
#       завантаження правил під час запуску системи. Не закривайте поточний сеанс, доки не перевірите новий:
#       помилка може закрити доступ і вам.
#   remedy_commands:
#     debian: |-
#       apt-get install -y ufw
#       ufw allow OpenSSH && ufw default deny incoming && ufw enable
#     rhel: |-
#       dnf install -y firewalld && systemctl enable --now firewalld
#     openwrt: |-
#       uci set firewall.@defaults[0].input='REJECT'
#       uci commit firewall && /etc/init.d/firewall enable && /etc/init.d/firewall restart
#   reasons:
#     open:
#       en: "What no rule names is accepted."
#       uk: "Те, чого не названо в жодному правилі, приймається."
#     no_manager:
#       en: "Nothing loads firewall rules when the system starts."
#       uk: "Під час запуску системи правила екрана не завантажуються."
#     not_enabled:
#       en: "{manager} has rules and does not start with the system."
#       uk: "{manager} має правила, але не запускається разом із системою."
#     closed:
#       en: "What no rule names is refused ({seen})."
#       uk: "Те, чого не названо в жодному правилі, відхиляється ({seen})."
package baseline.firewall.inbound_ipv4

import data.lib.firewall

persisted := firewall.persisted("ipv4")

live := firewall.live("ipv4")
