package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
)

// openCA opens the CA that is there; no command makes one by looking.
func openCA(c *cobra.Command) (*enrol.CA, server.Config, error) {
	conf, err := configOf(c)
	if err != nil {
		return nil, conf, err
	}
	if _, err := os.Stat(filepath.Join(conf.State, "ca", "root.crt")); err != nil {
		return nil, conf, fmt.Errorf("open CA: %w", err)
	}
	ca, err := conf.OpenCA(time.Now())
	return ca, conf, err
}

// onCA is a command on the CA alone.
func onCA(t texts, use, done string, f func(c *cobra.Command, ca *enrol.CA) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: t.say("ca." + use), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ca, _, err := openCA(c)
			if err != nil {
				return err
			}
			if err := f(c, ca); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), t.say(done))
			return nil
		},
	}
}

func caCommand(t texts) *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: t.say("ca.show"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ca, _, err := openCA(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%x\n", ca.Pin())
			if ca.Step() == "" {
				return nil
			}
			return stored(c, func(ctx context.Context, _ server.Config, st *store.Store) error {
				n, err := uninformed(ctx, st, ca)
				if err == nil {
					fmt.Fprintln(c.OutOrStdout(), t.say("ca.step."+ca.Step(), n))
				}
				return err
			})
		},
	}
	rotate := onCA(t, "rotate", "ca.rotated", func(c *cobra.Command, ca *enrol.CA) error {
		public, err := publicKey(flag(c, "public-key"))
		if err != nil {
			return err
		}
		return ca.Rotate(public, time.Now())
	})
	rotate.Flags().String("public-key", "", t.say("ca.flag.public"))
	announce := onCA(t, "announce", "ca.announced", func(_ *cobra.Command, ca *enrol.CA) error { return ca.Announce(time.Now()) })
	change := onCA(t, "switch", "ca.switched", func(_ *cobra.Command, ca *enrol.CA) error { return ca.Switch() })
	retire := onCA(t, "retire", "ca.retired", func(c *cobra.Command, ca *enrol.CA) error {
		return stored(c, func(ctx context.Context, _ server.Config, st *store.Store) error {
			n, err := uninformed(ctx, st, ca)
			if err != nil {
				return err
			}
			if force, _ := c.Flags().GetBool("force"); n > 0 && !force { //nolint:errcheck // the flag is there
				return errors.New(t.say("ca.waits", n))
			}
			return ca.Retire()
		})
	})
	retire.Flags().Bool("force", false, t.say("ca.flag.force"))
	return group(t, "ca", show, rotate, announce, change, retire, caEncrypt(t))
}

func uninformed(ctx context.Context, st *store.Store, ca *enrol.CA) (n int, err error) {
	err = st.View(ctx, func(tx *store.Tx) (err error) { n, err = enrol.Uninformed(tx, ca); return err })
	return n, err
}

// caEncrypt writes the key files as the configuration says.
func caEncrypt(t texts) *cobra.Command {
	c := &cobra.Command{
		Use: "encrypt", Short: t.say("ca.encrypt"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := configOf(c)
			if err != nil {
				return err
			}
			wanted, err := conf.CA.KeyOptions()
			if err != nil {
				return err
			}
			before := server.CAKeys{PassphraseFile: flag(c, "old-passphrase-file"), IdentityFile: flag(c, "old-identity-file")}
			opened, err := before.KeyOptions()
			if err != nil {
				return err
			}
			n, err := enrol.Encrypt(filepath.Join(conf.State, "ca"), opened, wanted)
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), t.say("ca.encrypted", n))
			}
			return err
		},
	}
	c.Flags().String("old-passphrase-file", "", t.say("ca.flag.old_passphrase"))
	c.Flags().String("old-identity-file", "", t.say("ca.flag.old_identity"))
	return c
}

// publicKey reads an ECDSA P-256 public key, PEM or DER; "" is none.
func publicKey(name string) (*ecdsa.PublicKey, error) {
	if name == "" {
		return nil, nil
	}
	b, err := readFile(name, 64<<10)
	if err != nil {
		return nil, err
	}
	if p, _ := pem.Decode(b); p != nil {
		b = p.Bytes
	}
	k, err := x509.ParsePKIXPublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	public, ok := k.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("read %s: the key is not ECDSA P-256", name)
	}
	return public, nil
}
