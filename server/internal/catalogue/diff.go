package catalogue

import (
	"context"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Line is one line of a text against the text that was released last.
type Line struct {
	Mark byte   `json:"mark"` // ' ' as before, '+' new, '-' no longer there
	Text string `json:"text"`
}

// Diff compares a release with the last one that donors read with any of the same needs, line by line as a donor
// reads it in lang. The first release of its needs has only new lines. Previous is that other release's id, or "".
func (s *Service) Diff(ctx context.Context, a access.Actor, id, lang string) (lines []Line, previous string, err error) {
	r, err := s.Release(ctx, a, id)
	if err != nil {
		return nil, "", err
	}
	var last Release
	err = s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Releases(r.Recipient, "")
		if err != nil {
			return err
		}
		for _, row := range rows {
			old, err := s.view(tx, row)
			if err != nil {
				return err
			}
			shares := slices.ContainsFunc(old.Needs, func(n string) bool { return slices.Contains(r.Needs, n) })
			if old.ID != r.ID && shares && !old.Published.IsZero() && old.Published.After(last.Published) {
				last = old
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	before := []string{}
	if last.ID != "" {
		before = textLines(&last.Text, lang)
	}
	return diffLines(before, textLines(&r.Text, lang)), last.ID, nil
}

func textLines(t *DonorNeed, lang string) []string {
	return strings.Split(strings.TrimRight(t.Plain(lang), "\n"), "\n")
}

// diffLines keeps the longest common sequence of lines. Texts are short: a few hundred lines at most.
func diffLines(before, after []string) []Line {
	common := make([][]int, len(before)+1)
	for i := range common {
		common[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	out := []Line{}
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			out = append(out, Line{' ', after[j]})
			i, j = i+1, j+1
		case i < len(before) && (j == len(after) || common[i+1][j] >= common[i][j+1]):
			out = append(out, Line{'-', before[i]})
			i++
		default:
			out = append(out, Line{'+', after[j]})
			j++
		}
	}
	return out
}
