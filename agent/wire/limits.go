package wire

import "errors"

// Version is the wire version this build speaks; OldestVersion the oldest that a server of this build accepts.
// docs/spec/wire.md says what each version brought.
const (
	Version       = 1
	OldestVersion = 1
)

// Limits of the format. Both sides refuse what exceeds them; none is ever lowered.
const (
	MaxMessageBytes    = 4 << 20  // one request or response, decompressed
	MaxCompressedBytes = 1 << 20  // one request or response body as it travels
	MaxItems           = 256      // items of one check-in
	MaxItemBytes       = 1 << 20  // one item, encoded
	MaxResults         = 4096     // results of one assessment
	MaxTargetBytes     = 16 << 10 // target half of one result, JSON
	MaxFactsBytes      = 8 << 20  // a facts document, decompressed
	MaxStringBytes     = 256      // any name: host, OS, kernel, role, bundle, baseline
	MaxBaselines       = 16       // baselines of one assessment
	MaxCSRBytes        = 4 << 10  // a certificate request
	MaxTokenChars      = 1 << 10  // an enrolment token's text
	MaxExportBytes     = 64 << 20 // a sealed file, export or answer, decrypted and decompressed
	MaxFetchBytes      = 256 << 10
	MaxOffers          = 4        // offers of one check-in's answer
	MaxKeys            = 8        // public keys that artefacts may be signed by
	MaxBundleBytes     = 8 << 20  // a signed policy bundle, packed
	MaxVulnsBytes      = 32 << 20 // a signed vulnerability index, packed, or a delta of one
	MaxBannedBytes     = 17 << 20 // a signed list of forbidden software
)

// Kinds of signed artefacts.
const (
	KindBundle = "bundle"
	KindVulns  = "vulns"
	KindBanned = "banned"
)

// MaxArtefactBytes bounds a signed artefact of a kind; 0: no such kind.
func MaxArtefactBytes(kind string) uint64 {
	return map[string]uint64{KindBundle: MaxBundleBytes, KindVulns: MaxVulnsBytes, KindBanned: MaxBannedBytes}[kind]
}

// ErrTooLarge is returned when something exceeds a limit of this package.
var ErrTooLarge = errors.New("larger than the limit")

// ErrMalformed is returned when something does not follow the format.
var ErrMalformed = errors.New("malformed")

// Codes of a Refusal. A server sends no others; an agent treats one it does not know by Refusal.permanent alone.
const (
	RefusedTooLarge       = "too_large"
	RefusedUnknownVersion = "unknown_version"
	RefusedMalformed      = "malformed"
	RefusedUnknownBundle  = "unknown_bundle" // the server does not (yet) know the catalogue that numbers the controls
	RefusedForeignHost    = "foreign_host"   // the item claims another host
	RefusedStale          = "stale"          // sequence at or below one acknowledged, with other content: two hosts share a key
)
