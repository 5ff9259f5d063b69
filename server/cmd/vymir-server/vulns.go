package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/vulns"
)

// importLists are the importers of what is published about vulnerabilities.
func importLists(t texts) []*cobra.Command {
	records := command(t, "vulns FILE...", "import.vulns", cobra.MinimumNArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		var failed error
		for _, name := range args {
			b := newBar(os.Stderr, filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name))
			got, err := vulns.Import(ctx, s.Store, name, b.tell, actor(), time.Now())
			b.end()
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
				continue
			}
			if got.Known {
				fmt.Fprintln(c.OutOrStdout(), t.say("import.vulns.known", name))
				continue
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("import.vulns.done", name, got.Records, got.Stored, got.Unchanged, got.Older, got.Elsewhere, got.Refused))
			for _, r := range got.Refusals {
				fmt.Fprintln(c.OutOrStdout(), t.say("import.vulns.refused", r.Name, r.Why))
			}
			if got.Refused == got.Records {
				failed = errors.Join(failed, errors.New(t.say("import.vulns.nothing", name)))
			}
		}
		return failed
	})
	kev := command(t, "kev FILE", "import.kev", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		return reading(args[0], func(r io.Reader) error {
			k, err := vulns.ImportKEV(ctx, s.Store, r, actor(), time.Now())
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), t.say("import.feed.done", args[0], len(k.Entries), k.AsOf.Format(time.DateOnly)))
			}
			return err
		})
	})
	epss := command(t, "epss FILE", "import.epss", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		return reading(args[0], func(r io.Reader) error {
			e, err := vulns.ImportEPSS(ctx, s.Store, r, actor(), time.Now())
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), t.say("import.feed.done", args[0], len(e.Scores), e.AsOf.Format(time.DateOnly)))
			}
			return err
		})
	})
	return []*cobra.Command{records, kev, epss, importBanned(t)}
}

// reading gives f the named file and puts its name before an error.
func reading(name string, f func(io.Reader) error) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := f(in); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func vulnsCommand(t texts) *cobra.Command {
	return group(t, "vulns", vulnsBuild(t), vulnsList(t))
}

func vulnsBuild(t texts) *cobra.Command {
	c := command(t, "build", "vulns.build", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		if err := need(t, c, "key"); err != nil {
			return err
		}
		publish, err := c.Flags().GetBool("publish")
		if err != nil {
			return err
		}
		dir := flag(c, "output")
		if dir == "" && !publish {
			return usageError{errors.New(t.say("vulns.whereto"))}
		}
		p := vulns.Plan{By: actor()}
		if p.Releases, err = c.Flags().GetStringArray("release"); err != nil {
			return err
		}
		if p.Life, err = c.Flags().GetDuration("ttl"); err != nil {
			return err
		}
		if p.Again, err = c.Flags().GetBool("again"); err != nil {
			return err
		}
		if p.Key, err = secretKey(flag(c, "key")); err != nil {
			return err
		}
		return vulns.Build(ctx, s.Store, p, time.Now(), func(b vulns.Built) error {
			if len(b.Content) == 0 {
				fmt.Fprintln(c.OutOrStdout(), t.say("vulns.unchanged", b.Meta.Ecosystem, b.Meta.Revision))
				return nil
			}
			delta := 0
			if dir != "" {
				var err error
				if delta, err = writeIndex(dir, b, p.Key); err != nil {
					return err
				}
			}
			if publish {
				if _, err := dispatch.PublishVulns(ctx, s.Store, b.Content, actor(), time.Now()); err != nil {
					return err
				}
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("vulns.built", b.Meta.Ecosystem, b.Meta.Revision, b.Meta.Records, b.Meta.Packages, len(b.Content), when(b.Meta.Newest)))
			if delta > 0 {
				fmt.Fprintln(c.OutOrStdout(), t.say("vulns.delta", b.Meta.Ecosystem, b.Meta.Revision, delta))
			}
			if b.Refused > 0 {
				fmt.Fprintln(c.OutOrStdout(), t.say("vulns.left_out", b.Refused))
			}
			return nil
		})
	})
	c.Flags().String("key", "", t.say("bundle.flag.key"))
	c.Flags().StringP("output", "o", "", t.say("vulns.flag.output"))
	c.Flags().Bool("publish", false, t.say("vulns.flag.publish"))
	c.Flags().Bool("again", false, t.say("vulns.flag.again"))
	c.Flags().StringArray("release", nil, t.say("vulns.flag.release"))
	c.Flags().Duration("ttl", 90*24*time.Hour, t.say("vulns.flag.ttl"))
	return c
}

