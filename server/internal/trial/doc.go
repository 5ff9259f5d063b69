// Package trial runs the main job on one machine, as `make run` does: a server in this process, the real agent
// beside it, one full round from the kernel to the needs, and everything shown as it goes.
//
// It approves nothing: the donor's page stays empty until two persons of the recipient approve. A second run goes on
// with the state of the first. When it ends, it leaves no process behind.
package trial
