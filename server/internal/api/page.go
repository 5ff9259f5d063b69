package api

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; absent on the last"`
}

type pageOutput[T any] struct{ Body Page[T] }

// PageInput is what every list takes. It is exported, as are its neighbours, since huma fills exported fields only.
type PageInput struct {
	Cursor string `query:"cursor" maxLength:"400" doc:"where to continue: next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"most items of a page"`
}

// RecipientInput narrows a list to one recipient.
type RecipientInput struct {
	Recipient string `query:"recipient" maxLength:"64" doc:"id of a recipient; absent: all that are yours to see"`
}

// IDInput names an object in the path.
type IDInput struct {
	ID string `path:"id" maxLength:"64"`
}

type bodyOutput[T any] struct{ Body T }

var errCursor = errors.New("cursor is malformed")

func encodeCursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

// decodeCursor returns n parts; nil for an empty cursor.
func decodeCursor(s string, n int) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errCursor
	}
	parts := strings.Split(string(b), "\x00")
	if len(parts) != n {
		return nil, errCursor
	}
	return parts, nil
}

func findingCursor(f store.Finding) string {
	return encodeCursor(string(f.Severity), strconv.FormatInt(store.MS(f.Opened), 10), f.ID)
}

func parseFindingCursor(s string) (*store.FindingCursor, error) {
	p, err := decodeCursor(s, 3)
	if p == nil {
		return nil, err
	}
	sev, ok := assessment.ParseSeverity(p[0])
	ms, err := strconv.ParseInt(p[1], 10, 64)
	if err != nil || !ok {
		return nil, errCursor
	}
	return &store.FindingCursor{Severity: sev, Opened: store.At(ms), ID: p[2]}, nil
}

// slicePage pages a list that was computed whole, by position: the cursor of a list that changed meanwhile continues
// at the same place of the new one.
func slicePage[T any](list []T, in PageInput) (Page[T], error) {
	from := 0
	p, err := decodeCursor(in.Cursor, 2)
	if err != nil {
		return Page[T]{}, err
	}
	if p != nil {
		if from, err = strconv.Atoi(p[1]); err != nil || p[0] != "at" || from < 0 {
			return Page[T]{}, errCursor
		}
	}
	from = min(from, len(list))
	to := min(from+in.Limit, len(list))
	out := Page[T]{Items: append([]T{}, list[from:to]...)}
	if to < len(list) {
		out.Next = encodeCursor("at", strconv.Itoa(to))
	}
	return out, nil
}

func itoa(n int) string { return strconv.Itoa(n) }

// when leaves a zero time out of JSON.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
