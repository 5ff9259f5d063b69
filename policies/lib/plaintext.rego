# METADATA
# title: Protocols that carry passwords in the clear
# description: A flow is a listener or a connection, with the port and the program that has it.
package lib.plaintext

tcp := {21: "ftp", 23: "telnet", 512: "rexec", 513: "rlogin", 514: "rsh"}

# syslog over TCP shares its port with rsh
is_syslog(flow) if {
	flow.port == 514
	flow.program in {"rsyslogd", "rs:main Q:Reg", "syslog-ng", "syslogd", "logger"}
}
