//go:build !thin

package policies

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// allowed are the built-in functions a policy may call: pure functions of their arguments, none that reaches the network, the
// environment, the clock or a source of randomness, none that is disproportionate in cost (regex on globs, GraphQL, JWT, X.509).
var allowed = []string{
	"abs", "array.concat", "array.flatten", "array.reverse", "array.slice", "assign", "bits.and", "bits.negate",
	"bits.or", "bits.rsh", "bits.xor", "ceil", "concat", "contains", "count", "div", "endswith", "eq", "equal", "floor",
	"format_int", "glob.match", "gt", "gte", "indexof", "indexof_n", "internal.member_2", "internal.member_3",
	"internal.template_string", "intersection", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set",
	"is_string", "json.filter", "json.remove", "lower", "lt", "lte", "max", "min", "minus", "mul", "neq",
	"net.cidr_contains", "net.cidr_contains_matches", "net.cidr_is_valid", "object.filter", "object.get", "object.keys",
	"object.remove", "object.subset", "object.union", "object.union_n", "or", "and", "plus", "product",
	"regex.find_n", "regex.match", "regex.replace", "regex.split", "rem", "replace", "round", "semver.compare",
	"semver.is_valid", "set_diff", "sort", "split", "sprintf", "startswith", "strings.any_prefix_match",
	"strings.any_suffix_match", "strings.count", "strings.reverse", "substring", "sum",
	"time.add_date", "time.clock", "time.date", "time.diff", "time.format", "time.parse_duration_ns", "time.parse_ns",
	"time.parse_rfc3339_ns", "time.weekday", "to_number", "trim", "trim_left", "trim_prefix", "trim_right", "trim_space",
	"trim_suffix", "type_name", "union", "units.parse", "units.parse_bytes", "upper", "walk",
}

// capabilities are this OPA's, cut to the allow-list.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(slices.Clone(c.Builtins), func(b *ast.Builtin) bool {
		return !slices.Contains(allowed, b.Name)
	})
	return c
}

// maxBuilt is the largest value, in bytes or elements, that one call of a function of builders may make.
const maxBuilt = 1 << 20

// builders are the functions whose answer can be much larger than what they are given, and how large it can get. One call of
// them is not interrupted: forty lines that each double a text would take all memory between two looks of the heap watch.
var builders = map[string]func(args []*ast.Term) int{
	"array.concat":             sumOfSizes,
	"concat":                   joined,
	"internal.template_string": sumOfSizes,
	"mul":                      multiplied,
	"regex.replace":            replaced,
	"replace":                  replaced,
	"sprintf":                  formatted,
}

func init() {
	for name, size := range builders {
		build := topdown.GetBuiltin(name)
		topdown.RegisterBuiltinFunc(name, func(bctx topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
			if size(args) > maxBuilt {
				return topdown.Halt{Err: fmt.Errorf("%s: %w", name, errHeap)}
			}
			return build(bctx, args, iter)
		})
	}
}

// sizeOf is the length of a text, or of the texts in a list with one more per element; 1 for anything else.
func sizeOf(t *ast.Term) int {
	n := 1
	each := func(x *ast.Term) { n += 1 + sizeOf(x) }
	switch v := t.Value.(type) {
	case ast.String:
		return len(v)
	case ast.Number:
		return len(v)
	case *ast.Array:
		v.Foreach(each)
	case ast.Set:
		v.Foreach(each)
	case ast.Object:
		v.Foreach(func(key, x *ast.Term) { each(key); each(x) })
	}
	return n
}

func sumOfSizes(args []*ast.Term) int {
	n := 0
	for _, a := range args {
		n += sizeOf(a)
	}
	return n
}

// multiplied is the cost of a product: squaring one number again and again takes seconds before its text is a megabyte.
func multiplied(args []*ast.Term) int { return sizeOf(args[0]) * sizeOf(args[1]) }

// formatted is the size of sprintf(format, values), whose format can ask for width.
func formatted(args []*ast.Term) int {
	n, width := sumOfSizes(args), 0
	format, _ := args[0].Value.(ast.String)
	for _, c := range []byte(format) {
		switch {
		case c >= '0' && c <= '9':
			width = min(width*10+int(c-'0'), maxBuilt)
		case c == '*':
			return maxBuilt + 1
		default:
			n, width = n+width, 0
		}
	}
	return n
}

// joined is the size of concat(separator, list).
func joined(args []*ast.Term) int {
	elements := 0
	switch v := args[1].Value.(type) {
	case *ast.Array:
		elements = v.Len()
	case ast.Set:
		elements = v.Len()
	}
	return sizeOf(args[1]) + elements*sizeOf(args[0])
}

// replaced is the size of replace(text, old, new) and of regex.replace(text, pattern, new) when every character is replaced.
func replaced(args []*ast.Term) int { return (sizeOf(args[0]) + 1) * max(sizeOf(args[2]), 1) }

var errHeap = errors.New("policy needs more memory than it may have")

const (
	heapMetric = "/memory/classes/heap/objects:bytes"
	heapTick   = 2 * time.Millisecond
)

// watchHeap calls exceeded once the heap has grown by more than maxHeapGrowth, until the returned function is called. What is no longer
// in use does not count: it is collected before the verdict, unless the heap is at twice the limit already. The watch is over the
// whole process: what others allocate meanwhile counts too, so the limit is a stop for runaway policies, not a meter.
func watchHeap(exceeded func()) (stop func()) {
	sample := []metrics.Sample{{Name: heapMetric}}
	grown := func(since uint64) uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64() - min(since, sample[0].Value.Uint64())
	}
	base := grown(0)
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(heapTick)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			now := grown(base)
			if now > maxHeapGrowth && now < 2*maxHeapGrowth {
				runtime.GC()
				now = grown(base)
			}
			if now > maxHeapGrowth {
				exceeded()
				return
			}
		}
	}()
	return func() { close(done) }
}
