package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/inventory"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/policies"
)

// vulnsFlags name a vulnerability index, a list of forbidden software, and the key both must be signed with.
type vulnsFlags struct{ file, banned, key string }

func (f *vulnsFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "vulns", "", "match the packages against this signed vulnerability index of the host's release")
	c.Flags().StringVar(&f.banned, "banned", "", "look for the software of this signed list of what must not be used")
}

// openVulns opens the index that was named; without one, on the live host, the one its daemon uses.
func (p *program) openVulns(f vulnsFlags, live bool) (index *vulnindex.Index, reason string, err error) {
	if f.file == "" {
		if live {
			index, reason = agent.VulnerabilityIndex(p.hostConfig())
			return index, reason, nil
		}
		return nil, "no vulnerability index was given", nil
	}
	key, err := p.readKey(f.key)
	if err != nil {
		return nil, "", err
	}
	in, err := os.Open(f.file)
	if err != nil {
		return nil, "", fmt.Errorf("read vulnerability index: %w", err)
	}
	defer in.Close()
	index, err = vulnindex.Read(in, key)
	if err != nil {
		return nil, "", told{p.text("error.vulns", f.file, err)}
	}
	return index, "", nil
}

// inventoryFlags are those of the commands that tell of packages and their vulnerabilities.
type inventoryFlags struct {
	root, facts, format, out string
	all                      bool
	vulns                    vulnsFlags
}

func (f *inventoryFlags) add(c *cobra.Command, vulns bool) {
	c.Flags().StringVar(&f.root, "root", "", "measure a mounted file system in this directory instead of the live host")
	c.Flags().StringVar(&f.facts, "facts", "", "take a saved facts document (- for standard input) instead of measuring")
	if vulns {
		c.Flags().StringVar(&f.vulns.file, "vulns", "", "match the packages against this signed vulnerability index of the host's release")
		c.Flags().StringVar(&f.vulns.key, "bundle-key", "/etc/vymir/bundle.pub", "minisign public key that --vulns must be signed with")
	}
}

// document measures, or reads what was.
func (p *program) document(ctx context.Context, f *inventoryFlags) (*facts.Document, []byte, error) {
	var text []byte
	if f.facts != "" {
		b, err := p.readInput(f.facts)
		if err != nil {
			return nil, nil, told{p.text("error.facts_read", err)}
		}
		text = b
	} else {
		doc, err := p.collect(ctx, f.root, "", time.Time{}, f.vulns, false)
		if err != nil {
			return nil, nil, err
		}
		if text, err = json.Marshal(doc); err != nil {
			return nil, nil, fmt.Errorf("encode facts: %w", err)
		}
	}
	var doc facts.Document
	if err := json.Unmarshal(text, &doc); err != nil || doc.Schema != facts.Schema {
		return nil, nil, told{p.text("error.facts_read", "not "+facts.Schema)}
	}
	return &doc, text, nil
}

// triage measures and decides on each vulnerability. Where those of the system were not measured the document comes with the error.
func (p *program) triage(ctx context.Context, f *inventoryFlags) (*facts.Document, []policies.Triaged, error) {
	doc, text, err := p.document(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	if doc.Vulnerabilities == nil {
		return doc, nil, told{p.text("vulns.unmeasured", p.reason(doc.Families["vulnerabilities"].Reason))}
	}
	engine, err := policies.New(nil)
	if err != nil {
		return nil, nil, err
	}
	o := policies.JudgeOptions{Params: map[string]any{}}
	for id, values := range p.hostConfig().Params {
		o.Params[id] = values
	}
	triaged, err := engine.Triage(ctx, text, o)
	return doc, triaged, err
}

func (p *program) vulnsCommand() *cobra.Command {
	var f inventoryFlags
	c := &cobra.Command{
		Use: "vulns", Short: "list this host's vulnerabilities and how urgent each is, by the table of SSVC", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			doc, triaged, err := p.triage(c.Context(), &f)
			if err != nil {
				if doc != nil && f.format != "json" {
					p.printLanguages(doc.Languages, f.all) // another scan, with data of its own
				}
				return err
			}
			if f.format == "json" {
				return p.writeJSON(map[string]any{"index": doc.Vulnerabilities.Index, "observed_days": doc.Vulnerabilities.ObservedDays, "vulnerabilities": triaged, "languages": doc.Languages})
			}
			p.printVulns(doc.Vulnerabilities, triaged, f.all)
			p.printLanguages(doc.Languages, f.all)
			return nil
		},
	}
	f.add(c, true)
	c.Flags().BoolVar(&f.all, "all", false, "list the deferred ones too")
	formatFlag(c, &f.format, "table", "json")
	return c
}

