// Package host measures the fact families of one host, one file per family.
//
// A family is a function that reads through an [Env] and fills its part of the document. To add one, write its file
// and add one line to [All].
package host

import (
	"context"
	"slices"

	"github.com/vymir-project/vymir/collector/facts"
)

// Family is one fact family: its JSON name in the document, and the function that measures it.
type Family struct {
	Name string
	// Collect fills doc and says how it went. Families that stand later in the order may read what earlier ones
	// wrote, which is nil when those were not asked for or failed. Collect may panic and may be abandoned after a
	// time limit: it must not touch anything but doc, and what it wrote is dropped when its status is an error.
	Collect func(ctx context.Context, env *Env, doc *facts.Document) facts.Status
}

// All returns every family in the order of measuring.
func All() []Family {
	return slices.Concat(system(), services(), offered())
}

// system lists the families of the machine, its accounts and its files.
func system() []Family {
	return []Family{
		{"os", collectOS},
		{"mounts", collectMounts}, // before families that look at homes: these may lie on a dead server
		{"kernel", collectKernel},
		{"boot", collectBoot},
		{"hardware", collectHardware},
		{"accounts", collectAccounts},
		{"pam", collectPAM},
		{"sudo", collectSudo},
		{"sysctl", collectSysctl},
		{"files", collectFiles},
		{"schedules", collectSchedules},
		{"login", collectLogin}, // reads accounts, pam and sysctl
		{"walk", collectWalk},   // reads mounts
	}
}

// services lists the families of what runs on the machine; they may read those of system.
func services() []Family {
	return []Family{
		{"packages", collectPackages},
		{"services", collectServices},
		{"sockets", collectSockets},
		{"processes", collectProcesses},
		{"firewall", collectFirewall},
		{"sshd", collectSSHD},
		{"ssh_client", collectSSHClient},
		{"network", collectNetwork},
		{"time", collectTime},
		{"updates", collectUpdates}, // reads packages
		{"logging", collectLogging},
		{"audit", collectAudit},
		{"certificates", collectCertificates}, // reads sockets
		{"openwrt", collectOpenWrt},
	}
}

// offered lists the families of what the machine offers others, and of what keeps it working.
func offered() []Family {
	return []Family{
		{"containers", collectContainers},
		{"web_servers", collectWebServers},
		{"mail", collectMail},
		{"databases", collectDatabases},
		{"shares", collectShares},
		{"snmp", collectSNMP},
		{"encryption", collectEncryption},
		{"continuity", collectContinuity}, // reads schedules
		{"integrity", collectIntegrity},
		{"starlink", collectStarlink},
		{"vulnerabilities", collectVulnerabilities}, // reads packages, sockets, firewall, network, walk and runtime
		{"forbidden_software", collectForbidden},    // reads packages, processes, sockets and hardware
	}
}
