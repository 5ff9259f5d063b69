package banned_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/banned"
)

// All names are fictitious: the list itself is not shipped.
const csvText = "\xef\xbb\xbf# source: Fictitious order 1 of 2026-11-01\n# as_of: 2026-11-01\nid,name,maker,reference,packages,makers,processes,services,sha256,signers,paths,equipment\n" +
	"X-1,BadSoft Office,Nobody Ltd,1.1,badsoft*; BadSoft-Libs,*@badsoft.example>,badsoftd,badsoftd:tcp/4711,,repo.badsoft.example,/opt/badsoft/*,\n" +
	"X-2,Worse Router,\"Worse, Inc\",1.2,,,,,," + ",," + "worse inc *\n"

func list() *banned.List {
	return &banned.List{Schema: banned.Schema, Source: "Fictitious order 1 of 2026-11-01", AsOf: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Entries: []banned.Entry{
		{ID: "X-1", Name: "BadSoft Office", Maker: "Nobody Ltd", Reference: "1.1", Packages: []string{"badsoft*", "badsoft-libs"}, Makers: []string{"*@badsoft.example>"},
			Signers: []string{"repo.badsoft.example"}, Paths: []string{"/opt/badsoft/*"}, Processes: []string{"badsoftd"}, Services: []string{"badsoftd:tcp/4711"}},
		{ID: "X-2", Name: "Worse Router", Maker: "Worse, Inc", Reference: "1.2", Equipment: []string{"worse inc *"}},
	}}
}

func TestParse(t *testing.T) {
	text, err := json.Marshal(list())
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{"csv": csvText, "crlf": strings.ReplaceAll(csvText, "\n", "\r\n"), "json": string(text)} {
		got, err := banned.Parse(strings.NewReader(in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(list(), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestListsThatAreNotTaken(t *testing.T) {
	for name, spoil := range map[string]func(*banned.List){
		"schema":       func(l *banned.List) { l.Schema = "x" },
		"undated":      func(l *banned.List) { l.AsOf = time.Time{} },
		"source":       func(l *banned.List) { l.Source = "" },
		"empty":        func(l *banned.List) { l.Entries = nil },
		"twice":        func(l *banned.List) { l.Entries[1].ID = "X-1" },
		"nameless":     func(l *banned.List) { l.Entries[0].Name = "" },
		"nothing":      func(l *banned.List) { l.Entries[1].Equipment = nil },
		"everything":   func(l *banned.List) { l.Entries[0].Packages = []string{"*"} },
		"almost-all":   func(l *banned.List) { l.Entries[0].Processes = []string{"a*b"} },
		"bare-port":    func(l *banned.List) { l.Entries[0].Services = []string{":tcp/80"} },
		"odd-port":     func(l *banned.List) { l.Entries[0].Services = []string{"badsoftd:80"} },
		"hash":         func(l *banned.List) { l.Entries[0].SHA256 = []string{"abc"} },
		"relative":     func(l *banned.List) { l.Entries[0].Paths = []string{"opt/badsoft"} },
		"path-up":      func(l *banned.List) { l.Entries[0].Paths = []string{"/opt/../etc/x"} },
		"whole-root":   func(l *banned.List) { l.Entries[0].Paths = []string{"/badsoft*"} },
		"control-char": func(l *banned.List) { l.Entries[0].Name = "Bad\x1b[31m" },
		"long":         func(l *banned.List) { l.Entries[0].Name = strings.Repeat("x", 400) },
		"many":         func(l *banned.List) { l.Entries[0].Packages = make([]string, 300) },
	} {
		l := list()
		spoil(l)
		if err := l.Check(); !errors.Is(err, banned.ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
	for name, in := range map[string]string{
		"nothing": "", "column": strings.Replace(csvText, "processes", "process", 1), "cells": csvText + "X-3,a\n", "cut": `{"schema": "vymir.banned/1"`,
		"unknown-field": `{"schema": "vymir.banned/1", "entrys": []}`, "two": `{} {}`, "large": strings.Repeat(" ", 17<<20), "as-of": strings.Replace(csvText, "2026-11-01\nid", "1 November\nid", 1),
	} {
		if _, err := banned.Parse(strings.NewReader(in)); !errors.Is(err, banned.ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
}

func TestPackIsSigned(t *testing.T) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := banned.Write(&b, list(), private); err != nil {
		t.Fatal(err)
	}
	got, err := banned.Open(b.Bytes(), other, public)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := banned.Open(b.Bytes(), other); !errors.Is(err, banned.ErrUnsigned) {
		t.Errorf("another key: %v", err)
	}
	forged := bytes.Replace(b.Bytes(), []byte("badsoft*"), []byte("goodsoft"), 1)
	if _, err := banned.Open(forged, public); !errors.Is(err, banned.ErrUnsigned) {
		t.Errorf("forged: %v", err)
	}
	for i := range b.Len() {
		if _, err := banned.Open(b.Bytes()[:i], public); err == nil {
			t.Fatalf("cut at %d: read", i)
		}
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"badsoft", "BadSoft", true}, {"badsoft", "badsoft-common", false}, {"badsoft*", "badsoft-common", true}, {"*soft", "badsoft", true}, {"bad*ft", "badsoft", true},
		{"bad*bad", "bad", false}, {"*a*b*", "xaxbx", true}, {"*a*b*", "xbxax", false}, {"поганий*", "Поганий Офіс", true}, {"badsoft", "", false},
	} {
		if got := banned.Like(c.pattern, c.name); got != c.want {
			t.Errorf("%q like %q: got %v", c.name, c.pattern, got)
		}
	}
	e := list().Entries[0]
	if !e.Serves("BadSoftD", "tcp/4711") || e.Serves("badsoftd", "tcp/80") || e.Serves("nginx", "tcp/4711") || e.Serves("", "tcp/4711") {
		t.Error("service")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(csvText))
	f.Add([]byte(`{"schema": "vymir.banned/1", "source": "x", "as_of": "2026-11-01T00:00:00Z", "entries": [{"id": "1", "name": "n", "packages": ["abc*"]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := banned.Parse(bytes.NewReader(b))
		if err != nil {
			return
		}
		if err := l.Check(); err != nil {
			t.Errorf("what was taken is refused: %v", err)
		}
		for _, e := range l.Entries {
			banned.LikeAny(e.Packages, "bash")
			if banned.LikeAny(e.Packages, "") {
				t.Error("matches nothing")
			}
		}
	})
}
