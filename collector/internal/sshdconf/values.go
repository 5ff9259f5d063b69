package sshdconf

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var errExtra = errors.New("extra arguments at end of line")

// readValues checks and normalizes the arguments of one line.
func readValues(key string, k keyword, words []string) ([]string, error) {
	switch k.kind {
	case listFirst, listAppend:
		if key == "authenticationmethods" {
			return words, checkMethods(words)
		}
		return words, nil
	case special:
		return readSpecial(key, words)
	}
	if len(words) > 1 {
		return nil, errExtra
	}
	w := words[0]
	if w == "" {
		return nil, errors.New("missing argument")
	}
	switch k.kind {
	case flag:
		return readEnum(w, []string{"yes", "no"})
	case enum:
		return readEnum(w, k.values)
	case upper:
		return readUpper(key, strings.ToUpper(w))
	case number:
		n, err := strconv.Atoi(w)
		if err != nil || n < -1<<31 || n > 1<<31-1 {
			return nil, fmt.Errorf("integer value %q invalid", w)
		}
		return []string{strconv.Itoa(n)}, nil
	case seconds:
		n, err := parseSeconds(w)
		if err != nil {
			return nil, err
		}
		return []string{strconv.FormatInt(n, 10)}, nil
	case ports:
		if n, err := strconv.Atoi(w); err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("badly formatted port number %q", w)
		}
		return []string{w}, nil
	case file, fileAppend:
		return []string{absolutePath(w)}, nil
	case algorithms:
		return strings.Split(w, ","), nil
	}
	if key == "permituserenvironment" && (strings.EqualFold(w, "yes") || strings.EqualFold(w, "no")) {
		w = strings.ToLower(w)
	}
	if key == "streamlocalbindmask" {
		n, err := strconv.ParseUint(w, 8, 16)
		return []string{fmt.Sprintf("0%o", n)}, err
	}
	if strings.EqualFold(w, "none") {
		w = "none"
	}
	return []string{w}, nil
}

// readUpper checks the words that sshd knows by name in capital letters.
func readUpper(key, w string) ([]string, error) {
	known := []string{"MD5", "SHA1", "SHA256", "SHA384", "SHA512"}
	switch key {
	case "loglevel":
		known = []string{"QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3"}
		if w == "DEBUG" {
			w = "DEBUG1"
		}
	case "syslogfacility":
		known = []string{"DAEMON", "USER", "AUTH", "AUTHPRIV", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7"}
	}
	if !slices.Contains(known, w) {
		return nil, fmt.Errorf("unsupported value %q", w)
	}
	return []string{w}, nil
}

// checkMethods refuses what sshd refuses in AuthenticationMethods.
func checkMethods(words []string) error {
	known := []string{"none", "publickey", "gssapi-keyex", "gssapi-with-mic", "password", "keyboard-interactive", "hostbased"}
	for _, list := range words {
		if list == "any" {
			if len(words) > 1 {
				return errors.New(`"any" must appear alone`)
			}
			continue
		}
		for method := range strings.SplitSeq(list, ",") {
			name, _, _ := strings.Cut(method, ":")
			if !slices.Contains(known, name) {
				return fmt.Errorf("unknown authentication method %q", method)
			}
		}
	}
	return nil
}

func readEnum(w string, values []string) ([]string, error) {
	w = strings.ToLower(w)
	for _, v := range values {
		from, to, renamed := strings.Cut(v, "=")
		if w != from {
			continue
		}
		if renamed {
			return []string{to}, nil
		}
		return []string{from}, nil
	}
	return nil, fmt.Errorf("unsupported option %q", w)
}

func readSpecial(key string, words []string) ([]string, error) {
	switch key {
	case "listenaddress":
		if len(words) > 1 && !(len(words) == 3 && strings.EqualFold(words[1], "rdomain")) {
			return nil, errExtra
		}
		return words[:1], nil
	case "subsystem":
		if len(words) < 2 {
			return nil, errors.New("missing subsystem command")
		}
		return []string{strings.Join(words, " ")}, nil
	case "unusedconnectiontimeout":
		if len(words) > 1 {
			return nil, errExtra
		}
		if strings.EqualFold(words[0], "none") {
			return []string{"none"}, nil
		}
		n, err := parseSeconds(words[0])
		return []string{strconv.FormatInt(n, 10)}, err
	case "maxstartups":
		if len(words) > 1 {
			return nil, errExtra
		}
		return readMaxStartups(words[0])
	case "rekeylimit":
		return readRekeyLimit(words)
	}
	return words, nil
}

// readMaxStartups reads "start:rate:full", or one number that means the start and the full value.
func readMaxStartups(s string) ([]string, error) {
	parts := strings.Split(s, ":")
	var n []int
	for _, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil || v < 1 {
			return nil, errors.New("invalid argument")
		}
		n = append(n, v)
	}
	switch {
	case len(n) == 1:
		// sshd keeps its default for the rate, and lets the start follow the maximum.
		return []string{fmt.Sprintf("%d:30:%d", n[0], n[0])}, nil
	case len(n) == 3 && n[0] <= n[2] && n[1] <= 100:
		return []string{s}, nil
	}
	return nil, errors.New("invalid argument")
}

func readRekeyLimit(words []string) ([]string, error) {
	if len(words) > 2 {
		return nil, errExtra
	}
	bytes := int64(0)
	if !strings.EqualFold(words[0], "default") {
		var err error
		if bytes, err = parseSize(words[0]); err != nil {
			return nil, err
		}
	}
	span := int64(0)
	if len(words) == 2 && !strings.EqualFold(words[1], "none") {
		var err error
		if span, err = parseSeconds(words[1]); err != nil {
			return nil, err
		}
	}
	return []string{strconv.FormatInt(bytes, 10), strconv.FormatInt(span, 10)}, nil
}

// parseSize reads a number of bytes with an optional K, M or G.
func parseSize(s string) (int64, error) {
	shift := 0
	switch strings.ToUpper(s[max(len(s)-1, 0):]) {
	case "K":
		shift = 10
	case "M":
		shift = 20
	case "G":
		shift = 30
	}
	digits := s
	if shift > 0 {
		digits = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > (1<<62)>>shift {
		return 0, fmt.Errorf("invalid number %q", s)
	}
	return n << shift, nil
}

// parseSeconds reads a time span of sshd_config(5): a sequence of numbers, each with an optional s, m, h, d or w.
func parseSeconds(s string) (int64, error) {
	bad := fmt.Errorf("invalid time value %q", s)
	if s == "" {
		return 0, bad
	}
	units := map[byte]int64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}
	var total int64
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		n, err := strconv.ParseInt(s[i:j], 10, 32)
		if err != nil {
			return 0, bad
		}
		unit := int64(1)
		if j < len(s) {
			u, ok := units[s[j]|0x20]
			if !ok {
				return 0, bad
			}
			unit = u
			j++
		}
		if total += n * unit; total > 1<<31-1 {
			return 0, bad
		}
		i = j
	}
	return total, nil
}
