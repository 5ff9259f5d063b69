// Package access holds people: who they are, how they sign in, and what they may do to whose data.
//
// Tenancy is decided in one place, [Can], and listed by its sibling [Recipients]; both read the same table. A
// page or a route never compares a role itself: it names an [Action] and an [Object] and asks. Whatever is not
// in the table is refused.
//
// Secrets (passwords, sign-in links, sessions, API tokens) are never stored as they are: passwords as argon2id,
// the others, being random, as SHA-256. See [Service] for the life of each.
package access

import (
	"slices"
	"time"
)

// Role is what a person is to the server. A person may hold several, each for a scope of its own.
type Role string

// The roles. A recipient's roles are bound to one recipient, a donor's and an observer's to one donor
// organisation; an assessor's to one recipient or to [All].
const (
	RecipientAdmin    Role = "recipient_admin"    // runs the hosts: sees everything of the own recipient, approves nothing
	RecipientApprover Role = "recipient_approver" // decides what of the recipient donors may see
	Assessor          Role = "assessor"           // reviews findings across recipients
	Donor             Role = "donor"              // sees approved needs, pledges and delivers
	Observer          Role = "observer"           // sees what a donor sees and commits nothing
	Coordinator       Role = "coordinator"        // follows entries, pledges and deliveries
	Auditor           Role = "auditor"            // reads the whole trail, changes nothing
)

// Roles returns every role, in the order people read them.
func Roles() []Role {
	return []Role{RecipientAdmin, RecipientApprover, Assessor, Donor, Observer, Coordinator, Auditor}
}

// Valid reports whether r is one of [Roles].
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// All in place of a recipient's id is every recipient, now and later.
const All = "*"

// Action is one thing that can be done. Its name is also the scope of an API token that allows it.
type Action string

// The actions. "read" never changes anything; every other one does.
const (
	HostsRead        Action = "hosts:read"        // hosts with their facts and results
	FindingsRead     Action = "findings:read"     // findings with their evidence
	FindingsReview   Action = "findings:review"   // confirm, mark false positive, waive
	FindingsEvidence Action = "findings:evidence" // put files to findings
	GapsRead         Action = "gaps:read"         // gaps of a recipient
	NeedsRead        Action = "needs:read"        // needs of a recipient with what they rest on
	NeedsPropose     Action = "needs:propose"     // put a need before the approvers
	NeedsApprove     Action = "needs:approve"     // one of the two persons
	NeedsWithdraw    Action = "needs:withdraw"    // take a release back
	NeedsCommission  Action = "needs:commission"  // say that a delivery is in use
	EntriesRead      Action = "entries:read"      // catalogue entries as a donor sees them
	EntriesPledge    Action = "entries:pledge"    // announce help
	EntriesCommit    Action = "entries:commit"    // bind it
	EntriesDeliver   Action = "entries:deliver"   // say that it was delivered
	EffectRead       Action = "effect:read"       // what a delivered need changed
	QueueRead        Action = "queue:read"        // entries, pledges and deliveries of all donors
	AuditRead        Action = "audit:read"        // the trail
	TokensManage     Action = "tokens:manage"     // API tokens of one's own
	WebhooksManage   Action = "webhooks:manage"   // addresses that are told what happens
	PeopleManage     Action = "people:manage"     // who else administers the recipient's hosts
	HostsEnrol       Action = "hosts:enrol"       // tokens by which new hosts come in
	TargetsSet       Action = "targets:set"       // what share of each function is to be met
)

// Actions returns every action, in the order of their declaration.
func Actions() []Action {
	return []Action{HostsRead, FindingsRead, FindingsReview, FindingsEvidence, GapsRead, NeedsRead, NeedsPropose, NeedsApprove,
		NeedsWithdraw, NeedsCommission, EntriesRead, EntriesPledge, EntriesCommit, EntriesDeliver, EffectRead,
		QueueRead, AuditRead, TokensManage, WebhooksManage, PeopleManage, HostsEnrol, TargetsSet}
}

// Valid reports whether a is one of [Actions].
func (a Action) Valid() bool { return slices.Contains(Actions(), a) }

// allowed is the law: what each role may do inside its scope.
var allowed = map[Role][]Action{
	RecipientAdmin: {HostsRead, FindingsRead, FindingsEvidence, WebhooksManage, GapsRead, NeedsRead, NeedsPropose, NeedsWithdraw, NeedsCommission, EffectRead, TokensManage, PeopleManage,
		HostsEnrol, TargetsSet},
	RecipientApprover: {GapsRead, NeedsRead, NeedsApprove, NeedsWithdraw, EffectRead, TokensManage},
	Assessor:          {HostsRead, FindingsRead, FindingsReview, FindingsEvidence, GapsRead, NeedsRead, EffectRead, TokensManage, TargetsSet},
	Donor:             {EntriesRead, EntriesPledge, EntriesCommit, EntriesDeliver, TokensManage},
	Observer:          {EntriesRead, TokensManage},
	Coordinator:       {EntriesRead, QueueRead, TokensManage},
	Auditor:           {AuditRead, TokensManage},
}

