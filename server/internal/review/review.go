// Package review says how a finding moves: by measurements, by what assessors decide, and by the calendar.
//
// All of it is pure functions over [Record]; package store keeps the records and applies them. The rules:
//
//   - A failing measurement opens a finding. Only a passing measurement newer than the last failing one closes
//     it, whatever anybody says of it. "Newer" is by the time of measuring, corrected by the host's clock skew
//     and never later than its arrival, so an old file that arrives late by USB stick changes nothing, and a
//     clock that once ran ahead can delay a closing by no more than the next measurement.
//   - Unmeasured and error neither open nor close: the finding stays as it is and says that it is not known now.
//   - A control that no longer applies, as measured, or that left the baseline makes the finding moot: neither
//     open nor fixed. A later failure reopens it.
//   - A failing measurement newer than the closing one reopens. A confirmation does not survive that; a waiver
//     does, until its date.
//   - A waiver (accepted) has a reason and an end. When it ends the finding is open again, unreviewed.
//   - False positive holds for the control's revision it was said of: a failure under a newer revision, or for
//     another reason, is unreviewed again.
package review

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// State is where a finding stands by measurement.
type State string

// The states. Only a measurement moves a finding between them.
const (
	Open   State = "open"
	Closed State = "closed" // fixed: a newer measurement passed
	Moot   State = "moot"   // the control no longer applies to the host, or is no longer judged
)

// Decision is what an assessor said of a finding.
type Decision string

// The decisions.
const (
	Unreviewed    Decision = ""
	Confirmed     Decision = "confirmed"
	FalsePositive Decision = "false_positive"
	Accepted      Decision = "accepted" // a waiver: risk accepted until a date
)

// Record is what review knows of one finding. Its zero value is a control that never failed.
type Record struct {
	State           State
	Status          assessment.Status // of the newest measurement
	ControlRevision uint32            // that measured last
	ReasonID        string            // of the last failing measurement

	Opened   time.Time // first failing measurement
	Closed   time.Time // measurement that closed it or made it moot; zero while open
	Reopened time.Time // last reopening; zero: never
	Reopens  int
	Fails    int       // failing measurements, ever
	LastFail time.Time // newest failing measurement
	LastPass time.Time // newest passing measurement; zero: never since it opened
	Measured time.Time // newest measurement of any status

	Decision      Decision
	Reason        string    // why the assessor decided so
	DecidedBy     string    // actor
	Decided       time.Time // zero: unreviewed
	AcceptedUntil time.Time // of a waiver
}

// Waived reports whether a waiver holds at now.
func (r Record) Waived(now time.Time) bool {
	return r.Decision == Accepted && now.Before(r.AcceptedUntil)
}

// Counts reports whether the finding counts against the recipient at now: open, and neither waived nor a
// false positive.
func (r Record) Counts(now time.Time) bool {
	return r.State == Open && r.Decision != FalsePositive && !r.Waived(now)
}

// Observation is what one assessment said of the control.
type Observation struct {
	Status          assessment.Status // "" : the control is no longer judged on this host
	ReasonID        string
	ControlRevision uint32
	Measured        time.Time // see [MeasuredAt]
}

// Event names what an observation or the calendar did to a finding; "" is nothing worth telling.
type Event string

// The events.
const (
	Opened      Event = "opened"
	ClosedEvent Event = "closed"
	Reopened    Event = "reopened"
	MootEvent   Event = "moot"
	WaiverEnded Event = "waiver_ended"
)

// MeasuredAt corrects the host's time of measuring by its clock skew (host minus server) and bounds it by the
// time of arrival: nothing was measured after it came.
func MeasuredAt(measured, received time.Time, skew time.Duration) time.Time {
	m := measured.Add(-skew)
	if m.After(received) {
		return received
	}
	return m
}

