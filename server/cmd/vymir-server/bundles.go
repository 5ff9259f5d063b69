package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/store"
)

// maxBundleInput is a little more than an artefact may have, so that a larger one is told to be too large.
const maxBundleInput = wire.MaxVulnsBytes + 1

func bundleCommand(t texts) *cobra.Command {
	publish := command(t, "publish FILE", "bundle.publish", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		data, err := readFile(args[0], maxBundleInput)
		if err != nil {
			return err
		}
		a, err := dispatch.Publish(ctx, s.Store, data, flag(c, "recipient"), actor(), time.Now())
		if err == nil {
			fmt.Fprintln(c.OutOrStdout(), t.say("bundle.published", a.Name, a.Revision, a.Size))
		}
		return err
	})
	publish.Flags().String("recipient", "", t.say("flag.recipient.all"))
	trust := command(t, "trust FILE", "bundle.trust", cobra.ExactArgs(1), func(ctx context.Context, _ *cobra.Command, s *server.Server, args []string) error {
		text, err := readFile(args[0], 64<<10)
		if err != nil {
			return err
		}
		return dispatch.Trust(ctx, s.Store, string(text), actor(), time.Now())
	})
	withdraw := command(t, "withdraw NAME", "bundle.withdraw", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		return dispatch.Withdraw(ctx, s.Store, wire.KindBundle, args[0], flag(c, "recipient"), actor(), time.Now())
	})
	withdraw.Flags().String("recipient", "", t.say("flag.recipient.all"))
	return group(t, "bundle", bundleKeygen(t), bundleNew(t), bundleBuild(t), trust, publish, bundleList(t), withdraw)
}

// bundleKeygen and bundleBuild need neither the server's state nor its configuration: they belong where the key is.
func bundleKeygen(t texts) *cobra.Command {
	c := &cobra.Command{
		Use: "keygen", Short: t.say("bundle.keygen"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := need(t, c, "output"); err != nil {
				return err
			}
			public, private, err := minisign.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			text, err := private.MarshalText()
			if err != nil {
				return err
			}
			if password := os.Getenv(keyPassword); password != "" {
				if text, err = minisign.EncryptKey(password, private); err != nil {
					return err
				}
			}
			name := flag(c, "output")
			if err := newFile(name+".key", append(text, '\n'), 0o600); err != nil {
				return err
			}
			if err := newFile(name+".pub", fmt.Appendf(nil, "untrusted comment: vymir policy bundles\n%s\n", public), 0o644); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("bundle.keys_made", name+".key", name+".pub"))
			return nil
		},
	}
	c.Flags().StringP("output", "o", "", t.say("bundle.flag.keyfiles"))
	return c
}

// keyPassword names the environment variable that holds the password of a secret key: a command line is seen by others.
const keyPassword = "VYMIR_KEY_PASSWORD"

func bundleBuild(t texts) *cobra.Command {
	c := &cobra.Command{
		Use: "build [FOLDER]", Short: t.say("bundle.build"), Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := need(t, c, "key", "output"); err != nil {
				return err
			}
			key, err := secretKey(flag(c, "key"))
			if err != nil {
				return err
			}
			b, err := policies.BuiltInBundle(time.Now())
			beside, _ := c.Flags().GetBool("beside-built-in") //nolint:errcheck // the flag is there
			switch {
			case len(args) == 1 && beside:
				b, err = bundleBeside(args[0])
			case len(args) == 1:
				b, err = policies.BundleFrom(os.DirFS(args[0]), time.Now())
			}
			if err != nil {
				return err
			}
			life, err := c.Flags().GetDuration("ttl")
			if err != nil {
				return err
			}
			b.Manifest.Expires = b.Manifest.Created.Add(life)
			if name := flag(c, "next-keys"); name != "" {
				text, err := readFile(name, 64<<10)
				if err != nil {
					return err
				}
				keys, err := bundle.ParseKeys(string(text))
				if err != nil {
					return err
				}
				for _, k := range keys {
					b.Manifest.Keys = append(b.Manifest.Keys, k.String())
				}
			}
			var out bytes.Buffer
			if err := bundle.Write(&out, b, key); err != nil {
				return err
			}
			if err := newFile(flag(c, "output"), out.Bytes(), 0o644); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("bundle.built", flag(c, "output"), b.Manifest.Name, b.Manifest.Revision, out.Len(), when(b.Manifest.Expires)))
			return nil
		},
	}
	c.Flags().Bool("beside-built-in", false, t.say("bundle.flag.beside"))
	c.Flags().String("key", "", t.say("bundle.flag.key"))
	c.Flags().StringP("output", "o", "", t.say("bundle.flag.output"))
	c.Flags().Duration("ttl", 365*24*time.Hour, t.say("bundle.flag.ttl"))
	c.Flags().String("next-keys", "", t.say("bundle.flag.next"))
	return c
}

// bundleBeside puts the controls of a folder beside the built-in ones and keeps the numbers they got in the folder's numbers.json.
func bundleBeside(folder string) (*bundle.Bundle, error) {
	b, numbers, err := policies.BundleBeside(os.DirFS(folder), time.Now())
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(numbers, "", " ")
	if err != nil {
		return nil, err
	}
	return b, os.WriteFile(filepath.Join(folder, "numbers.json"), append(text, '\n'), 0o644)
}

func bundleNew(t texts) *cobra.Command {
	return &cobra.Command{
		Use: "new-control FOLDER FAMILY.NAME", Short: t.say("bundle.new_control"), Args: usage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			family, name, _ := strings.Cut(args[1], ".")
			files, err := policies.ScaffoldOwn(args[0], family, name)
			if err != nil {
				return err
			}
			for _, f := range files {
				fmt.Fprintln(c.OutOrStdout(), f)
			}
			return nil
		},
	}
}

