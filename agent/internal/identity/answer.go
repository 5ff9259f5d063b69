package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/vymir-project/vymir/agent/internal/durable"
)

// AnswerKey gives the key that sealed answers to this host are encrypted to. It is made when it is first asked for, and has a
// file of its own: an export may be written while the daemon replaces the identity. Losing it costs the answers under way.
func AnswerKey(stateDir string) (*age.X25519Identity, error) {
	name := filepath.Join(stateDir, "answer.key")
	b, err := os.ReadFile(name)
	if err == nil {
		if key, parseErr := age.ParseX25519Identity(strings.TrimSpace(string(b))); parseErr == nil {
			return key, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read answer key: %w", err)
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make answer key: %w", err)
	}
	return key, durable.WriteFile(name, []byte(key.String()+"\n"))
}
