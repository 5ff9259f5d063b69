package baseline.filesystem.cron_files_test

import data.baseline.filesystem.cron_files

state(path, mode, uid) := {"path": path, "kind": "file", "mode": mode, "uid": uid, "gid": 0}

paths(mode, uid) := {"/etc/crontab": state("/etc/crontab", "0644", 0), "/etc/cron.d/backup": state("/etc/cron.d/backup", mode, uid)}

test_success_closed if {
	cron_files.persisted.verdict == "pass" with input.files.paths as paths("0644", 0)
	cron_files.persisted.verdict == "pass" with input.files.paths as {"/etc/crontab": {"kind": "absent"}}
}

test_fail_open if {
	cron_files.persisted.verdict == "fail" with input.files.paths as paths("0666", 0)
	cron_files.persisted.verdict == "fail" with input.files.paths as paths("0644", 1000)
	cron_files.persisted.verdict == "fail" with input.files.paths as paths("0664", 0)
}

job(mode, uid) := {"file": "/etc/cron.d/backup", "user": "root", "when": "daily", "command": "/opt/job.sh", "command_state": state("/opt/job.sh", mode, uid)}

test_fail_program_of_a_job if {
	every bad in [job("0777", 0), job("0755", 1000)] {
		cron_files.persisted.verdict == "fail" with input as {"files": {"paths": paths("0644", 0)}, "schedules": {"cron": [bad]}}
	}
	cron_files.persisted.verdict == "pass" with input as {"files": {"paths": paths("0644", 0)}, "schedules": {"cron": [job("0755", 0)]}}
}

test_unmeasured_persisted if {
	not cron_files.persisted with input as {"families": {}}
}
