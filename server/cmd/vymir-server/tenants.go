package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
)

// group is a command that only holds others.
func group(t texts, use string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: t.say(use), Args: usage(cobra.NoArgs), RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	g.AddCommand(commands...)
	return g
}

// command is one that works on the opened server.
func command(t texts, use, short string, args cobra.PositionalArgs, f func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: t.say(short), Args: usage(args),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c, func(ctx context.Context, s *server.Server) error { return f(ctx, c, s, args) })
		},
	}
}

func tokenCommand(t texts) *cobra.Command {
	create := command(t, "create", "token.create", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		if err := need(t, c, "recipient"); err != nil {
			return err
		}
		uses, err := c.Flags().GetInt("uses")
		if err != nil {
			return err
		}
		ttl, err := c.Flags().GetDuration("ttl")
		if err != nil {
			return err
		}
		count, err := c.Flags().GetInt("count")
		if err != nil {
			return err
		}
		if count < 1 || count > maxTokens {
			return usageError{errors.New(t.say("token.count", maxTokens))}
		}
		for i := range count {
			text, kept, err := s.Enroller.CreateToken(ctx, enrol.NewToken{
				Recipient: flag(c, "recipient"), Site: flag(c, "site"), Uses: uses, TTL: ttl, Server: s.Config.Agents.Address, By: actor(),
			})
			if err == nil {
				err = printToken(c, t, text, kept, s.Config.Agents.Address, i == count-1)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	create.Flags().String("recipient", "", t.say("flag.recipient"))
	create.Flags().String("site", "", t.say("flag.site"))
	create.Flags().Int("uses", 1, t.say("token.flag.uses"))
	create.Flags().Duration("ttl", 24*time.Hour, t.say("token.flag.ttl"))
	create.Flags().Int("count", 1, t.say("token.flag.count"))
	formatFlag(create, t, "text", "json", "qr")

	type row struct {
		ID        string    `json:"id"`
		Recipient string    `json:"recipient"`
		Site      string    `json:"site"`
		Uses      int       `json:"uses"`
		UsesMax   int       `json:"uses_max"`
		CreatedAt time.Time `json:"created_at"`
		ExpiresAt time.Time `json:"expires_at"`
		RevokedAt time.Time `json:"revoked_at,omitzero"`
		CreatedBy string    `json:"created_by"`
	}
	list := command(t, "list", "token.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		var tokens []store.Token
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { tokens, err = tx.Tokens(flag(c, "recipient")); return err }); err != nil {
			return err
		}
		out := struct {
			Schema string `json:"schema"`
			Tokens []row  `json:"tokens"`
		}{"vymir.tokens/1", []row{}}
		var rows [][]string
		for _, k := range tokens {
			out.Tokens = append(out.Tokens, row{k.ID, k.RecipientID, k.SiteID, k.Uses, k.UsesMax, k.Created, k.Expires, k.Revoked, k.CreatedBy})
			rows = append(rows, []string{k.ID, k.RecipientID, k.SiteID, fmt.Sprintf("%d/%d", k.Uses, k.UsesMax), when(k.Expires)})
		}
		return write(c, t, out, []string{"id", "recipient", "site", "uses", "expires"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	formatFlag(list, t, "table", "json")
	revoke := command(t, "revoke ID", "token.revoke", cobra.ExactArgs(1), func(ctx context.Context, _ *cobra.Command, s *server.Server, args []string) error {
		return s.RevokeToken(ctx, args[0], actor())
	})
	return group(t, "token", create, list, revoke)
}

// maxTokens is how many tokens are made at once.
const maxTokens = 1000

// printToken writes one token: a line of text, a JSON document, or a QR code with what it is for. After the last one of text
// follows on standard error what to do with it.
func printToken(c *cobra.Command, t texts, text string, kept store.Token, server string, last bool) error {
	w := c.OutOrStdout()
	switch flag(c, "format") {
	case "json":
		return writeJSON(w, struct {
			Schema    string    `json:"schema"`
			ID        string    `json:"id"`
			Token     string    `json:"token"`
			Server    string    `json:"server"`
			Recipient string    `json:"recipient"`
			Site      string    `json:"site"`
			Uses      int       `json:"uses"`
			ExpiresAt time.Time `json:"expires_at"`
		}{"vymir.token/1", kept.ID, text, server, kept.RecipientID, kept.SiteID, kept.UsesMax, kept.Expires})
	case "qr":
		code, err := qr.Encode(text, qr.M, qr.Auto)
		if err != nil {
			return fmt.Errorf("draw token: %w", err)
		}
		fmt.Fprintln(w, t.say("token.drawn", kept.ID, kept.RecipientID, kept.SiteID, kept.UsesMax, when(kept.Expires)))
		_, err = io.WriteString(w, drawn(code)+"\n")
		return err
	}
	fmt.Fprintln(w, text)
	if last {
		fmt.Fprintln(c.ErrOrStderr(), t.say("token.hint", when(kept.Expires), kept.UsesMax, server))
	}
	return nil
}

// drawn shows a code in half blocks with the quiet border that readers need, dark on light as on paper: two rows of modules a line.
func drawn(code image.Image) string {
	const quiet = 4
	size := code.Bounds().Dx()
	light := func(x, y int) bool { return !black(code, x, y) }
	var b strings.Builder
	for y := -quiet; y < size+quiet; y += 2 {
		for x := -quiet; x < size+quiet; x++ {
			b.WriteString(map[[2]bool]string{{true, true}: "█", {true, false}: "▀", {false, true}: "▄", {false, false}: " "}[[2]bool{light(x, y), light(x, y+1)}])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// black reports whether a module is; outside of the code none is.
func black(code image.Image, x, y int) bool {
	return image.Pt(x, y).In(code.Bounds()) && color.GrayModel.Convert(code.At(x, y)) == color.Gray{}
}

func recipientCommand(t texts) *cobra.Command {
	create := command(t, "create", "recipient.create", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		r, err := s.AddRecipient(ctx, store.Recipient{
			ID: flag(c, "id"), NameUK: flag(c, "name"), NameEN: flag(c, "name-en"), Sector: flag(c, "sector"), SizeBand: flag(c, "size"), Region: flag(c, "region"),
		}, actor())
		if err == nil {
			fmt.Fprintln(c.OutOrStdout(), r.ID)
		}
		return err
	})
	named(create, t)
	create.Flags().String("sector", "", t.say("flag.sector"))
	create.Flags().String("size", "", t.say("flag.size"))
	create.Flags().String("region", "", t.say("flag.region"))
	list := command(t, "list", "recipient.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		type row struct {
			ID     string `json:"id"`
			NameUK string `json:"name_uk"`
			NameEN string `json:"name_en"`
			Sector string `json:"sector,omitzero"`
			Size   string `json:"size_band,omitzero"`
			Region string `json:"region,omitzero"`
		}
		out := struct {
			Schema     string `json:"schema"`
			Recipients []row  `json:"recipients"`
		}{"vymir.recipients/1", []row{}}
		var all []store.Recipient
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { all, err = tx.Recipients(); return err }); err != nil {
			return err
		}
		var rows [][]string
		for _, r := range all {
			out.Recipients = append(out.Recipients, row{r.ID, r.NameUK, r.NameEN, r.Sector, r.SizeBand, r.Region})
			rows = append(rows, []string{r.ID, r.Name(t.lang), r.Sector, r.Region})
		}
		return write(c, t, out, []string{"id", "name", "sector", "region"}, rows)
	})
	formatFlag(list, t, "table", "json")
	return group(t, "recipient", create, list)
}

func named(c *cobra.Command, t texts) {
	c.Flags().String("id", "", t.say("flag.id"))
	c.Flags().String("name", "", t.say("flag.name.uk"))
	c.Flags().String("name-en", "", t.say("flag.name.en"))
}

func siteCommand(t texts) *cobra.Command {
	create := command(t, "create", "site.create", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		if err := need(t, c, "recipient"); err != nil {
			return err
		}
		v, err := s.AddSite(ctx, store.Site{
			ID: flag(c, "id"), RecipientID: flag(c, "recipient"), NameUK: flag(c, "name"), NameEN: flag(c, "name-en"),
			Region: flag(c, "region"), Connectivity: flag(c, "connectivity"), Power: flag(c, "power"),
		}, actor())
		if err == nil {
			fmt.Fprintln(c.OutOrStdout(), v.ID)
		}
		return err
	})
	named(create, t)
	create.Flags().String("recipient", "", t.say("flag.recipient"))
	create.Flags().String("region", "", t.say("flag.region"))
	create.Flags().String("connectivity", "", t.say("flag.connectivity"))
	create.Flags().String("power", "", t.say("flag.power"))
	list := command(t, "list", "site.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		type row struct {
			ID           string `json:"id"`
			Recipient    string `json:"recipient"`
			NameUK       string `json:"name_uk"`
			NameEN       string `json:"name_en"`
			Connectivity string `json:"connectivity,omitzero"`
			Power        string `json:"power,omitzero"`
		}
		out := struct {
			Schema string `json:"schema"`
			Sites  []row  `json:"sites"`
		}{"vymir.sites/1", []row{}}
		var all []store.Site
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { all, err = tx.Sites(flag(c, "recipient")); return err }); err != nil {
			return err
		}
		var rows [][]string
		for _, v := range all {
			out.Sites = append(out.Sites, row{v.ID, v.RecipientID, v.NameUK, v.NameEN, v.Connectivity, v.Power})
			rows = append(rows, []string{v.ID, v.RecipientID, v.Name(t.lang), v.Connectivity, v.Power})
		}
		return write(c, t, out, []string{"id", "recipient", "name", "connectivity", "power"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	formatFlag(list, t, "table", "json")
	return group(t, "site", create, list)
}

func donorCommand(t texts) *cobra.Command {
	create := command(t, "create", "donor.create", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		observer, err := c.Flags().GetBool("observer")
		if err != nil {
			return err
		}
		show, err := c.Flags().GetBool("show-name")
		if err != nil {
			return err
		}
		v, err := s.AddDonor(ctx, store.DonorOrg{ID: flag(c, "id"), NameUK: flag(c, "name"), NameEN: flag(c, "name-en"), Member: !observer, ShowName: show}, actor())
		if err == nil {
			fmt.Fprintln(c.OutOrStdout(), v.ID)
		}
		return err
	})
	named(create, t)
	create.Flags().Bool("observer", false, t.say("donor.flag.observer"))
	create.Flags().Bool("show-name", false, t.say("donor.flag.showname"))
	list := command(t, "list", "donor.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		type row struct {
			ID     string `json:"id"`
			NameUK string `json:"name_uk"`
			NameEN string `json:"name_en"`
			Member bool   `json:"member"`
		}
		out := struct {
			Schema string `json:"schema"`
			Donors []row  `json:"donors"`
		}{"vymir.donors/1", []row{}}
		var all []store.DonorOrg
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { all, err = tx.Donors(); return err }); err != nil {
			return err
		}
		var rows [][]string
		for _, v := range all {
			out.Donors = append(out.Donors, row{v.ID, v.NameUK, v.NameEN, v.Member})
			rows = append(rows, []string{v.ID, v.Name(t.lang), map[bool]string{true: "✓"}[v.Member]})
		}
		return write(c, t, out, []string{"id", "name", "member"}, rows)
	})
	formatFlag(list, t, "table", "json")
	return group(t, "donor", create, list)
}

