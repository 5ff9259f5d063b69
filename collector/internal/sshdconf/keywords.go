package sshdconf

import "strings"

// kind is how a keyword's arguments are read and how a second occurrence is treated.
type kind int

const (
	flag       kind = iota // yes or no
	enum                   // one of a list, case ignored
	upper                  // one word, case ignored, kept in upper case as sshd -T prints it
	number                 // decimal integer
	seconds                // time span, kept in seconds
	word                   // one word, case kept
	file                   // one file name, made absolute
	rest                   // the remainder of the line
	listFirst              // several words; the first line wins
	listAppend             // several words; lines add up
	fileAppend             // file names; lines add up
	ports                  // port numbers; lines add up
	algorithms             // comma separated, with + - ^ before
	special                // has a reader of its own
	ignored                // accepted, without effect
)

// keyword is one line of sshd's table.
type keyword struct {
	kind    kind
	match   bool     // allowed inside Match
	def     string   // default; words for lists; "" for an empty list
	values  []string // of enum, in lower case; "a=b" means that a is read as b
	since   Version  // first release that knows it; zero: older than any we meet
	matchAt Version  // first release that allows it inside Match, when not always
}

var (
	enumRoot       = []string{"yes", "no", "prohibit-password", "without-password=prohibit-password", "forced-commands-only"}
	enumForwarding = []string{"yes", "no", "local", "remote", "all=yes"}
	enumTunnel     = []string{"yes", "no", "point-to-point", "ethernet"}
	enumCompress   = []string{"yes", "no", "delayed=yes"}
	enumFamily     = []string{"any", "inet", "inet6"}
	enumGateway    = []string{"yes", "no", "clientspecified"}
	enumRhosts     = []string{"yes", "no", "shosts-only"}
)

// aliases are deprecated names with the keyword that sshd reads in their place.
var aliases = map[string]string{
	"hostdsakey":                      "hostkey",
	"skeyauthentication":              "kbdinteractiveauthentication",
	"challengeresponseauthentication": "kbdinteractiveauthentication",
	"dsaauthentication":               "pubkeyauthentication",
	"keepalive":                       "tcpkeepalive",
	"pubkeyacceptedkeytypes":          "pubkeyacceptedalgorithms",
	"hostbasedacceptedkeytypes":       "hostbasedacceptedalgorithms",
	"rsaminsize":                      "requiredrsasize",
	"gssapicleanupcreds":              "gssapicleanupcredentials",
	"gssusesessionccache":             "gssapiusesessioncredcache",
}

