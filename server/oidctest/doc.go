// Package oidctest tries signing in by OpenID Connect against a real provider: fosite, the library that Ory Hydra
// is made of, run in the test's own process. It is a module of its own, so that nothing of it reaches the programs.
package oidctest
