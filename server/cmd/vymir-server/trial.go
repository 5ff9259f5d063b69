package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server/internal/trial"
)

func trialCommand(t texts) *cobra.Command {
	c := &cobra.Command{
		Use: "trial", Short: t.say("trial"), Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := need(t, c, "agent"); err != nil {
				return err
			}
			once, err := c.Flags().GetBool("once")
			if err != nil {
				return err
			}
			return trial.Run(c.Context(), trial.Options{
				Agent: flag(c, "agent"), Once: once, State: os.Getenv("VYMIR_STATE"), Web: os.Getenv("VYMIR_WEB"), QUIC: os.Getenv("VYMIR_QUIC"),
				Lang: t.lang, Out: c.OutOrStdout(),
			})
		},
	}
	c.Flags().String("agent", "", t.say("trial.agent"))
	c.Flags().Bool("once", false, t.say("trial.once"))
	return c
}