// Observe applies one measurement. A record that never failed and does not fail now stays zero: it is no finding.
func Observe(r Record, o Observation) (Record, Event) {
	if r.State == "" && o.Status != assessment.Fail {
		return r, ""
	}
	newest, revision := !o.Measured.Before(r.Measured), r.ControlRevision
	if newest {
		r.Measured, r.Status, r.ControlRevision = o.Measured, o.Status, max(r.ControlRevision, o.ControlRevision)
	}
	switch o.Status {
	case assessment.Fail:
		return fail(r, o, revision)
	case assessment.Pass:
		if o.Measured.After(r.LastPass) {
			r.LastPass = o.Measured
		}
		if r.State == Open && o.Measured.After(r.LastFail) {
			r.State, r.Closed = Closed, o.Measured
			return r, ClosedEvent
		}
		if r.State == Moot && newest {
			r.State = Closed
		}
	case assessment.NotApplicable, "":
		if r.State == Open && o.Measured.After(r.LastFail) {
			r.State, r.Closed = Moot, o.Measured
			return r, MootEvent
		}
	}
	return r, ""
}

// fail applies a failing measurement; revision is that of the control at the measurement before.
func fail(r Record, o Observation, revision uint32) (Record, Event) {
	r.Fails++
	first := r.State == ""
	if r.Decision == FalsePositive && o.Measured.After(r.LastFail) &&
		(o.ReasonID != r.ReasonID || o.ControlRevision > revision) {
		r = unreview(r)
	}
	if !o.Measured.Before(r.LastFail) {
		r.LastFail, r.ReasonID = o.Measured, o.ReasonID
	}
	switch {
	case first:
		r.State, r.Opened = Open, o.Measured
		return r, Opened
	case r.State != Open && o.Measured.After(r.Closed):
		r.State, r.Closed, r.Reopened = Open, time.Time{}, o.Measured
		r.Reopens++
		if r.Decision == Confirmed {
			r = unreview(r)
		}
		return r, Reopened
	}
	return r, ""
}

func unreview(r Record) Record {
	r.Decision, r.Reason, r.DecidedBy, r.Decided, r.AcceptedUntil = Unreviewed, "", "", time.Time{}, time.Time{}
	return r
}

// Expire ends a waiver whose date has come. The finding is unreviewed again and, when it still fails, open.
func Expire(r Record, now time.Time) (Record, Event) {
	if r.Decision != Accepted || now.Before(r.AcceptedUntil) {
		return r, ""
	}
	return unreview(r), WaiverEnded
}

// Errors of [Decide].
var (
	ErrReasonMissing = errors.New("a reason is needed")
	ErrUntilMissing  = errors.New("a waiver needs an end date")
	ErrUntilRange    = errors.New("the end date must be in the future and at most a year away")
	ErrClosed        = errors.New("the finding is not open")
	ErrUnknown       = errors.New("unknown decision")
)

// MaxWaiver bounds how long a risk may be accepted at once.
const MaxWaiver = 366 * 24 * time.Hour

// Decide applies an assessor's decision; until matters for [Accepted] only. [Unreviewed] takes one back.
func Decide(r Record, d Decision, reason, by string, until, now time.Time) (Record, error) {
	if r.State != Open && d != Unreviewed {
		return r, ErrClosed
	}
	reason = strings.TrimSpace(reason)
	switch d {
	case Unreviewed:
		return unreview(r), nil
	case Confirmed:
	case FalsePositive:
		if reason == "" {
			return r, ErrReasonMissing
		}
	case Accepted:
		if reason == "" {
			return r, ErrReasonMissing
		}
		if until.IsZero() {
			return r, ErrUntilMissing
		}
		if !until.After(now) || until.Sub(now) > MaxWaiver {
			return r, ErrUntilRange
		}
	default:
		return r, fmt.Errorf("%w %q", ErrUnknown, d)
	}
	r = unreview(r)
	r.Decision, r.Reason, r.DecidedBy, r.Decided = d, reason, by, now.UTC()
	if d == Accepted {
		r.AcceptedUntil = until.UTC()
	}
	return r, nil
}

// Due says by when a finding of a severity should be fixed; zero: no date (info).
func Due(s assessment.Severity, opened time.Time) time.Time {
	days := map[assessment.Severity]int{assessment.Critical: 7, assessment.High: 30, assessment.Medium: 90, assessment.Low: 180}[s]
	if days == 0 {
		return time.Time{}
	}
	return opened.AddDate(0, 0, days)
}