// bound says whose data an action touches, and so what its [Object] must name.
type bound int

const (
	toServer    bound = iota // nothing of a tenant: the role is enough
	toRecipient              // Object.Recipient must be in the grant's scope
	toDonor                  // Object.Donor must be the grant's
)

var bounds = map[Action]bound{
	HostsRead: toRecipient, FindingsRead: toRecipient, FindingsReview: toRecipient, GapsRead: toRecipient,
	NeedsRead: toRecipient, NeedsPropose: toRecipient, NeedsApprove: toRecipient, NeedsWithdraw: toRecipient,
	NeedsCommission: toRecipient, EffectRead: toRecipient, PeopleManage: toRecipient,
	FindingsEvidence: toRecipient, WebhooksManage: toRecipient, HostsEnrol: toRecipient, TargetsSet: toRecipient,
	EntriesPledge: toDonor, EntriesCommit: toDonor, EntriesDeliver: toDonor,
	EntriesRead: toServer, QueueRead: toServer, AuditRead: toServer, TokensManage: toServer,
}

// Grant gives a role for a scope. Recipient is a recipient's id or [All]; Donor a donor organisation's id. The
// one that the role does not need is empty.
type Grant struct {
	Role      Role   `json:"role"`
	Recipient string `json:"recipient,omitzero"`
	Donor     string `json:"donor,omitzero"`
}

// Object says whose data an action is about: ids, empty where it does not matter.
type Object struct {
	Recipient string
	Donor     string
}

// Actor is a person who acts now: their grants, narrowed by the token they came with.
type Actor struct {
	UserID string
	Login  string
	Name   string
	Grants []Grant
	// Scopes narrow what the actor may do to the actions listed; nil narrows nothing (a signed-in session).
	Scopes []Action
	// Session identifies how the actor came in, for the sign-out; empty for an API token.
	Session string
	// Expires is when the session or token ends.
	Expires time.Time
}

// Can reports whether actor may do action to object. The zero Actor may do nothing.
func Can(actor Actor, action Action, object Object) bool {
	if actor.UserID == "" || !actor.inScope(action) {
		return false
	}
	for _, g := range actor.Grants {
		if slices.Contains(allowed[g.Role], action) && g.covers(bounds[action], object) {
			return true
		}
	}
	return false
}

// May reports whether actor may do action to anything at all: whether a page has a place in their menu.
func May(actor Actor, action Action) bool {
	if actor.UserID == "" || !actor.inScope(action) {
		return false
	}
	return slices.ContainsFunc(actor.Grants, func(g Grant) bool { return slices.Contains(allowed[g.Role], action) })
}

// Recipients lists the recipients whose data actor may treat with action: all is true for every recipient, else
// ids holds them, sorted and each once. It agrees with [Can] for every recipient.
func Recipients(actor Actor, action Action) (ids []string, all bool) {
	if actor.UserID == "" || !actor.inScope(action) || bounds[action] != toRecipient {
		return nil, false
	}
	for _, g := range actor.Grants {
		if !slices.Contains(allowed[g.Role], action) || g.Recipient == "" {
			continue
		}
		if g.anyRecipient() {
			return nil, true
		}
		ids = append(ids, g.Recipient)
	}
	slices.Sort(ids)
	return slices.Compact(ids), false
}

// DonorOf returns the donor organisation for which actor may do action: the first of the grants that allow it.
func DonorOf(actor Actor, action Action) (string, bool) {
	if actor.UserID == "" || !actor.inScope(action) {
		return "", false
	}
	for _, g := range actor.Grants {
		if g.Donor != "" && slices.Contains(allowed[g.Role], action) {
			return g.Donor, true
		}
	}
	return "", false
}

// HasRole reports whether actor holds role in any scope. It decides which page comes first, never what is allowed.
func HasRole(actor Actor, role Role) bool {
	return slices.ContainsFunc(actor.Grants, func(g Grant) bool { return g.Role == role })
}

func (a Actor) inScope(action Action) bool {
	return a.Scopes == nil || slices.Contains(a.Scopes, action)
}

// anyRecipient holds for an assessor of everything. No recipient's own role ever reaches beyond its recipient.
func (g Grant) anyRecipient() bool { return g.Recipient == All && g.Role == Assessor }

func (g Grant) covers(b bound, o Object) bool {
	switch b {
	case toServer:
		return true
	case toRecipient:
		return o.Recipient != "" && o.Recipient != All && (g.anyRecipient() || g.Recipient == o.Recipient)
	case toDonor:
		return o.Donor != "" && g.Donor == o.Donor
	}
	return false
}

// Valid reports whether g binds its role to the scope that the role needs, and to no other.
func (g Grant) Valid() bool {
	switch g.Role {
	case RecipientAdmin, RecipientApprover:
		return g.Recipient != "" && g.Recipient != All && g.Donor == ""
	case Assessor:
		return g.Recipient != "" && g.Donor == ""
	case Donor, Observer:
		return g.Donor != "" && g.Recipient == ""
	case Coordinator, Auditor:
		return g.Recipient == "" && g.Donor == ""
	}
	return false
}