func userCommand(t texts) *cobra.Command {
	var roles []string
	for _, r := range access.Roles() {
		roles = append(roles, string(r))
	}
	create := command(t, "create", "user.create", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		if err := need(t, c, "login", "role"); err != nil {
			return err
		}
		if err := oneOf(t, "--role", flag(c, "role"), roles); err != nil {
			return err
		}
		u := access.NewUser{Login: flag(c, "login"), Name: flag(c, "name"), Grants: []access.Grant{{
			Role: access.Role(flag(c, "role")), Recipient: flag(c, "recipient"), Donor: flag(c, "donor"),
		}}}
		var err error
		if u.Password, err = readPassword(c, flag(c, "password-file")); err != nil {
			return err
		}
		id, err := s.Access.CreateUser(ctx, actor(), u)
		if err != nil {
			return err
		}
		link, err := s.SignInLink(ctx, id, actor(), 0)
		if err != nil {
			return err
		}
		if flag(c, "format") == "json" {
			return writeJSON(c.OutOrStdout(), struct {
				Schema string `json:"schema"`
				ID     string `json:"id"`
				Link   string `json:"sign_in_link"`
			}{"vymir.user/1", id, link})
		}
		fmt.Fprintln(c.OutOrStdout(), id)
		fmt.Fprintln(c.ErrOrStderr(), t.say("user.linkline", link))
		return nil
	})
	create.Flags().String("login", "", t.say("user.flag.login"))
	create.Flags().String("name", "", t.say("user.flag.name"))
	create.Flags().String("role", "", t.say("user.flag.role", strings.Join(roles, ", ")))
	create.Flags().String("recipient", "", t.say("user.flag.recipient"))
	create.Flags().String("donor", "", t.say("user.flag.donor"))
	create.Flags().String("password-file", "", t.say("user.flag.password"))
	formatFlag(create, t, "text", "json")
	link := command(t, "link LOGIN", "user.link", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		id, err := userID(ctx, s, args[0])
		if err != nil {
			return err
		}
		address, err := s.SignInLink(ctx, id, actor(), 0)
		if err == nil {
			fmt.Fprintln(c.OutOrStdout(), address)
		}
		return err
	})
	list := command(t, "list", "user.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		type row struct {
			ID         string         `json:"id"`
			Login      string         `json:"login"`
			Name       string         `json:"name"`
			Grants     []access.Grant `json:"grants"`
			DisabledAt time.Time      `json:"disabled_at,omitzero"`
		}
		out := struct {
			Schema string `json:"schema"`
			Users  []row  `json:"users"`
		}{"vymir.users/1", []row{}}
		var all []store.User
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { all, err = tx.Users(); return err }); err != nil {
			return err
		}
		var rows [][]string
		for _, u := range all {
			r := row{ID: u.ID, Login: u.Login, Name: u.Name, DisabledAt: u.Disabled}
			var roles []string
			for _, g := range u.Grants {
				r.Grants = append(r.Grants, access.Grant{Role: access.Role(g.Role), Recipient: g.RecipientID, Donor: g.DonorID})
				roles = append(roles, strings.TrimSuffix(g.Role+":"+g.RecipientID+g.DonorID, ":"))
			}
			out.Users = append(out.Users, r)
			rows = append(rows, []string{u.Login, u.Name, strings.Join(roles, " ")})
		}
		return write(c, t, out, []string{"login", "name", "roles"}, rows)
	})
	formatFlag(list, t, "table", "json")
	return group(t, "user", append(userChanges(t, roles), create, link, list)...)
}

func userID(ctx context.Context, s *server.Server, login string) (id string, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		u, err := tx.UserByLogin(strings.ToLower(login))
		id = u.ID
		return err
	})
	if err != nil {
		err = fmt.Errorf("user %q: %w", login, err)
	}
	return id, err
}

// readPassword reads the first line of a file, or of standard input for "-"; "" reads nothing.
func readPassword(c *cobra.Command, name string) (string, error) {
	var r io.Reader
	switch name {
	case "":
		return "", nil
	case "-":
		r = c.InOrStdin()
	default:
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		defer f.Close()
		r = f
	}
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
