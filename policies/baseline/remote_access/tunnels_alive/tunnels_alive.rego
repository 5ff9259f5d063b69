# METADATA
# title: The tunnels of this host are alive
# description: >-
#   A VPN that is configured and dead tempts everyone to open the management port to the Internet instead. Each
#   WireGuard interface with peers must have had a handshake within the limit, and each tun interface a program that
#   holds it. IPsec without an interface of its own is not seen.
# custom:
#   uk:
#     title: Тунелі цього вузла працюють
#     rationale: >-
#       Налаштований, але мертвий VPN спокушає відкрити порт керування просто в інтернет. Кожен інтерфейс WireGuard із
#       вузлами-партнерами має оновити з'єднання (handshake) в межах заданого часу, а кожен інтерфейс tun має тримати
#       програма. IPsec без власного інтерфейсу не видно.
#   severity: medium
#   severity_reason:
#     en: "The way in for administrators is gone when it is needed."
#     uk: "Шлях для адміністраторів зник саме тоді, коли він потрібен."
#   capability: remote_access
#   halves: [live]
#   facts: [network]
#   aliases: [NET-12]
#   baselines: [server, appliance]
#   applicability: true
#   params:
#     - name: max_hours
#       default: 24
#       meaning:
#         en: "longest acceptable silence of a tunnel, in hours"
#         uk: "найдовше прийнятне мовчання тунелю, у годинах"
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["12.7"]
#     nist80053: [AC-17, SC-8]
#     iso27001: [A.6.7, A.8.20]
#   remedy:
#     en: >-
#       See with wg show whether the peer's address is still right and UDP gets through; a host behind NAT needs
#       PersistentKeepalive = 25. Start the service of another VPN again. An interface nobody needs is better removed.
#     uk: >-
#       Перевірте командою wg show, чи правильна ще адреса партнера і чи проходить UDP; вузлові за NAT потрібен
#       PersistentKeepalive = 25. Службу іншого VPN запустіть знову. Непотрібний інтерфейс краще вилучити.
#   remedy_commands:
#     debian: |-
#       wg show
#       systemctl restart wg-quick@wg0
#     rhel: |-
#       wg show
#       systemctl restart wg-quick@wg0
#     alpine: |-
#       wg show
#       rc-service wg-quick.wg0 restart
#     openwrt: |-
#       wg show
#       ifup wg0
#   reasons:
#     dead:
#       en: "Tunnels without life for more than {hours} hours: {names}."
#       uk: "Тунелі, мовчазні понад {hours} год: {names}."
#     alive:
#       en: "All tunnels are alive ({names})."
#       uk: "Усі тунелі працюють ({names})."
package baseline.remote_access.tunnels_alive

tunnels := [tunnel | some tunnel in input.network.tunnels; wanted(tunnel)]

# an interface without peers leads nowhere yet
wanted(tunnel) if tunnel.kind == "tun"

wanted(tunnel) if tunnel.peers > 0

applies := count(tunnels) > 0 if {
	is_array(input.network.tunnels)
	every tunnel in input.network.tunnels {
		asked(tunnel)
	}
}

asked(tunnel) if tunnel.kind == "tun"

asked(tunnel) if tunnel.peers >= 0

max_hours := data.params.remote_access.tunnels_alive.max_hours

dead := [tunnel.interface | some tunnel in tunnels; is_dead(tunnel)]

is_dead(tunnel) if tunnel.connected == false

is_dead(tunnel) if tunnel.age_seconds > max_hours * 3600

is_dead(tunnel) if {
	tunnel.kind == "wireguard"
	not tunnel.last_handshake_at
}

alive(tunnel) if tunnel.connected == true

alive(tunnel) if tunnel.age_seconds <= max_hours * 3600

live := {
	"verdict": "fail",
	"reason": "dead",
	"params": {"names": dead, "hours": max_hours},
	"evidence": {"tunnels": tunnels},
} if {
	count(dead) > 0
} else := {
	"verdict": "pass",
	"reason": "alive",
	"params": {"names": [tunnel.interface | some tunnel in tunnels]},
	"evidence": {"tunnels": tunnels},
} if {
	count(tunnels) > 0
	every tunnel in tunnels {
		alive(tunnel)
	}
}
