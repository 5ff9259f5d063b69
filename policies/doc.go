// Package policies is what good looks like: controls written in Rego over the facts document, the catalogue of
// their texts, and the engine that turns one document into one assessment.
//
// A control is one folder, baseline/<family>/<control>/, with its policy and its test beside it. The METADATA
// block of the policy is the only source of its texts, severity, capability and mappings; `go generate
// ./policies/...` compiles all of them into controls.json, which is embedded here as [BuiltIn], and into the pages of
// docs/controls.
//
// [Engine] is the only importer of OPA in the project. Policies are confined: an allow-list of built-in functions
// (no network, no environment, no clock of their own, no randomness), a deadline, a memory watch, and bounded
// output. The build tag "thin" leaves the engine out ([New] then answers [ErrThin]): such an agent sends its facts
// and the server judges them with the same baselines.
package policies

//go:generate go run ./internal/gencontrols
