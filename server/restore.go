package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/server/internal/store"
)

// ErrRunning says that a server works on the same state.
var ErrRunning = errors.New("a server runs on this state: stop it first")

// lockState holds the state folder: shared by servers that run, exclusive for who replaces what is in it.
func lockState(dir string, exclusive bool) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state: %w", err)
	}
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	if err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("lock state: %w", err)
	}
	return func() { f.Close() }, nil
}

// Restore puts the SQLite database in a backup file in place of the configured one and returns where the one before
// it went ("": there was none). The backup is verified first; nothing changes when it is not sound, or while a
// server runs. The CA is not part of it.
func Restore(ctx context.Context, c Config, from string, now time.Time) (before string, err error) {
	if strings.HasPrefix(c.Database, "postgres") {
		return "", errors.New("restore: this server keeps its data in PostgreSQL; use pg_restore")
	}
	if err := private(c.State); err != nil {
		return "", err
	}
	release, err := lockState(c.State, true)
	if err != nil {
		return "", err
	}
	defer release()
	to := strings.TrimPrefix(c.Database, "sqlite:")
	fresh := to + ".restore"
	defer os.Remove(fresh)
	if err := copyFile(from, fresh); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := verify(ctx, fresh, now); err != nil {
		return "", fmt.Errorf("restore: %s is not a sound backup: %w", from, err)
	}
	if _, err := os.Stat(to); err == nil {
		before = to + "." + now.UTC().Format("20060102T150405Z")
		if err := os.Rename(to, before); err != nil {
			return "", fmt.Errorf("restore: %w", err)
		}
		for _, tail := range []string{"-wal", "-shm"} {
			if err := os.Rename(to+tail, before+tail); err != nil && !errors.Is(err, os.ErrNotExist) {
				return before, fmt.Errorf("restore: %w", err)
			}
		}
	}
	if err := os.Rename(fresh, to); err != nil {
		return before, fmt.Errorf("restore: %w", err)
	}
	return before, nil
}

func verify(ctx context.Context, name string, now time.Time) error {
	st, err := store.Open(ctx, name)
	if err != nil {
		return err
	}
	_, err = st.Migrate(ctx, now)
	if err == nil {
		err = st.Check(ctx)
	}
	return errors.Join(err, st.Close())
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Sync(), dst.Close())
}
