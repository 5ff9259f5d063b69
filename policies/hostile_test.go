//go:build !thin

package policies

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// hostile are bodies of policies that would run for ever, or take all memory there is. Input.many holds 400 numbers.
var hostile = map[string]string{
	"loop":     `count([1 | some a in input.many; some b in input.many; some c in input.many; some d in input.many; a + b + c + d < 0])`,
	"array":    `[[a, b, c] | some a in input.many; some b in input.many; some c in input.many]`,
	"set":      `{sprintf("%d-%d-%d-%s", [a, b, c, input.long]) | some a, _ in input.many; some b, _ in input.many; some c, _ in input.many}`,
	"object":   `{sprintf("%d-%d-%d", [a, b, c]): input.many | some a, _ in input.many; some b, _ in input.many; some c, _ in input.many}`,
	"replace":  doubling(40, `"aa"`, `replace(%[1]s, "a", "aaaa")`),
	"concat":   doubling(40, `"aa"`, `concat("", [%[1]s, %[1]s, %[1]s])`),
	"sprintf":  doubling(40, `"aa"`, `sprintf("%%s%%s%%s", [%[1]s, %[1]s, %[1]s])`),
	"widths":   `[1 | some a in input.many; x := sprintf(concat("", ["%999999d" | some b in input.many]), [a]); x == a]`,
	"template": doubling(40, `"aa"`, `$"{%[1]s}{%[1]s}{%[1]s}"`),
	"regex":    doubling(40, `"aa"`, `regex.replace(%[1]s, "a", "aaaa")`),
	"arrays":   doubling(60, `[1, 2]`, `array.concat(%[1]s, %[1]s)`),
	"split":    doubling(60, `"aa"`, `concat("ab", split(%[1]s, ""))`),
	"numbers":  doubling(60, `99999999999999`, `%[1]s * %[1]s`),
	"walk":     `[p | some a in input.many; some b in input.many; some c in input.many; walk(input, [p, _]); a + b + c == 0]`,
}

// doubling feeds a value to step again and again.
func doubling(steps int, from, step string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[1 | x0 := %s; ", from)
	for i := range steps {
		fmt.Fprintf(&b, "x%d := %s; ", i+1, fmt.Sprintf(step, fmt.Sprintf("x%d", i)))
	}
	fmt.Fprintf(&b, "x%d == x0]", steps)
	return b.String()
}

const (
	hostileEnv  = "VYMIR_HOSTILE_POLICY"
	hostileSize = 2*maxHeapGrowth + 96<<20 // bytes resident: the test program itself, the heap at twice the limit, and what the collector has not given back
)

// TestHostilePolicies judges by each hostile policy in a child, beside a fair one: the fair one is judged, the hostile one comes out as
// our error, and the child never grows beyond what a small host can bear.
func TestHostilePolicies(t *testing.T) {
	if name := os.Getenv(hostileEnv); name != "" {
		judgeHostile(t, hostile[name])
		return
	}
	if raceEnabled {
		t.Skip("the race detector multiplies memory")
	}
	for name := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHostilePolicies$")
			cmd.Env = append(os.Environ(), hostileEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			if !ok {
				t.Fatal("no usage of the child")
			}
			t.Logf("peak %d MiB, %v of processor", usage.Maxrss>>10, cmd.ProcessState.UserTime())
			if peak := usage.Maxrss << 10; peak > hostileSize {
				t.Errorf("peak is %d MiB, want at most %d", peak>>20, int64(hostileSize)>>20)
			}
		})
	}
}

func judgeHostile(t *testing.T, body string) {
	rule := `persisted := {"verdict": "pass", "reason": "good", "params": {"seen": %s}}`
	e := mustEngine(t, map[string]string{
		"bad":  testPolicy("bad", "persisted", "", fmt.Sprintf(rule, body)),
		"fair": testPolicy("fair", "persisted", "", fmt.Sprintf(rule, "count(input.many)")),
	})
	e.deadline, e.single = time.Second, 2*time.Second
	many, err := json.Marshal(make([]int, 400))
	if err != nil {
		t.Fatal(err)
	}
	doc := fmt.Sprintf(`{"schema": "vymir.facts/1", "families": {}, "many": %s, "long": %q}`, many, strings.Repeat("x", 4096))
	a, err := e.Judge(t.Context(), []byte(doc), JudgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []assessment.Status{assessment.Error, assessment.Pass} {
		if a.Results[i].Status != want {
			t.Errorf("%s: %s (%s), want %s", a.Results[i].Control, a.Results[i].Status, a.Results[i].Reason, want)
		}
	}
}
