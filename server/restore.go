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

// Restore puts what a backup file holds in place of the configured database, and returns the file that the content before
// it went to ("": there was none). The file is verified first, and brought to this version's schema when it is older;
// nothing changes when it is not sound or of a newer version, or while a server runs. Whoever was signed in signs in
// again. by is the actor of the entry that the audit trail gets. The CA is not part of it.
func Restore(ctx context.Context, c Config, from, by string, now time.Time) (before string, err error) {
	if err := private(c.State); err != nil {
		return "", err
	}
	release, err := lockState(c.State, true)
	if err != nil {
		return "", err
	}
	defer release()
	to := strings.TrimPrefix(c.Database, "sqlite:")
	if onPostgres(c) {
		to = filepath.Join(c.State, "vymir.db")
	}
	fresh := to + ".restore"
	defer os.Remove(fresh)
	if err := copyFile(from, fresh); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := sound(ctx, fresh, from, by, now); err != nil {
		return "", fmt.Errorf("restore: %s is not a sound backup: %w", from, err)
	}
	replace := replaceSQLite
	if onPostgres(c) {
		replace = replacePostgres
	}
	before, err = replace(ctx, c.Database, fresh, to+"."+now.UTC().Format("20060102T150405Z"), now)
	if err != nil {
		return before, fmt.Errorf("restore: %w", err)
	}
	return before, nil
}

func onPostgres(c Config) bool {
	return strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://")
}

// sound verifies the copy of a backup, and prepares it to be gone on from.
func sound(ctx context.Context, name, from, by string, now time.Time) error {
	st, err := store.Open(ctx, name)
	if err != nil {
		return err
	}
	_, err = st.Migrate(ctx, now)
	if err == nil {
		err = st.Check(ctx)
	}
	if err == nil {
		err = st.Tx(ctx, func(tx *store.Tx) error { return tx.Restored(by, filepath.Base(from), now) })
	}
	return errors.Join(err, st.Close())
}

// replaceSQLite moves the database away, as before, and the fresh one into its place.
func replaceSQLite(_ context.Context, dsn, fresh, before string, _ time.Time) (string, error) {
	to := strings.TrimPrefix(dsn, "sqlite:")
	switch err := os.Rename(to, before); {
	case errors.Is(err, os.ErrNotExist):
		before = ""
	case err != nil:
		return "", err
	default:
		for _, tail := range []string{"-wal", "-shm"} {
			if err := os.Rename(to+tail, before+tail); err != nil && !errors.Is(err, os.ErrNotExist) {
				return before, err
			}
		}
	}
	return before, os.Rename(fresh, to)
}

// replacePostgres backs the database up as before, unless it is empty, and loads the fresh one.
func replacePostgres(ctx context.Context, dsn, fresh, before string, now time.Time) (_ string, err error) {
	to, err := store.Open(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	release, err := to.Alone(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	applied, err := to.Migrate(ctx, now)
	if err != nil {
		return "", err
	}
	known, err := to.Migrations(ctx)
	if err != nil {
		return "", err
	}
	if len(applied) == len(known) {
		before = ""
	} else {
		if err := to.Backup(ctx, before); err != nil {
			return "", err
		}
	}
	from, err := store.Open(ctx, fresh)
	if err != nil {
		return before, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := to.Load(ctx, from); err != nil {
		return before, err
	}
	return before, to.Check(ctx)
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
