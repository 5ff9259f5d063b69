package remedies

import "testing"

func TestCapabilities(t *testing.T) {
	cs, err := Capabilities()
	if err != nil {
		t.Fatal(err)
	}
	if len(cs) < 12 {
		t.Errorf("got %d capabilities, want at least 12", len(cs))
	}
}

func TestLoad(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	perKind := map[Kind]int{}
	perLine := map[Line]int{}
	for _, r := range s.Remedies {
		perKind[r.Kind]++
		perLine[r.Line]++
	}
	if len(s.Remedies) < 60 {
		t.Errorf("got %d remedies, want at least 60", len(s.Remedies))
	}
	for _, k := range Kinds {
		if perKind[k] < 3 {
			t.Errorf("kind %s: got %d remedies, want at least 3", k, perKind[k])
		}
	}
	for _, l := range Lines {
		if perLine[l] < 3 {
			t.Errorf("line %s: got %d remedies, want at least 3", l, perLine[l])
		}
	}
	t.Logf("%d remedies: %v, %v", len(s.Remedies), perKind, perLine)
}
