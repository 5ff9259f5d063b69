//go:build !thin

package policies

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/bundle"
)

// firstOwnNumber is where the numbers of a recipient's own controls begin, out of the way of ours to come.
const firstOwnNumber = 10001

// BundleBeside makes a bundle of the built-in set and a recipient's own controls beside it. fsys holds what is the recipient's:
// baseline/<family>/<control>/, lib/ where needed, and baseline/catalogue.json with a name and revision of its own, and with the baselines
// and families that ours lack. A file or control that stands among ours is an error: ours are tailored by parameters and scope, not
// edited. numbers.json, where there is one, holds the numbers given before; the returned list continues it and is to be kept beside
// the controls. The bundle expires a year after created.
func BundleBeside(fsys fs.FS, created time.Time) (*bundle.Bundle, []Number, error) {
	own, head, numbers, err := readOwn(fsys)
	if err != nil {
		return nil, nil, fmt.Errorf("bundle own controls: %w", err)
	}
	modules, err := BuiltInModules()
	if err != nil {
		return nil, nil, fmt.Errorf("bundle own controls: %w", err)
	}
	ours := BuiltIn()
	c := &Catalogue{
		Schema: CatalogueSchema, Name: head.Name, Revision: head.Revision, Common: ours.Common,
		Baselines: slices.Concat(ours.Baselines, head.Baselines), Families: slices.Concat(ours.Families, head.Families),
	}
	errs := []error{c.checkOwn(ours, head)}
	for _, p := range slices.Sorted(maps.Keys(own)) {
		if _, ok := modules[p]; ok {
			errs = append(errs, fmt.Errorf("%s: stands among the built-in policies, which are not edited", p))
			continue
		}
		modules[p] = own[p]
		errs = append(errs, c.add(p, own[p]))
	}
	if len(c.Controls) == 0 {
		errs = append(errs, errors.New("no control of one's own in it"))
	}
	numbers = c.assignNumbers(numbers, firstOwnNumber)
	c.Controls = append(c.Controls, ours.Controls...)
	slices.SortFunc(c.Controls, func(a, b Control) int { return cmp.Compare(a.ID, b.ID) })
	if err := errors.Join(append(errs, c.index())...); err != nil {
		return nil, nil, fmt.Errorf("bundle own controls: %w", err)
	}
	names, err := json.Marshal(head)
	if err != nil {
		return nil, nil, fmt.Errorf("bundle own controls: %w", err)
	}
	c.Digest = (&bundle.Bundle{Modules: modules, Catalogue: append(names, ours.Digest...)}).Digest()
	catalogue, err := MarshalCatalogue(c)
	if err != nil {
		return nil, nil, err
	}
	created = created.UTC().Truncate(time.Second)
	return &bundle.Bundle{
		Manifest: bundle.Manifest{Schema: bundle.Schema, Name: c.Name, Revision: c.Revision, Created: created, Expires: created.AddDate(1, 0, 0)},
		Modules:  modules, Catalogue: catalogue,
	}, numbers, nil
}

// readOwn reads what a recipient's folder holds.
func readOwn(fsys fs.FS) (modules map[string][]byte, head Catalogue, numbers []Number, err error) {
	if modules, err = readModules(fsys); err != nil {
		return nil, head, nil, err
	}
	text, err := fs.ReadFile(fsys, "baseline/catalogue.json")
	if err != nil {
		return nil, head, nil, err
	}
	if err := decodeStrict(text, &head); err != nil {
		return nil, head, nil, fmt.Errorf("baseline/catalogue.json: %w", err)
	}
	text, err = fs.ReadFile(fsys, "numbers.json")
	if errors.Is(err, fs.ErrNotExist) {
		return modules, head, nil, nil
	} else if err != nil {
		return nil, head, nil, err
	}
	if err := decodeStrict(text, &numbers); err != nil {
		return nil, head, nil, fmt.Errorf("numbers.json: %w", err)
	}
	return modules, head, numbers, nil
}

// checkOwn finds what the head of a recipient's own set must not say.
func (c *Catalogue) checkOwn(ours *Catalogue, head Catalogue) error {
	var errs []error
	if head.Name == "" || head.Name == ours.Name || head.Revision == 0 {
		errs = append(errs, fmt.Errorf("catalogue.json: name %q and revision %d: want a name of your own and a revision from 1", head.Name, head.Revision))
	}
	if len(head.Common)+len(head.Controls) > 0 {
		errs = append(errs, errors.New("catalogue.json: common reasons and controls are not given here"))
	}
	seen := map[string]bool{}
	for _, b := range c.Baselines {
		if seen["baseline "+b.Name] || !name.MatchString(b.Name) || b.Title["uk"] == "" || b.Title["en"] == "" {
			errs = append(errs, fmt.Errorf("catalogue.json: baseline %q stands twice, is not snake case or lacks a title in uk and en", b.Name))
		}
		seen["baseline "+b.Name] = true
	}
	for _, f := range c.Families {
		if seen["family "+f.ID] || !name.MatchString(f.ID) || f.Title["uk"] == "" || f.Title["en"] == "" {
			errs = append(errs, fmt.Errorf("catalogue.json: family %q stands twice, is not snake case or lacks a title in uk and en", f.ID))
		}
		seen["family "+f.ID] = true
	}
	return errors.Join(errs...)
}
