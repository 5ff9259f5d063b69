package main

import "time"

// Schema names the format of [Report]; docs/spec/osvscan.md describes it.
const Schema = "vymir.osvscan/1"

// Report is what a finished scan prints on standard output, as one JSON object.
type Report struct {
	Schema          string      `json:"schema"`  // always [Schema]
	Scanner         string      `json:"scanner"` // "osv-scanner 2.5.1"
	StartedAt       time.Time   `json:"started_at"`
	DurationSeconds float64     `json:"duration_seconds"`
	CPUSeconds      float64     `json:"cpu_seconds"`
	PeakBytes       uint64      `json:"peak_bytes"` // largest resident set
	Root            string      `json:"root"`       // paths in the report are below it
	Paths           []string    `json:"paths"`      // what was looked at
	Ecosystems      []Ecosystem `json:"ecosystems"` // sorted by name
	Packages        []Package   `json:"packages"`   // sorted by ecosystem, name, version
	Unread          []Unread    `json:"unread"`     // what could not be read; never silently left out
	Truncated       bool        `json:"truncated"`  // a limit of the report was reached: what is absent may be there
}

// Ecosystem says how far the packages of one ecosystem could be matched.
type Ecosystem struct {
	Name       string     `json:"name"`  // as OSV writes it: Go, PyPI, npm, Packagist, Maven, Debian:11
	State      string     `json:"state"` // ok or unmeasured; unmeasured never means "no vulnerabilities"
	Reason     string     `json:"reason,omitempty"`
	Packages   int        `json:"packages"`
	Records    int        `json:"records"`              // of the data
	Unreadable int        `json:"unreadable,omitempty"` // records that are not OSV as the scanner knows it
	NewestAt   *time.Time `json:"newest_at,omitempty"`  // latest modification among the records; absent: none says
}

// Package is one installed version of one package.
type Package struct {
	Ecosystem       string          `json:"ecosystem"`
	Name            string          `json:"name"`
	Version         string          `json:"version"`
	Locations       []string        `json:"locations"` // files it was found in, at most [maxLocations]
	Vulnerabilities []Vulnerability `json:"vulnerabilities,omitempty"`
}

// Vulnerability is one record that affects a package.
type Vulnerability struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases,omitempty"`  // CVE and other ids of the same thing
	Fixed    string   `json:"fixed,omitempty"`    // the lowest fixed version above the installed one; "": none known
	Severity string   `json:"severity,omitempty"` // CVSS vector; "": the record has none
}

// Unread is one file that could not be read.
type Unread struct {
	Path   string `json:"path"` // "" where the scanner names none
	Reason string `json:"reason"`
}

// Failure is what a scan that did not finish prints on standard error, as one JSON object.
type Failure struct {
	Schema string `json:"schema"` // always [Schema]
	Error  string `json:"error"`
	Code   int    `json:"code"` // the exit code
}
