package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/store"
)

// stored works on the database alone, without migrating it or touching the CA.
func stored(c *cobra.Command, f func(ctx context.Context, conf server.Config, st *store.Store) error) error {
	conf, err := configOf(c)
	if err != nil {
		return err
	}
	st, err := server.OpenStore(c.Context(), conf)
	if err != nil {
		return err
	}
	defer st.Close()
	return f(c.Context(), conf, st)
}

func backupCommand(t texts) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: t.say("backup"), Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return stored(c, func(ctx context.Context, conf server.Config, st *store.Store) error {
				if err := st.Backup(ctx, args[0]); err != nil {
					return err
				}
				fmt.Fprintln(c.OutOrStdout(), t.say("backup.done", args[0], filepath.Join(conf.State, "ca")))
				return nil
			})
		},
	}
}

func restoreCommand(t texts) *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: t.say("restore"), Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := configOf(c)
			if err != nil {
				return err
			}
			before, err := server.Restore(c.Context(), conf, args[0], actor(), time.Now())
			if err != nil {
				return err
			}
			if before == "" {
				fmt.Fprintln(c.OutOrStdout(), t.say("restore.first"))
				return nil
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("restore.done", before))
			return nil
		},
	}
}

func migrateCommand(t texts) *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: t.say("migrate"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return stored(c, func(ctx context.Context, _ server.Config, st *store.Store) error {
				applied, err := st.Migrate(ctx, time.Now())
				for _, m := range applied {
					fmt.Fprintln(c.OutOrStdout(), t.say("migrate.done", m.Version, m.Name))
				}
				if err == nil && len(applied) == 0 {
					fmt.Fprintln(c.OutOrStdout(), t.say("migrate.none"))
				}
				return err
			})
		},
	}
}

func checkCommand(t texts) *cobra.Command {
	cmd := &cobra.Command{
		Use: "check", Short: t.say("check"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			seen, err := hex.DecodeString(flag(c, "seen"))
			if err != nil || len(seen) != 0 && len(seen) != sha256.Size {
				return usageError{errors.New(t.say("err.hash", "--seen"))}
			}
			if name := flag(c, "audit"); name != "" {
				return checkTrail(c, t, name, seen)
			}
			if flag(c, "recipient") != "" {
				return usageError{errors.New(t.say("err.with", "--recipient", "--audit"))}
			}
			return stored(c, func(ctx context.Context, _ server.Config, st *store.Store) error {
				if err := st.Check(ctx); err != nil {
					return err
				}
				return st.View(ctx, func(tx *store.Tx) error {
					n, last, err := tx.VerifyAudit()
					if err != nil {
						return err
					}
					holds := len(seen) == 0
					if !holds {
						if holds, err = tx.AuditHolds(seen); err != nil {
							return err
						}
					}
					if !holds {
						return fmt.Errorf("%w: %s", store.ErrAuditBroken, t.say("check.unseen", seen))
					}
					fmt.Fprintln(c.OutOrStdout(), t.say("check.ok", n, last))
					return nil
				})
			})
		},
	}
	cmd.Flags().String("audit", "", t.say("check.flag.audit"))
	cmd.Flags().String("recipient", "", t.say("check.flag.recipient"))
	cmd.Flags().String("seen", "", t.say("check.flag.seen"))
	return cmd
}

// checkTrail verifies an exported trail; it needs neither configuration nor database.
func checkTrail(c *cobra.Command, t texts, name string, seen []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read audit trail: %w", err)
	}
	defer f.Close()
	v, err := store.ReadAudit(f, flag(c, "recipient"), seen)
	if err != nil {
		return err
	}
	if len(seen) > 0 && !v.Seen {
		return fmt.Errorf("%w: %s", store.ErrAuditBroken, t.say("check.unseen", seen))
	}
	fmt.Fprintln(c.OutOrStdout(), t.say("check.trail", v.Entries, v.First, v.Last, v.Hash))
	return nil
}

func auditCommand(t texts) *cobra.Command {
	export := &cobra.Command{
		Use: "export", Short: t.say("audit.export"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return stored(c, func(ctx context.Context, _ server.Config, st *store.Store) error {
				return st.View(ctx, func(tx *store.Tx) error { return tx.WriteAudit(c.OutOrStdout(), flag(c, "recipient")) })
			})
		},
	}
	export.Flags().String("recipient", "", t.say("flag.recipient.all"))
	return group(t, "audit", export)
}
