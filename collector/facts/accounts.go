package facts

import "time"

// Accounts are the local users and groups, with the state of their passwords (passwd(5), shadow(5), group(5)).
type Accounts struct {
	Users               []User            `json:"users,omitzero"`
	Groups              []Group           `json:"groups,omitzero"`
	LoginDefs           map[string]string `json:"login_defs,omitzero"`            // /etc/login.defs, last value wins
	Duplicates          []Duplicate       `json:"duplicates,omitzero"`            // names or ids given twice
	NIS                 *bool             `json:"nis,omitzero"`                   // a "+" line, or nis/compat in nsswitch.conf
	ShadowRead          bool              `json:"shadow_read"`                    // false: password states are unknown
	Shells              []string          `json:"shells,omitzero"`                // /etc/shells
	UseraddInactiveDays *int              `json:"useradd_inactive_days,omitzero"` // INACTIVE in /etc/default/useradd
	RootPathUnsafe      []string          `json:"root_path_unsafe,omitzero"`      // entries of root's PATH that others may write, or that are relative
}

// User is one line of passwd with its line of shadow.
type User struct {
	Name           string          `json:"name"`
	UID            uint32          `json:"uid"`
	GID            uint32          `json:"gid"`
	Gecos          string          `json:"gecos,omitzero"`
	Home           string          `json:"home"`
	Shell          string          `json:"shell"`
	System         bool            `json:"system"`              // uid below UID_MIN, and not root
	CanLogin       bool            `json:"can_login"`           // the shell is a real one (not nologin, false, sync, halt, shutdown)
	Groups         []string        `json:"groups,omitzero"`     // every group, primary one included
	Password       *Password       `json:"password,omitzero"`   // nil: shadow could not be read
	LastLogin      *time.Time      `json:"last_login,omitzero"` // UTC; nil: never seen or unknown
	HomeState      *FileState      `json:"home_state,omitzero"` // nil: the home directory was not looked at
	DotFiles       []FileState     `json:"dot_files,omitzero"`  // .rhosts, .netrc, .forward, .shosts and dot files others may write
	AuthorizedKeys []AuthorizedKey `json:"authorized_keys,omitzero"`
}

// Password is the state of one password, never the hash.
type Password struct {
	State          string `json:"state"`                     // set, empty, locked (! or * before or instead of a hash) or none
	Algorithm      string `json:"algorithm,omitzero"`        // yescrypt, sha512, sha256, bcrypt, md5, des, ...
	WeakDefault    bool   `json:"weak_default,omitzero"`     // equals one of a short list of vendor defaults, or the user's name
	WeakTested     bool   `json:"weak_tested,omitzero"`      // the list was tried; false: no hash, or one that is too costly to try (yescrypt, bcrypt)
	LastChangeDays *int   `json:"last_change_days,omitzero"` // days since 1970-01-01; 0: must change at next login
	AgeDays        *int   `json:"age_days,omitzero"`         // days from last change to measured_at; negative: changed in the future
	MinDays        *int   `json:"min_days,omitzero"`
	MaxDays        *int   `json:"max_days,omitzero"` // absent: never expires
	WarnDays       *int   `json:"warn_days,omitzero"`
	InactiveDays   *int   `json:"inactive_days,omitzero"`
	ExpireDays     *int   `json:"expire_days,omitzero"` // account expiry, days since 1970-01-01
}

// Group is one line of group.
type Group struct {
	Name    string   `json:"name"`
	GID     uint32   `json:"gid"`
	Members []string `json:"members,omitzero"`
}

// Duplicate is a name or number that stands twice.
type Duplicate struct {
	Kind  string   `json:"kind"` // uid, gid, user or group
	Value string   `json:"value"`
	Names []string `json:"names"`
}

// AuthorizedKey is one public key that opens an account over SSH; the key itself is not kept.
type AuthorizedKey struct {
	File        string `json:"file"`
	Type        string `json:"type"`          // ssh-ed25519, ssh-rsa, ...
	Bits        int    `json:"bits,omitzero"` // 0: not stated by the type and not parsed
	Fingerprint string `json:"fingerprint"`   // SHA256:...
	Options     string `json:"options,omitzero"`
	Comment     string `json:"comment,omitzero"`
}

// PAM is the effective stack of the services we know, with includes resolved (pam.d(5)).
type PAM struct {
	Services  map[string][]PAMRule `json:"services,omitzero"`  // service → rules in order: login, sshd, su, sudo, passwd, common-* ...
	PwQuality map[string]string    `json:"pwquality,omitzero"` // pwquality.conf and its .d, arguments of the module applied
	Faillock  map[string]string    `json:"faillock,omitzero"`  // faillock.conf, arguments of the module applied
	PwHistory map[string]string    `json:"pwhistory,omitzero"` // pwhistory.conf, arguments of the module applied
	Limits    []Limit              `json:"limits,omitzero"`    // limits.conf and limits.d
}

// PAMRule is one line of a stack after includes were resolved.
type PAMRule struct {
	Type    string   `json:"type"`    // auth, account, password or session
	Control string   `json:"control"` // required, requisite, sufficient, optional or [value=action ...]
	Module  string   `json:"module"`  // pam_unix.so, without its directory
	Args    []string `json:"args,omitzero"`
	File    string   `json:"file"` // the file it stands in

	SubstackDepth int `json:"substack_depth,omitzero"` // how many substacks it stands in; their "die" and "done" end only themselves
}

// Limit is one line of limits.conf(5).
type Limit struct {
	Domain string `json:"domain"`
	Type   string `json:"type"`
	Item   string `json:"item"`
	Value  string `json:"value"`
	File   string `json:"file"`
}

// Sudo is the effective sudoers policy with includes and aliases resolved (sudoers(5)).
type Sudo struct {
	Installed bool          `json:"installed"`
	Defaults  []SudoDefault `json:"defaults,omitzero"`
	Rules     []SudoRule    `json:"rules,omitzero"`
	Errors    []string      `json:"errors,omitzero"` // "file:line: text"
	Doas      []string      `json:"doas,omitzero"`   // lines of doas.conf; nil: no doas
}

// SudoDefault is one Defaults entry.
type SudoDefault struct {
	Scope   string `json:"scope,omitzero"` // "", ":user", "@host", ">runas" or "!command"
	Name    string `json:"name"`
	Value   string `json:"value,omitzero"`
	Negated bool   `json:"negated,omitzero"`
	File    string `json:"file"`
}

// SudoRule is one user specification for one command list.
type SudoRule struct {
	Users    []string `json:"users"` // aliases resolved: names, %groups, #uids, ALL
	Hosts    []string `json:"hosts"`
	RunAs    []string `json:"run_as,omitzero"` // empty: root
	Tags     []string `json:"tags,omitzero"`   // NOPASSWD, SETENV, NOEXEC ... in force for these commands
	NoPasswd bool     `json:"nopasswd"`        // NOPASSWD, or !authenticate for these users
	Commands []string `json:"commands"`        // aliases resolved; ALL stays ALL
	File     string   `json:"file"`
	Line     int      `json:"line"`
}
