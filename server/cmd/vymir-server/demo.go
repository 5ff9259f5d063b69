package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server/internal/demo"
)

func demoCommand(t texts) *cobra.Command {
	o := demo.Options{}
	c := &cobra.Command{
		Use: "demo", Short: t.say("demo"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o.Web, o.QUIC, o.Lang, o.Out = os.Getenv("VYMIR_WEB"), os.Getenv("VYMIR_QUIC"), t.lang, c.OutOrStdout()
			return demo.Run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.State, "state", "demo", t.say("demo.state"))
	c.Flags().Uint64Var(&o.Seed, "seed", 1, t.say("demo.seed"))
	c.Flags().IntVar(&o.Recipients, "recipients", 30, t.say("demo.recipients"))
	c.Flags().IntVar(&o.Hosts, "hosts", 600, t.say("demo.hosts"))
	c.Flags().IntVar(&o.Weeks, "weeks", 52, t.say("demo.weeks"))
	c.Flags().BoolVar(&o.Once, "once", false, t.say("demo.once"))
	return c
}
