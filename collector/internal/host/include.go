package host

// Bounds of configuration files that include others: how deep, and how many in all.
const (
	maxIncludeDepth = 10
	maxIncludeFiles = 256
)

// follow reads the file start and every file that visit includes by a pattern, each once. A file that includes itself, at
// whatever distance, is not read again; what lies beyond the bounds is left out.
func follow(env *Env, r *reading, start string, visit func(b []byte, include func(pattern string))) {
	seen := map[string]bool{}
	var read func(name string, depth int)
	read = func(name string, depth int) {
		if seen[name] || depth > maxIncludeDepth || len(seen) > maxIncludeFiles {
			return
		}
		seen[name] = true
		b, ok := r.file(env, name)
		if !ok {
			return
		}
		visit(b, func(pattern string) {
			for _, f := range env.Glob(pattern) {
				read(f, depth+1)
			}
		})
	}
	read(start, 0)
}