// writeIndex writes an index into dir and, when the one before it is still there, the delta that leads from that to it, for hosts that are
// brought up to date by stick. delta is its size, 0 without one.
func writeIndex(dir string, b vulns.Built, key minisign.PrivateKey) (delta int, err error) {
	base := filepath.Join(dir, strings.NewReplacer(":", "-", " ", "_").Replace(b.Meta.Ecosystem))
	if err := newFile(fmt.Sprintf("%s-%d.vulns", base, b.Meta.Revision), b.Content, 0o644); err != nil {
		return 0, err
	}
	public, ok := key.Public().(minisign.PublicKey)
	if !ok || b.Meta.Revision < 2 {
		return 0, nil
	}
	former, err := readFile(fmt.Sprintf("%s-%d.vulns", base, b.Meta.Revision-1), wire.MaxVulnsBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	old, err := vulnindex.Open(former, public)
	if errors.Is(err, vulnindex.ErrUnsigned) {
		return 0, nil // by another key: who has it needs the whole
	}
	if err != nil {
		return 0, err
	}
	next, err := vulnindex.Open(b.Content, public)
	if err != nil {
		return 0, err
	}
	out, err := vulnindex.Delta(old, next)
	if err != nil {
		return 0, err
	}
	return len(out), newFile(fmt.Sprintf("%s-%d-%d.delta", base, b.Meta.Revision-1, b.Meta.Revision), out, 0o644)
}

func vulnsList(t texts) *cobra.Command {
	type row struct {
		Release  string    `json:"release"`
		Records  int       `json:"records"`
		Newest   time.Time `json:"newest_at"`
		Revision uint64    `json:"revision,omitzero"` // published; absent: none is
		Bytes    uint64    `json:"bytes,omitzero"`
		Delta    uint64    `json:"delta_bytes,omitzero"` // from the revision before it; absent: there is none
	}
	type feed struct {
		Kind    string    `json:"kind"`
		AsOf    time.Time `json:"as_of"`
		Entries int       `json:"entries"`
	}
	c := command(t, "list", "vulns.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		out := struct {
			Schema   string `json:"schema"`
			Releases []row  `json:"releases"`
			Feeds    []feed `json:"feeds"`
		}{"vymir.vulns/1", []row{}, []feed{}}
		var rows [][]string
		err := s.Store.View(ctx, func(tx *store.Tx) error {
			releases, err := tx.VulnReleases()
			if err != nil {
				return err
			}
			offers, err := tx.Offers()
			if err != nil {
				return err
			}
			deltas, err := tx.Deltas()
			if err != nil {
				return err
			}
			for _, r := range releases {
				v := row{Release: r.Name, Records: r.Records, Newest: r.Newest}
				for _, o := range offers {
					if o.Kind == wire.KindVulns && o.Name == r.Name {
						v.Revision, v.Bytes = o.Revision, o.Size
					}
				}
				for _, d := range deltas {
					if d.Name == r.Name && d.Revision == v.Revision && d.Base == v.Revision-1 {
						v.Delta = d.Size
					}
				}
				out.Releases = append(out.Releases, v)
				rows = append(rows, []string{v.Release, fmt.Sprint(v.Records), when(v.Newest), orDash(v.Revision), orDash(v.Bytes), orDash(v.Delta)})
			}
			feeds, err := tx.Feeds()
			for _, f := range feeds {
				out.Feeds = append(out.Feeds, feed{f.Kind, f.AsOf, f.Entries})
				rows = append(rows, []string{strings.ToUpper(f.Kind), fmt.Sprint(f.Entries), when(f.AsOf), "–", "–", "–"})
			}
			return err
		})
		if err != nil {
			return err
		}
		return write(c, t, out, []string{"release", "records", "newest", "revision", "bytes", "delta"}, rows)
	})
	formatFlag(c, t, "table", "json")
	return c
}

func orDash(n uint64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}