// keywords is the table of sshd_config(5).
var keywords = map[string]keyword{
	"acceptenv":                       {kind: listAppend, match: true},
	"addressfamily":                   {kind: enum, values: enumFamily, def: "any"},
	"allowagentforwarding":            {kind: flag, match: true, def: "yes"},
	"allowgroups":                     {kind: listAppend, match: true},
	"allowstreamlocalforwarding":      {kind: enum, values: enumForwarding, match: true, def: "yes"},
	"allowtcpforwarding":              {kind: enum, values: enumForwarding, match: true, def: "yes"},
	"allowusers":                      {kind: listAppend, match: true},
	"authenticationmethods":           {kind: listFirst, match: true, def: "any"},
	"authorizedkeyscommand":           {kind: rest, match: true, def: "none"},
	"authorizedkeyscommanduser":       {kind: word, match: true, def: "none"},
	"authorizedkeysfile":              {kind: listFirst, match: true, def: ".ssh/authorized_keys .ssh/authorized_keys2"},
	"authorizedprincipalscommand":     {kind: rest, match: true, def: "none"},
	"authorizedprincipalscommanduser": {kind: word, match: true, def: "none"},
	"authorizedprincipalsfile":        {kind: word, match: true, def: "none"},
	"banner":                          {kind: file, match: true, def: "none"},
	"casignaturealgorithms":           {kind: algorithms, match: true, since: 709},
	"channeltimeout":                  {kind: listFirst, match: true, def: "none", since: 902},
	"chrootdirectory":                 {kind: file, match: true, def: "none"},
	"ciphers":                         {kind: algorithms},
	"clientalivecountmax":             {kind: number, match: true, def: "3"},
	"clientaliveinterval":             {kind: seconds, match: true, def: "0"},
	"compression":                     {kind: enum, values: enumCompress, def: "yes"},
	"debianbanner":                    {kind: flag, def: "yes"},
	"denygroups":                      {kind: listAppend, match: true},
	"denyusers":                       {kind: listAppend, match: true},
	"disableforwarding":               {kind: flag, match: true, def: "no", since: 704},
	"exposeauthinfo":                  {kind: flag, match: true, def: "no", since: 706},
	"fingerprinthash":                 {kind: upper, def: "SHA256"},
	"forcecommand":                    {kind: rest, match: true, def: "none"},
	"gatewayports":                    {kind: enum, values: enumGateway, match: true, def: "no"},
	"gssapiauthentication":            {kind: flag, match: true, def: "no"},
	"gssapicleanupcredentials":        {kind: flag, def: "yes"},
	"gssapidelegatecredentials":       {kind: flag, match: true, def: "yes", since: 1000},
	"gssapienablek5users":             {kind: flag, match: true, def: "no"},
	"gssapikexalgorithms":             {kind: word},
	"gssapikeyexchange":               {kind: flag, def: "no"},
	"gssapistorecredentialsonrekey":   {kind: flag, def: "no"},
	"gssapistrictacceptorcheck":       {kind: flag, def: "yes"},
	"gssapiusesessioncredcache":       {kind: ignored},
	"hostbasedacceptedalgorithms":     {kind: algorithms, match: true},
	"hostbasedauthentication":         {kind: flag, match: true, def: "no"},
	"hostbasedusesnamefrompacketonly": {kind: flag, match: true, def: "no"},
	"hostcertificate":                 {kind: fileAppend},
	"hostkey":                         {kind: fileAppend, def: "/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key"},
	"hostkeyagent":                    {kind: word, def: "none"},
	"hostkeyalgorithms":               {kind: algorithms},
	"ignorerhosts":                    {kind: enum, values: enumRhosts, def: "yes", matchAt: 802},
	"ignoreuserknownhosts":            {kind: flag, def: "no"},
	"include":                         {kind: special, match: true, since: 802},
	"ipqos":                           {kind: listFirst, match: true, def: "lowdelay throughput"},
	"kbdinteractiveauthentication":    {kind: flag, match: true, def: "yes"},
	"kerberosauthentication":          {kind: flag, match: true, def: "no"},
	"kerberosgetafstoken":             {kind: flag, def: "no"},
	"kerberosorlocalpasswd":           {kind: flag, def: "yes"},
	"kerberosticketcleanup":           {kind: flag, def: "yes"},
	"kerberosuniqueccache":            {kind: flag, def: "no"},
	"kerberosusekuserok":              {kind: flag, match: true, def: "yes"},
	"kexalgorithms":                   {kind: algorithms},
	"listenaddress":                   {kind: special},
	"logingracetime":                  {kind: seconds, def: "120"},
	"loglevel":                        {kind: upper, match: true, def: "INFO"},
	"logverbose":                      {kind: listFirst, match: true, since: 805},
	"macs":                            {kind: algorithms},
	"match":                           {kind: special, match: true},
	"maxauthtries":                    {kind: number, match: true, def: "6"},
	"maxsessions":                     {kind: number, match: true, def: "10"},
	"maxstartups":                     {kind: special, def: "10:30:100"},
	"modulifile":                      {kind: file, def: "/etc/ssh/moduli", since: 805},
	"pamservicename":                  {kind: word, match: true, def: "sshd", since: 908},
	"passwordauthentication":          {kind: flag, match: true, def: "yes"},
	"permitemptypasswords":            {kind: flag, match: true, def: "no"},
	"permitlisten":                    {kind: listFirst, match: true, def: "any", since: 708},
	"permitopen":                      {kind: listFirst, match: true, def: "any"},
	"permitrootlogin":                 {kind: enum, values: enumRoot, match: true, def: "prohibit-password"},
	"permittty":                       {kind: flag, match: true, def: "yes"},
	"permittunnel":                    {kind: enum, values: enumTunnel, match: true, def: "no"},
	"permituserenvironment":           {kind: word, def: "no", matchAt: 1000},
	"permituserrc":                    {kind: flag, match: true, def: "yes"},
	"persourcemaxstartups":            {kind: word, def: "none", since: 805},
	"persourcenetblocksize":           {kind: word, def: "32:128", since: 805},
	"persourcepenalties":              {kind: listFirst, def: "yes", since: 908},
	"persourcepenaltyexemptlist":      {kind: word, def: "none", since: 908},
	"pidfile":                         {kind: file, def: "/run/sshd.pid"},
	"port":                            {kind: ports, def: "22"},
	"printlastlog":                    {kind: flag, def: "yes"},
	"printmotd":                       {kind: flag, def: "yes"},
	"pubkeyacceptedalgorithms":        {kind: algorithms, match: true},
	"pubkeyauthentication":            {kind: flag, match: true, def: "yes"},
	"pubkeyauthoptions":               {kind: listFirst, match: true, def: "none", since: 802},
	"rdomain":                         {kind: word, match: true, def: "none", since: 707},
	"refuseconnection":                {kind: flag, match: true, def: "no", since: 909},
	"rekeylimit":                      {kind: special, match: true, def: "0 0"},
	"requiredrsasize":                 {kind: number, match: true, def: "1024", since: 807},
	"revokedkeys":                     {kind: file, match: true, def: "none"},
	"securitykeyprovider":             {kind: word, def: "internal", since: 804},
	"setenv":                          {kind: listFirst, match: true, since: 708},
	"sshdauthpath":                    {kind: file, since: 909},
	"sshdsessionpath":                 {kind: file, since: 908},
	"streamlocalbindmask":             {kind: word, match: true, def: "0177"},
	"streamlocalbindunlink":           {kind: flag, match: true, def: "no"},
	"strictmodes":                     {kind: flag, def: "yes"},
	"subsystem":                       {kind: special, matchAt: 904},
	"syslogfacility":                  {kind: upper, def: "AUTH"},
	"tcpkeepalive":                    {kind: flag, def: "yes"},
	"trustedusercakeys":               {kind: file, match: true, def: "none"},
	"unusedconnectiontimeout":         {kind: special, match: true, def: "none", since: 902},
	"usedns":                          {kind: flag, def: "no"},
	"usepam":                          {kind: flag, def: "no"},
	"versionaddendum":                 {kind: rest, def: "none"},
	"x11displayoffset":                {kind: number, match: true, def: "10"},
	"x11forwarding":                   {kind: flag, match: true, def: "no"},
	"x11maxdisplays":                  {kind: number, match: true},
	"x11uselocalhost":                 {kind: flag, match: true, def: "yes"},
	"xauthlocation":                   {kind: file, def: "/usr/bin/xauth"},

	// Accepted for old files, without effect.
	"afstokenpassing":            {kind: ignored},
	"authorizedkeysfile2":        {kind: ignored, match: true},
	"checkmail":                  {kind: ignored},
	"kerberostgtpassing":         {kind: ignored},
	"keyregenerationinterval":    {kind: ignored},
	"pamauthenticationviakbdint": {kind: ignored},
	"protocol":                   {kind: ignored},
	"reversemappingcheck":        {kind: ignored},
	"rhostsauthentication":       {kind: ignored},
	"rhostsrsaauthentication":    {kind: ignored, match: true},
	"rsaauthentication":          {kind: ignored, match: true},
	"serverkeybits":              {kind: ignored},
	"uselogin":                   {kind: ignored},
	"useprivilegeseparation":     {kind: ignored},
	"verifyreversemapping":       {kind: ignored},
}

