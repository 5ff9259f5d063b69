package main

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed help.uk.json
var helpUkrainian []byte

// help is the Ukrainian of what the commands say in English: "assess" is a command's line, "assess long" its longer text,
// "assess --root" a flag.
var help = sync.OnceValue(func() map[string]string {
	var m map[string]string
	if err := json.Unmarshal(helpUkrainian, &m); err != nil {
		panic("help.uk.json: " + err.Error()) // embedded, covered by tests
	}
	return m
})

// translate puts the help of c and of what is below it into Ukrainian.
func translate(c *cobra.Command) {
	eachText(c, func(key string, text *string) {
		if s, ok := help()[key]; ok {
			*text = s
		}
	})
}

// eachText calls f for every text of c's own making, with its key.
func eachText(c *cobra.Command, f func(key string, text *string)) {
	if c.Hidden || c.Name() == "completion" || c.Name() == "help" {
		return
	}
	path := c.CommandPath()
	f(path, &c.Short)
	if c.Long != "" {
		f(path+" long", &c.Long)
	}
	flags := func(fl *pflag.Flag) {
		if fl.Name != "help" && fl.Name != "version" {
			f(path+" --"+fl.Name, &fl.Usage)
		}
	}
	c.LocalNonPersistentFlags().VisitAll(flags)
	c.PersistentFlags().VisitAll(flags)
	for _, sub := range c.Commands() {
		eachText(sub, f)
	}
}

// languageOfArgs finds --lang before the flags are parsed, for the help to be in it.
func languageOfArgs(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return v
		}
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
