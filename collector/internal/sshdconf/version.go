package sshdconf

import (
	"regexp"
	"strconv"
)

// Version is a release of OpenSSH as major·100 + minor: 902 is 9.2. Zero is unknown and read as the newest.
type Version int

// newest stands in for an unknown version.
const newest Version = 1099

// cutsComments is the first release that knows quotes from comments: those before it end every line at its first "#", inside a
// word or a command, too. Seen at 8.4; the words of 8.7 are read as 9.2 reads them.
const cutsComments Version = 807

var versionRE = regexp.MustCompile(`(\d{1,2})\.(\d{1,2})`)

// ParseVersion finds the release in "9.2p1", "1:9.2p1-2+deb12u3" or "OpenSSH_9.2p1"; zero when there is none.
func ParseVersion(s string) Version {
	m := versionRE.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if minor > 98 {
		return 0
	}
	return Version(major*100 + minor)
}