// defaultOf returns the value a keyword has when no file sets it, or nil when that release has no such keyword.
func defaultOf(name string, k keyword, v Version, distro string) []string {
	if k.kind == ignored || k.since > v {
		return nil
	}
	switch name {
	case "include", "match", "x11maxdisplays", "gssapikexalgorithms", "sshdauthpath", "sshdsessionpath",
		"gssapidelegatecredentials", "gssapienablek5users", "kerberosuniqueccache", "kerberosusekuserok", "kerberosgetafstoken", "listenaddress":
		return nil
	case "debianbanner":
		if distro != "debian" {
			return nil
		}
	case "permitrootlogin":
		if v < 700 || distro == "rhel" && v < 800 {
			return []string{"yes"}
		}
	case "usedns":
		if v < 608 || distro == "rhel" && v < 800 {
			return []string{"yes"}
		}
	case "ipqos":
		if v >= 1000 && distro == "debian" {
			return []string{"ef", "cs1"}
		}
		if v >= 708 && distro != "debian" {
			return []string{"af21", "cs1"}
		}
	}
	if k.kind == algorithms {
		return defaultAlgorithms(name, v, distro)
	}
	if k.def == "" {
		return []string{}
	}
	if k.kind == listFirst || k.kind == fileAppend || name == "rekeylimit" {
		return strings.Fields(k.def)
	}
	return []string{k.def}
}

// allowedInMatch says whether release v takes the keyword inside a Match block.
func (k keyword) allowedInMatch(v Version) bool {
	return k.match || k.matchAt != 0 && v >= k.matchAt
}
