// Package wire is what an agent and a server say to each other: the protobuf messages of agent.proto, the lean
// form of an assessment, deltas, compression, enrolment tokens, sealed export files, limits, and a plain client.
//
// The package is a leaf. It holds no policy: who may connect is the server's, what may leave is the agent's.
// Everything that decodes outside data is bounded by the constants in limits.go and has a fuzz target. The dated
// history of the format stands in docs/spec/wire.md.
package wire
