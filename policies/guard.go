//go:build !thin

package policies

import (
	"errors"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// allowed are the built-in functions a policy may call: pure functions of their arguments, none that reaches the network, the
// environment, the clock or a source of randomness, none that is disproportionate in cost (regex on globs, GraphQL, JWT, X.509).
var allowed = []string{
	"abs", "array.concat", "array.flatten", "array.reverse", "array.slice", "assign", "bits.and", "bits.lsh", "bits.negate",
	"bits.or", "bits.rsh", "bits.xor", "ceil", "concat", "contains", "count", "div", "endswith", "eq", "equal", "floor",
	"format_int", "glob.match", "gt", "gte", "indexof", "indexof_n", "internal.member_2", "internal.member_3",
	"internal.template_string", "intersection", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set",
	"is_string", "json.filter", "json.remove", "lower", "lt", "lte", "max", "min", "minus", "mul", "neq",
	"net.cidr_contains", "net.cidr_contains_matches", "net.cidr_is_valid", "object.filter", "object.get", "object.keys",
	"object.remove", "object.subset", "object.union", "object.union_n", "or", "and", "plus", "product",
	"regex.find_n", "regex.match", "regex.replace", "regex.split", "rem", "replace", "round", "semver.compare",
	"semver.is_valid", "set_diff", "sort", "split", "sprintf", "startswith", "strings.any_prefix_match",
	"strings.any_suffix_match", "strings.count", "strings.replace_n", "strings.reverse", "substring", "sum",
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

var errHeap = errors.New("policy needs more memory than it may have")

const heapMetric = "/memory/classes/heap/objects:bytes"

// watchHeap calls exceeded once the heap has grown by more than maxHeapGrowth, until the returned function is called. It watches the
// whole process: what others allocate meanwhile counts too, so the limit is a stop for runaway policies, not a meter.
func watchHeap(exceeded func()) (stop func()) {
	sample := []metrics.Sample{{Name: heapMetric}}
	metrics.Read(sample)
	limit := sample[0].Value.Uint64() + maxHeapGrowth
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				metrics.Read(sample)
				if sample[0].Value.Uint64() > limit {
					exceeded()
					return
				}
			}
		}
	}()
	return func() { close(done) }
}