// printVulns lists by decision; of what is deferred only the reasons, unless all is asked for.
func (p *program) printVulns(v *facts.Vulnerabilities, triaged []policies.Triaged, all bool) {
	p.println(p.text("vulns.index", v.Index.Ecosystem, v.Index.Revision, v.Index.AgeDays, v.Packages))
	for _, decision := range policies.Decisions {
		var list []policies.Triaged
		because := map[string]int{}
		for _, t := range triaged {
			if t.Decision == decision {
				list = append(list, t)
				because[t.Because]++
			}
		}
		p.println("")
		p.println(p.text("vulns."+decision, len(list)))
		if decision == "defer" && !all {
			for _, b := range reasons(because) {
				p.println(fmt.Sprintf("  %5d  %s", because[b], p.text("vulns.because."+b)))
			}
			continue
		}
		for _, t := range list {
			fixed := p.text("vulns.no_fix")
			if t.Fixed != "" {
				fixed = t.Fixed
			}
			p.println(fmt.Sprintf("  %s  %s %s → %s", t.ID, t.Source, t.Version, fixed))
			line := p.text("vulns.because."+t.Because) + "; " + p.row(t.Row)
			if len(t.Programs) > 0 {
				line += "; " + strings.Join(t.Programs, ", ")
			}
			p.println("      " + line)
		}
	}
}

// printLanguages lists the packages of programming languages that wait for a fix; with all those too for which there is none. Without a scan
// nothing is said: it is optional.
func (p *program) printLanguages(l *facts.Languages, all bool) {
	if l == nil {
		return
	}
	p.println("\n" + p.text("vulns.languages", len(l.Vulnerable), l.Packages, l.AgeHours))
	for _, pkg := range l.Vulnerable {
		var fixed, open []string
		for _, v := range pkg.Vulnerabilities {
			if v.Fixed != "" {
				fixed = append(fixed, v.ID+" → "+v.Fixed)
			} else {
				open = append(open, v.ID+": "+p.text("vulns.no_fix"))
			}
		}
		if len(fixed) == 0 && !all {
			continue
		}
		p.println(fmt.Sprintf("  %s %s (%s)  %s", pkg.Name, pkg.Version, pkg.Ecosystem, strings.Join(pkg.Locations, ", ")))
		p.println("      " + strings.Join(slices.Concat(fixed, open), "; "))
	}
}

// row tells the row of the table a decision was read from.
func (p *program) row(r policies.SSVCRow) string {
	value := func(v string) string { return p.text("vulns.value." + v) }
	return p.text("vulns.row", value(r.Exploitation), value(r.Exposure), value(r.Automatable), value(r.Impact))
}

// reasons in the order of how many they hold for.
func reasons(because map[string]int) []string {
	var out []string
	for b := range because {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b string) int {
		if because[a] != because[b] {
			return because[b] - because[a]
		}
		return strings.Compare(a, b)
	})
	return out
}

func (p *program) sbomCommand() *cobra.Command {
	var f inventoryFlags
	c := &cobra.Command{
		Use: "sbom", Short: "write what is installed as a bill of materials", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			doc, _, err := p.document(c.Context(), &f)
			if err != nil {
				return err
			}
			return p.toFile(f.out, func(w io.Writer) error { return inventory.CycloneDX(w, doc, programVersion()) })
		},
	}
	f.add(c, false)
	c.Flags().StringVarP(&f.out, "output", "o", "-", "file to write; - is standard output")
	formatFlag(c, &f.format, "cyclonedx")
	return c
}

func (p *program) vexCommand() *cobra.Command {
	var f inventoryFlags
	c := &cobra.Command{
		Use: "vex", Short: "write which vulnerabilities this host has and what is to be done about each", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			doc, triaged, err := p.triage(c.Context(), &f)
			if err != nil {
				return err
			}
			err = p.toFile(f.out, func(w io.Writer) error { return inventory.OpenVEX(w, doc, triaged, programVersion()) })
			if errors.Is(err, inventory.ErrNothing) {
				return told{p.text("vex.nothing")}
			}
			return err
		},
	}
	f.add(c, true)
	c.Flags().StringVarP(&f.out, "output", "o", "-", "file to write; - is standard output")
	formatFlag(c, &f.format, "openvex")
	return c
}

// toFile writes to a file only its owner may read, or to standard output. What is half written is taken away.
func (p *program) toFile(name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(p.stdout)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	err = write(f)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("write file: %w", closeErr)
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}
