package mappings_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/mappings"
)

func TestBuiltIn(t *testing.T) {
	all, err := mappings.BuiltIn()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d profiles, %v", len(all), err)
	}
	for _, p := range all {
		err := p.CheckControls(func(id string) bool { _, ok := policies.BuiltIn().Control(id); return ok })
		if err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
	}
}

const pack = `schema: vymir.profile/1
id: ua-test
revision: 1
title: {uk: Т, en: T}
acts:
  - {id: order-1, title: {uk: Н, en: O}, status: text, seen: {uk: текст, en: text}, source: "держано в руках"}
requirements:
  - {act: order-1, id: "4.2", title: {uk: В, en: R}, controls: [ssh.root_login], source: "с. 3"}
`

func TestLoad(t *testing.T) {
	all, err := mappings.Load(fstest.MapFS{"ua-test.yaml": {Data: []byte(pack)}})
	if err != nil || len(all) != 1 || len(all[0].Answers("ssh.root_login")) != 1 || len(all[0].Answers("ssh.x")) != 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := all[0].CheckControls(func(string) bool { return false }); err == nil {
		t.Error("an unknown control was not noticed")
	}
	if _, err := mappings.Load(fstest.MapFS{"ua-other.yaml": {Data: []byte(pack)}}); err == nil {
		t.Error("another id than the file's name was not noticed")
	}
	for from, to := range map[string]string{
		"vymir.profile/1": "vymir.profile/2", "revision: 1": "revision: 0", "{uk: Т, en: T}": "{uk: Т}", "status: text": "status: verified",
		`source: "держано в руках"`: `source: ""`, `source: "с. 3"`: `source: ""`, `id: "4.2"`: `id: ""`, "[ssh.root_login]": "[]", "act: order-1": "act: order-2",
		"acts:": "colour: red\nacts:",
	} {
		if _, err := mappings.Parse([]byte(strings.Replace(pack, from, to, 1))); err == nil {
			t.Errorf("%s for %s was not noticed", to, from)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(pack))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := mappings.Parse(data); err == nil && p.ID == "" {
			t.Error("a profile without an id was taken")
		}
	})
}
