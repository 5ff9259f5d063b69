package web

import (
	"encoding/json"

	"github.com/vymir-project/vymir/server/internal/store"
)

// eventText takes the words a person wrote out of an event, and the key that says what they did.
func eventText(e store.FindingEvent, key string) (text, outKey string) {
	switch e.Event {
	case "comment":
		return e.Detail, key
	case "decided":
		var v struct{ Decision, Reason string }
		if json.Unmarshal([]byte(e.Detail), &v) != nil {
			return "", key
		}
		if v.Decision == "" {
			v.Decision = "none"
		}
		return v.Reason, "event.decided." + v.Decision
	case "assigned":
		var v struct{ Assignee string }
		if json.Unmarshal([]byte(e.Detail), &v) == nil && v.Assignee == "" {
			return "", "event.unassigned"
		}
	}
	return "", key
}
