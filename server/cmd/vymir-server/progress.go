package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// bar draws how far something is on a terminal; anywhere else it draws nothing.
type bar struct {
	w     io.Writer
	name  string
	start time.Time
	drawn time.Time
	wide  int // runes drawn last
}

// newBar draws on f when that is a terminal.
func newBar(f *os.File, name string) *bar {
	b := &bar{name: name, start: time.Now()}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
		b.w = f
	}
	return b
}

// tell draws done of total, at most ten times a second.
func (b *bar) tell(done, total int) {
	now := time.Now()
	if b.w == nil || total == 0 || done < total && now.Sub(b.drawn) < 100*time.Millisecond {
		return
	}
	b.drawn = now
	b.draw(done, total, now.Sub(b.start))
}

func (b *bar) draw(done, total int, since time.Duration) {
	const width = 30
	full := width * done / total
	line := fmt.Sprintf("%s %s%s %3d %% %d/%d", b.name, strings.Repeat("█", full), strings.Repeat("░", width-full), 100*done/total, done, total)
	if done > 0 && since > time.Second {
		left := time.Duration(float64(since) / float64(done) * float64(total-done)).Round(time.Second)
		line += fmt.Sprintf(" %d/s %s", int(float64(done)/since.Seconds()), left)
	}
	n := len([]rune(line))
	fmt.Fprintf(b.w, "\r%s%s", line, strings.Repeat(" ", max(b.wide-n, 0)))
	b.wide = n
}

// end takes the bar away.
func (b *bar) end() {
	if b.w != nil && b.wide > 0 {
		fmt.Fprintf(b.w, "\r%s\r", strings.Repeat(" ", b.wide))
	}
}
