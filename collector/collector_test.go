package collector

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/hosttest"
	"github.com/vymir-project/vymir/collector/internal/host"
)

func TestRunContainsPanic(t *testing.T) {
	f := host.Family{Name: "bad", Collect: func(_ context.Context, _ *host.Env, doc *facts.Document) facts.Status {
		doc.OS = &facts.OS{ID: "half"}
		panic("broken parser")
	}}
	doc := &facts.Document{}
	st, abandoned := run(t.Context(), f, nil, doc)
	if abandoned || st.State != facts.StateError || !strings.Contains(st.Reason, "broken parser at collector_test.go:") {
		t.Errorf("status = %+v", st)
	}
	if doc.OS != nil {
		t.Error("a family that panicked left its half-made facts behind")
	}
}

func TestRunGivesUpStuckFamily(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := host.Family{Name: "stuck", Collect: func(context.Context, *host.Env, *facts.Document) facts.Status {
		<-release
		return facts.Status{State: facts.StateOK}
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if st, abandoned := run(ctx, f, nil, &facts.Document{}); !abandoned || st.State != facts.StateError || !strings.HasPrefix(st.Reason, "given up") {
		t.Errorf("status = %+v", st)
	}
}

func TestCollectChosenFamilies(t *testing.T) {
	root := hosttest.LoadText(t, "-- etc/os-release --\nID=debian\nVERSION_ID=\"12\"\n")
	doc, err := Collect(t.Context(), Options{Root: root, Families: []string{"os"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Families) != 1 || doc.OS == nil || doc.OS.ID != "debian" || doc.Live || doc.Host.Role != "server" {
		t.Errorf("document = %+v, os %+v", doc, doc.OS)
	}
	if _, err := Collect(t.Context(), Options{Root: root, Families: []string{"nonsense"}}); err == nil {
		t.Error("an unknown family was accepted")
	}
	if _, err := Collect(t.Context(), Options{Root: root + "/absent"}); err == nil {
		t.Error("an absent root was accepted")
	}
}
