package sshdconf

import "strings"

const blanks = " \t\r\n"

// nextWord splits s as sshd's own tokenizer does for keywords and Match criteria: words end at white space
// or at one "=", a double-quoted word may hold both. ok is false when a quote is not closed.
func nextWord(s string) (word, rest string, ok bool) {
	i := strings.IndexAny(s, blanks+`"=`)
	if i < 0 {
		return s, "", true
	}
	if s[i] == '"' {
		end := strings.IndexByte(s[i+1:], '"')
		if end < 0 {
			return "", "", false
		}
		return s[:i] + s[i+1:i+1+end], strings.TrimLeft(s[i+1+end+1:], blanks), true
	}
	rest = strings.TrimLeft(s[i+1:], blanks)
	if s[i] != '=' && strings.HasPrefix(rest, "=") {
		rest = strings.TrimLeft(rest[1:], blanks)
	}
	return s[:i], rest, true
}

// splitArgs splits the arguments of a line as OpenSSH 8.7 and later do: both kinds of quotes, backslash
// escapes of quotes, backslashes and blanks, and a comment that begins at the start of a word.
func splitArgs(s string) (args []string, ok bool) {
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' {
			i++
			continue
		}
		if s[i] == '#' {
			break
		}
		var word strings.Builder
		var quote byte
	scan:
		for ; i < len(s); i++ {
			c := s[i]
			switch {
			case c == '\\' && i+1 < len(s) && (strings.IndexByte(`'"\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
				i++
				word.WriteByte(s[i])
			case quote == 0 && (c == ' ' || c == '\t'):
				break scan
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
			default:
				word.WriteByte(c)
			}
		}
		if quote != 0 {
			return nil, false
		}
		args = append(args, word.String())
	}
	return args, true
}

// splitArgsOld splits the arguments as OpenSSH before 8.7 did: word by word with the keyword tokenizer,
// without comments.
func splitArgsOld(s string) (args []string, ok bool) {
	for s != "" {
		var word string
		if word, s, ok = nextWord(s); !ok {
			return nil, false
		}
		if word == "" {
			break
		}
		args = append(args, word)
	}
	return args, true
}
