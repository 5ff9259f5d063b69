// Package ingest is where agents come in: it listens on one port number for HTTP/3 (UDP) and HTTP/2 (TCP), proves who
// calls, and stores what they deliver, once.
//
// The steps of a check-in: authenticate (certificate, revocation, limits) → decode (bounded) → resolve deltas →
// store the item as it arrived → derive current results and findings → acknowledge. All of the last four happen in
// one transaction: what was acknowledged is stored, and what was not will come again.
//
// An enrolled agent is not trusted: whatever it sends, it can change nothing but its own host's record. Its names
// are cleaned, its times bounded, its messages limited, and it waits its turn.
package ingest
