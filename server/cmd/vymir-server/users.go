package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// userChanges are what the operator does to a person who is there already.
func userChanges(t texts, roles []string) []*cobra.Command {
	var out []*cobra.Command
	for name, do := range map[string]func(*access.Service, context.Context, string, string) error{
		"disable": (*access.Service).DisableUser, "enable": (*access.Service).EnableUser,
		"reset-factors": (*access.Service).ResetFactors, "end-sessions": (*access.Service).EndSessions,
	} {
		out = append(out, command(t, name+" LOGIN", "user."+strings.ReplaceAll(name, "-", "_"), cobra.ExactArgs(1),
			func(ctx context.Context, _ *cobra.Command, s *server.Server, args []string) error {
				id, err := userID(ctx, s, args[0])
				if err != nil {
					return err
				}
				return do(s.Access, ctx, actor(), id)
			}))
	}
	password := command(t, "password LOGIN", "user.password", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		if err := need(t, c, "password-file"); err != nil {
			return err
		}
		id, err := userID(ctx, s, args[0])
		if err != nil {
			return err
		}
		text, err := readPassword(c, flag(c, "password-file"))
		if err != nil {
			return err
		}
		return s.Access.SetPassword(ctx, actor(), id, text)
	})
	password.Flags().String("password-file", "", t.say("user.flag.password"))
	out = append(out, password)
	for _, add := range []bool{true, false} {
		name := map[bool]string{true: "grant", false: "revoke"}[add]
		c := command(t, name+" LOGIN", "user."+name, cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
			if err := need(t, c, "role"); err != nil {
				return err
			}
			if err := oneOf(t, "--role", flag(c, "role"), roles); err != nil {
				return err
			}
			return changeGrants(ctx, s, args[0], access.Grant{Role: access.Role(flag(c, "role")), Recipient: flag(c, "recipient"), Donor: flag(c, "donor")}, add)
		})
		c.Flags().String("role", "", t.say("user.flag.role", strings.Join(roles, ", ")))
		c.Flags().String("recipient", "", t.say("user.flag.recipient"))
		c.Flags().String("donor", "", t.say("user.flag.donor"))
		out = append(out, c)
	}
	return out
}

// changeGrants adds a role to a person or takes it away.
func changeGrants(ctx context.Context, s *server.Server, login string, g access.Grant, add bool) error {
	var u store.User
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { u, err = tx.UserByLogin(login); return err }); err != nil {
		return fmt.Errorf("user %q: %w", login, err)
	}
	var grants []access.Grant
	for _, v := range u.Grants {
		grants = append(grants, access.Grant{Role: access.Role(v.Role), Recipient: v.RecipientID, Donor: v.DonorID})
	}
	at := slices.Index(grants, g)
	switch {
	case add && at < 0:
		grants = append(grants, g)
	case !add && at >= 0:
		grants = slices.Delete(grants, at, at+1)
	case !add:
		return fmt.Errorf("user %q: this role: %w", login, store.ErrNotFound)
	}
	return s.Access.SetGrants(ctx, actor(), u.ID, grants)
}
