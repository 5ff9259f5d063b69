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
