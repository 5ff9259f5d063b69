package main

import (
	"fmt"
	"os"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/collector/banned"
)

// openBanned opens the signed list of forbidden software that was named; without one, on the live host, the one its daemon uses.
func (p *program) openBanned(file, keyName string, live bool) (l *banned.List, reason string, err error) {
	if file == "" {
		if live {
			l, reason = agent.BannedList(p.hostConfig())
			return l, reason, nil
		}
		return nil, "no list of forbidden software was given", nil
	}
	key, err := p.readKey(keyName)
	if err != nil {
		return nil, "", err
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, "", fmt.Errorf("read list of forbidden software: %w", err)
	}
	defer in.Close()
	if l, err = banned.Read(in, key); err != nil {
		return nil, "", told{p.text("error.banned", file, err)}
	}
	return l, "", nil
}
