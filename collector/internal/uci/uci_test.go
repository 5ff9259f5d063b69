package uci

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got := Parse([]byte(`
# a router
package system
config dropbear
	option PasswordAuth 'on'
	option Port         "22" # default
	list keys a
	list keys 'b c'
config dropbear 'second'
	option enable 0
	option it 'isn'\''t'
config dropbear
stray line
`))
	want := []Section{
		{Type: "dropbear", Name: "@dropbear[0]", Options: map[string][]string{"PasswordAuth": {"on"}, "Port": {"22"}, "keys": {"a", "b c"}}},
		{Type: "dropbear", Name: "second", Options: map[string][]string{"enable": {"0"}, "it": {"isn't"}}},
		{Type: "dropbear", Name: "@dropbear[2]", Options: map[string][]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
	if got[1].Bool("enable", true) || !got[2].Bool("enable", true) || !got[0].Bool("PasswordAuth", false) {
		t.Error("Bool is wrong")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("config a 'b'\n\toption c \"d\\\"e\"\n\tlist f g"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range Parse(b) {
			if s.Name == "" {
				t.Error("section without a name")
			}
		}
	})
}
