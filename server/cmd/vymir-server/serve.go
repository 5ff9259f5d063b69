package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
)

func serveCommand(t texts) *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: t.say("serve"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := configOf(c)
			if err != nil {
				return err
			}
			s, err := server.Open(c.Context(), conf, conf.Logger(os.Stderr))
			if err != nil {
				return err
			}
			err = s.Serve(c.Context(), func(r server.Running) {
				fmt.Fprintln(c.OutOrStdout(), t.say("serve.up", r.Agents, conf.Web.Address))
			})
			return errors.Join(err, s.Close())
		},
	}
}

func configCommand(t texts) *cobra.Command {
	config := &cobra.Command{Use: "config", Short: t.say("config"), Args: usage(cobra.NoArgs), RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	check := &cobra.Command{
		Use: "check", Short: t.say("config.check"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := configOf(c)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("config.ok", conf.Agents.Address, conf.Web.Address, conf.DatabaseName()))
			return nil
		},
	}
	show := &cobra.Command{
		Use: "show", Short: t.say("config.show"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := configOf(c)
			if err != nil {
				return err
			}
			return conf.Write(c.OutOrStdout())
		},
	}
	config.AddCommand(check, show)
	return config
}

func versionCommand(t texts) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: t.say("version"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), "vymir-server", server.Version(version))
			return nil
		},
	}
}
