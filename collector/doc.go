// Package collector measures one host: its files, its running kernel and its processes, as values and never as verdicts.
//
// [Collect] walks an explicit, ordered list of fact families. Each family reports its own state, how long it took and
// what it could not read, so that one broken family never spoils another. Nothing is executed: facts come from files,
// from /proc and /sys, from system calls and netlink.
//
// With [Options.Root] set to a directory, the same families measure a mounted file system (an image, a backup, an
// appliance's flash). The live halves are then left out, and no path outside that directory is ever opened: symbolic
// links are resolved inside it by the kernel (openat2(2) with RESOLVE_IN_ROOT) or, where the kernel cannot, by hand.
package collector
