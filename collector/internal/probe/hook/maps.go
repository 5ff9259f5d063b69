package hook

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// Each calls f for every entry of a map. Entries that come or go meanwhile may be met or not; f must not keep its
// arguments and must not change the map.
func Each[K, V any](m *ebpf.Map, f func(*K, *V)) error {
	keys, values := make([]K, batch), make([]V, batch)
	var cursor ebpf.MapBatchCursor
	for {
		n, err := m.BatchLookup(&cursor, keys, values, nil)
		for i := range n {
			f(&keys[i], &values[i])
		}
		switch {
		case errors.Is(err, ebpf.ErrKeyNotExist):
			return nil
		case err != nil && n == 0:
			return each(m, f)
		case err != nil:
			return fmt.Errorf("read %s: %w", m, err)
		}
	}
}

// batch is how many entries are read at once; a bucket with more colliding entries is read one by one.
const batch = 64

func each[K, V any](m *ebpf.Map, f func(*K, *V)) error {
	var key K
	var value V
	it := m.Iterate()
	for it.Next(&key, &value) {
		f(&key, &value)
	}
	if err := it.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return fmt.Errorf("read %s: %w", m, err)
	}
	return nil
}

// String is the text before the first zero byte.
func String[T ~int8 | ~uint8](s []T) string {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		if c == 0 {
			break
		}
		b = append(b, byte(c))
	}
	return string(b)
}

// Copy fills to from bytes.
func Copy(to []int8, from []byte) {
	for i := range min(len(to), len(from)) {
		to[i] = int8(from[i])
	}
}
