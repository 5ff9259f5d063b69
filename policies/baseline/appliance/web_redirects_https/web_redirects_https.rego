# METADATA
# title: The router's pages move to HTTPS
# description: >-
#   Over plain HTTP the administrator's password can be read on the local network. uhttpd must redirect to HTTPS or
#   not listen for plain HTTP at all.
# custom:
#   uk:
#     title: Сторінки маршрутизатора переходять на HTTPS
#     rationale: >-
#       Через звичайний HTTP пароль адміністратора можна прочитати в локальній мережі. uhttpd має перенаправляти на
#       HTTPS або зовсім не приймати звичайний HTTP.
#   severity: medium
#   severity_reason:
#     en: It takes someone on the local network.
#     uk: Потрібен хтось у локальній мережі.
#   capability: remote_access
#   halves: [persisted]
#   facts: [openwrt]
#   aliases: [OWRT-02]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["12.3", "3.10"]
#     nist80053: [SC-8]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Switch the redirect on; the browser will warn once of the router's own certificate.
#     uk: >-
#       Увімкніть перенаправлення; браузер один раз попередить про власний сертифікат маршрутизатора.
#   remedy_commands:
#     openwrt: |-
#       uci set uhttpd.main.redirect_https='1' && uci commit uhttpd && /etc/init.d/uhttpd restart
#   reasons:
#     plain:
#       en: "The pages answer plain HTTP."
#       uk: "Сторінки відповідають через звичайний HTTP."
#     secure:
#       en: "The pages move to HTTPS."
#       uk: "Сторінки переходять на HTTPS."
package baseline.appliance.web_redirects_https

main := input.openwrt.uci.uhttpd.main

applies := false if {
	input.families.openwrt.state == "not_applicable"
} else := false if {
	is_object(input.openwrt.uci)
	not input.openwrt.uci.uhttpd
} else if {
	main
}

persisted := {"verdict": "pass", "reason": "secure"} if {
	main.redirect_https == ["1"]
	count(main.listen_https) > 0
} else := {"verdict": "pass", "reason": "secure"} if {
	main
	not main.listen_http
} else := {"verdict": "fail", "reason": "plain"} if {
	count(main.listen_http) > 0
}
