package authorizer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Log is what the authorizer has written to stdout and stderr.
type Log struct {
	KeySets   []KeySet   // a line for each fetch of the key set
	Decisions []Decision // a line for each invocation
	Other     []string   // lines that are not JSON: what is wrong with its settings
}

// KeySet is the line about a fetch of the key set.
type KeySet struct {
	Kept    []string // key IDs that are used
	Dropped []struct{ Kid, Why string }
	Error   string
}

// Decision is the line about a token.
type Decision struct {
	Reason string // "ok", or why the token was refused or not checked
	Issuer string // "" if the check ended before it was known
	Error  string // what kept the authorizer from checking the token
}

// ReadLog reads what the authorizer has written.
func ReadLog(text string) (log Log, err error) {
	for line := range strings.Lines(text) {
		var kind struct{ Msg string }
		if json.Unmarshal([]byte(line), &kind) != nil {
			log.Other = append(log.Other, strings.TrimSpace(line))
			continue
		}
		switch kind.Msg {
		case "key set":
			log.KeySets, err = appendLine(log.KeySets, line)
		case "decision":
			log.Decisions, err = appendLine(log.Decisions, line)
		}
		if err != nil {
			return Log{}, fmt.Errorf("read the authorizer's log: %w", err)
		}
	}
	return log, nil
}

func appendLine[T any](list []T, line string) ([]T, error) {
	var entry T
	err := json.Unmarshal([]byte(line), &entry)
	return append(list, entry), err
}
