//go:build !(386 || arm)

package privilege

import "syscall"

const sysSetuid = syscall.SYS_SETUID
