//go:build 386 || arm

package privilege

import "syscall"

// sysSetuid takes users above 65535, too, which the older call of these processors does not.
const sysSetuid = syscall.SYS_SETUID32
