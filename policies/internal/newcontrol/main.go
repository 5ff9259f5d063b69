// Newcontrol scaffolds a control: its policy with a METADATA block to fill in, and its test. It is called by
// make new-control FAMILY=ssh NAME=something, from the root of the repository.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/vymir-project/vymir/policies"
)

func main() {
	family := flag.String("family", "", "family of the control, a folder of policies/baseline")
	name := flag.String("name", "", "name of the control, snake case")
	dir := flag.String("dir", "policies/baseline", "folder of the baselines")
	flag.Parse()
	files, err := policies.Scaffold(*dir, *family, *name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "newcontrol:", err)
		os.Exit(1)
	}
	fmt.Println("wrote", strings.Join(files, " and "))
	fmt.Println("fill in what is in angle brackets, then run: go generate ./policies/... && go test ./policies")
}