// secretKey reads a minisign secret key, with the password of [keyPassword] where it has one.
func secretKey(name string) (key minisign.PrivateKey, err error) {
	text, err := readFile(name, 4<<10)
	if err != nil {
		return key, err
	}
	if minisign.IsEncrypted(text) {
		key, err = minisign.DecryptKey(os.Getenv(keyPassword), text)
	} else {
		err = key.UnmarshalText(text)
	}
	if err != nil {
		return key, fmt.Errorf("read secret key %s (password in %s): %w", name, keyPassword, err)
	}
	return key, nil
}

func bundleList(t texts) *cobra.Command {
	type row struct {
		Kind        string    `json:"kind"`
		Name        string    `json:"name"`
		Revision    uint64    `json:"revision"`
		Bytes       uint64    `json:"bytes"`
		Digest      string    `json:"digest"`
		ExpiresAt   time.Time `json:"expires_at,omitzero"`
		PublishedAt time.Time `json:"published_at"`
		PublishedBy string    `json:"published_by"`
		OfferedTo   []string  `json:"offered_to"` // recipients; "all": every host
	}
	c := command(t, "list", "bundle.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		var all []store.Artefact
		var offers []store.Offer
		var keys []string
		if err := s.Store.View(ctx, func(tx *store.Tx) error {
			var errs [3]error
			all, errs[0] = tx.Artefacts("")
			offers, errs[1] = tx.Offers()
			keys, errs[2] = tx.ArtefactKeys()
			return errors.Join(errs[:]...)
		}); err != nil {
			return err
		}
		out := struct {
			Schema    string   `json:"schema"`
			Keys      []string `json:"keys"`
			Artefacts []row    `json:"artefacts"`
		}{"vymir.artefacts/1", append([]string{}, keys...), []row{}}
		var rows [][]string
		for _, a := range all {
			r := row{a.Kind, a.Name, a.Revision, a.Size, fmt.Sprintf("%x", a.Digest), a.Expires, a.Published, a.PublishedBy, []string{}}
			for _, o := range offers {
				if o.Kind == a.Kind && o.Name == a.Name && o.Revision == a.Revision {
					to := o.RecipientID
					if to == "" {
						to = "all"
					}
					r.OfferedTo = append(r.OfferedTo, to)
				}
			}
			out.Artefacts = append(out.Artefacts, r)
			rows = append(rows, []string{a.Kind, a.Name, fmt.Sprint(a.Revision), fmt.Sprint(a.Size), when(a.Expires), strings.Join(r.OfferedTo, ", ")})
		}
		return write(c, t, out, []string{"kind", "name", "revision", "bytes", "expires", "offered"}, rows)
	})
	formatFlag(c, t, "table", "json")
	return c
}

func directiveCommand(t texts) *cobra.Command {
	scoped := func(c *cobra.Command) *cobra.Command {
		c.Flags().String("recipient", "", t.say("flag.recipient.all"))
		c.Flags().String("host", "", t.say("directive.flag.host"))
		return c
	}
	scope := func(c *cobra.Command) dispatch.Scope {
		return dispatch.Scope{Recipient: flag(c, "recipient"), Host: flag(c, "host")}
	}
	set := scoped(command(t, "set", "directive.set", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		var change dispatch.Change
		if c.Flags().Changed("interval") {
			v, err := c.Flags().GetDuration("interval")
			if err != nil {
				return err
			}
			change.Interval = &v
		}
		if c.Flags().Changed("withhold") {
			v, err := c.Flags().GetStringSlice("withhold")
			if err != nil {
				return err
			}
			change.Withhold = &v
		}
		if change == (dispatch.Change{}) {
			return usageError{errors.New(t.say("err.pick", "directive set", "--interval, --withhold"))}
		}
		return dispatch.Set(ctx, s.Store, scope(c), change, actor(), time.Now())
	}))
	set.Flags().Duration("interval", 0, t.say("directive.flag.interval"))
	set.Flags().StringSlice("withhold", nil, t.say("directive.flag.withhold"))
	measure := scoped(command(t, "measure", "directive.measure", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		return dispatch.Set(ctx, s.Store, scope(c), dispatch.Change{Measure: true}, actor(), time.Now())
	}))
	type row struct {
		Scope    string    `json:"scope"` // "": every host
		Interval float64   `json:"interval_seconds,omitzero"`
		Withhold []string  `json:"withhold,omitempty"`
		AskedAt  time.Time `json:"measure_asked_at,omitzero"`
		SetAt    time.Time `json:"set_at"`
		SetBy    string    `json:"set_by"`
	}
	list := command(t, "list", "directive.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		var all []store.Directive
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { all, err = tx.Directives(); return err }); err != nil {
			return err
		}
		out := struct {
			Schema     string `json:"schema"`
			Directives []row  `json:"directives"`
		}{"vymir.directives/1", []row{}}
		var rows [][]string
		for _, d := range all {
			out.Directives = append(out.Directives, row{d.Scope, d.Interval.Seconds(), d.Withhold, d.Asked, d.Set, d.SetBy})
			where, interval := d.Scope, "–"
			if where == "" {
				where = t.say("directive.everywhere")
			}
			if d.Interval > 0 {
				interval = d.Interval.String()
			}
			rows = append(rows, []string{where, interval, strings.Join(d.Withhold, ", "), when(d.Asked)})
		}
		return write(c, t, out, []string{"scope", "interval", "withhold", "asked"}, rows)
	})
	formatFlag(list, t, "table", "json")
	return group(t, "directive", set, measure, list)
}

// readFile reads a whole file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %w", name, wire.ErrTooLarge)
	}
	return os.ReadFile(name)
}

// newFile writes a file that is not there yet.
func newFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(filepath.Clean(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
