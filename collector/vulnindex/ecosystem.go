package vulnindex

import (
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// Canonical brings the name of a release into the one form an index has: OSV's Ubuntu:24.04:LTS is Ubuntu:24.04. What
// is only for paying subscribers (Ubuntu:Pro:...) stays a release of its own.
func Canonical(ecosystem string) string { return strings.TrimSuffix(ecosystem, ":LTS") }

// EcosystemOf names the release of a host by its os-release(5); empty: a distribution that no index exists for.
func EcosystemOf(id, versionID string) string {
	major, rest, _ := strings.Cut(versionID, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if major == "" {
		switch id {
		case "wolfi":
			return "Wolfi"
		case "chainguard":
			return "Chainguard"
		}
		return ""
	}
	switch id {
	case "debian", "raspbian":
		return "Debian:" + major
	case "ubuntu":
		return "Ubuntu:" + major + "." + minor
	case "alpine":
		return "Alpine:v" + major + "." + minor
	case "almalinux":
		return "AlmaLinux:" + major
	case "rocky":
		return "Rocky Linux:" + major
	case "opensuse-leap":
		return "openSUSE:Leap " + versionID
	case "mageia":
		return "Mageia:" + major
	case "wolfi":
		return "Wolfi"
	case "chainguard":
		return "Chainguard"
	}
	return ""
}

// distribution is the part of a release's name before the colon.
func distribution(ecosystem string) string {
	d, _, _ := strings.Cut(ecosystem, ":")
	return d
}

// bySource reports whether the records of a distribution name source packages.
func bySource(ecosystem string) bool {
	switch distribution(ecosystem) {
	case "Debian", "Ubuntu", "Alpine", "Wolfi", "Chainguard":
		return true
	}
	return false
}

// known reports whether versions of the distribution can be compared.
func known(ecosystem string) bool {
	_, err := semantic.Parse("1", distribution(ecosystem))
	return err == nil
}

// compared gives the name and the version by which records name an installed package.
func compared(ecosystem string, p Package) (name, version string) {
	if !bySource(ecosystem) {
		return p.Name, p.Version
	}
	name, version = p.Source, p.SourceVersion
	if name == "" {
		name = p.Name
	}
	if version == "" {
		version = p.Version
	}
	return unsignedSource(name, version)
}

// unsignedSource maps a package that only wraps signed binaries to the source they were built from, with the version of
// that: Debian's linux-signed-amd64 5.10.178+3 is linux 5.10.178-3, its grub-efi-amd64-signed 1+2.06+3 is grub2 2.06-3;
// Ubuntu's linux-signed-aws keeps the version of linux-aws, its grub2-signed 1.187.6+2.06-2 puts its own before it.
func unsignedSource(name, version string) (string, string) {
	if rest, ok := strings.CutPrefix(name, "linux-signed"); ok {
		for _, arch := range []string{"-amd64", "-arm64", "-i386"} {
			rest = strings.TrimSuffix(rest, arch)
		}
		return "linux" + rest, unsignedVersion(version)
	}
	if name == "grub2-signed" || strings.HasPrefix(name, "grub-efi-") && strings.HasSuffix(name, "-signed") {
		if _, inner, ok := strings.Cut(version, "+"); ok {
			return "grub2", unsignedVersion(inner)
		}
	}
	return name, version
}

// unsignedVersion puts the revision's hyphen back where Debian's signing made it a plus.
func unsignedVersion(version string) string {
	if strings.Contains(version, "-") {
		return version
	}
	return strings.Replace(version, "+", "-", 1)
}

func isAdvisory(id string) bool {
	for _, p := range []string{"DSA-", "DLA-", "USN-", "LSN-", "ALSA-", "ALBA-", "ALEA-", "RHSA-", "RLSA-", "RXSA-", "SUSE-SU-", "openSUSE-SU-", "MGASA-", "DTSA-"} {
		if strings.HasPrefix(id, p) {
			return true
		}
	}
	return false
}
