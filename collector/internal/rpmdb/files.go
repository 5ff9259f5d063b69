package rpmdb

import "io"

// File is one file of an installed package.
type File struct {
	Path    string
	Regular bool
	Digest  string // hexadecimal; empty: none, or rpm does not compare it
	Algo    string // md5, sha1 or sha256; empty: another
	Config  bool   // a configuration file
	Lenient bool   // may be missing: ghost, "missing ok", or not installed here
}

// Flags of a file, bits of what is verified, and the state of a file that stands on the disk (rpmfiles.h).
const (
	flagConfig, flagMissingOK, flagGhost = 1, 8, 64
	verifyDigest                         = 1
	stateNormal                          = 0
)

// ReadFiles calls f for every installed package that has files. A package whose lists do not fit together is damaged and
// has none.
func ReadFiles(r io.ReaderAt, f func(name string, files []File) error) error {
	return headers(r, func(h header) error {
		if files := h.files(); len(files) > 0 {
			return f(h.text(tagName), files)
		}
		return nil
	})
}

func (h header) files() []File {
	bases, dirs, index := h.texts(tagBaseNames), h.texts(tagDirNames), h.numbers(tagDirIndexes)
	digests, modes, flags := h.texts(tagFileDigests), h.numbers(tagFileModes), h.numbers(tagFileFlags)
	n := len(bases)
	if n == 0 || len(index) != n || len(digests) != n || len(modes) != n || len(flags) != n {
		return nil
	}
	verify, states := h.numbers(tagFileVerify), h.numbers(tagFileStates)
	algo := map[string]string{"": "md5", "1": "md5", "2": "sha1", "8": "sha256"}[h.text(tagDigestAlgo)]
	out := make([]File, 0, n)
	for i, base := range bases {
		if int(index[i]) >= len(dirs) {
			return nil
		}
		file := File{
			Path: dirs[index[i]] + base, Regular: modes[i]&0o170000 == 0o100000, Digest: digests[i], Algo: algo,
			Config: flags[i]&flagConfig != 0, Lenient: flags[i]&(flagGhost|flagMissingOK) != 0,
		}
		if flags[i]&flagGhost != 0 || len(verify) == n && verify[i]&verifyDigest == 0 {
			file.Digest = ""
		}
		if len(states) == n && states[i] != stateNormal { // replaced by another package's, or left out by the installation
			file.Digest, file.Lenient = "", true
		}
		out = append(out, file)
	}
	return out
}
