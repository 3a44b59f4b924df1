package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// table is a heading and rows, for the terminal and for README.md.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

func (r *result) tables() []table {
	return []table{r.summaryTable(), r.coldTable(), r.algorithmTable(), r.memoryTable(), r.modelTable()}
}

// text is all tables for the terminal.
func (r *result) text() string {
	var out bytes.Buffer
	for _, t := range r.tables() {
		fmt.Fprintf(&out, "\n%s\n\n", t.title)
		w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{t.head}, t.rows...) {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		w.Flush()
		for _, note := range t.notes {
			fmt.Fprintf(&out, "%s\n", note)
		}
	}
	fmt.Fprintf(&out, "\n%s\n", r.measured())
	return out.String()
}

// markdown is all tables for README.md.
func (r *result) markdown() string {
	var out strings.Builder
	for _, t := range r.tables() {
		fmt.Fprintf(&out, "**%s**\n\n", t.title)
		if len(t.rows) > 0 {
			fmt.Fprintf(&out, "| %s |\n|---%s|\n", strings.Join(t.head, " | "), strings.Repeat("|--:", len(t.head)-1))
		}
		for _, row := range t.rows {
			line := strings.Join(row, " | ")
			if row[0] == authorizerName {
				line = strings.Replace(line, authorizerName, "**"+authorizerName+"**", 1)
			}
			fmt.Fprintf(&out, "| %s |\n", line)
		}
		for _, note := range t.notes {
			fmt.Fprintf(&out, "\n%s\n", note)
		}
		out.WriteString("\n")
	}
	fmt.Fprintln(&out, r.measured())
	return out.String()
}

// measured says when and where the figures were measured, and how long that took.
func (r *result) measured() string {
	return fmt.Sprintf("Measured in %s on %s.", r.Took, r.Machine)
}

// summaryTable has a row for each contestant.
func (r *result) summaryTable() table {
	t := table{
		title: "Side by side",
		head: []string{"", "warm call, µs", "× floor", "CPU × floor", "peak MB", "zipped MB",
			"fetches for 200 unknown keys", "new key accepted"},
	}
	for _, c := range r.Contestants {
		if c.Skipped != "" {
			t.notes = append(t.notes, fmt.Sprintf("%s was left out: %s", c.Name, c.Skipped))
			continue
		}
		fetches, accepted := c.stormText()
		t.rows = append(t.rows, []string{
			c.label(), number(c.Warm.P50Us), ratio(c.Warm.P50Ratio), ratio(c.Warm.CPURatio),
			number(c.Warm.PeakMemoryMB), number(megabytes(c.ZippedBytes)), fetches, accepted,
		})
		if len(c.Wrong) > 0 {
			t.notes = append(t.notes, c.Name+" gave wrong verdicts on these tokens: "+strings.Join(c.Wrong, ", "))
		}
	}
	if r.Quick {
		t.notes = append(t.notes, "A quick run is less exact: it zips builds for this machine, not the smaller "+
			"ones for linux/arm64 that are deployed, and it ends before Node.js has compiled all hot code.")
	}
	return t
}

// label is a contestant's name with the versions of its libraries.
func (r *row) label() string {
	if r.Kind == ours || r.Version == "" {
		return r.Name
	}
	names, versions := strings.Split(r.Name, " + "), strings.Split(r.Version, " + ")
	for i := range names {
		names[i] += " " + strings.TrimPrefix(versions[i], "v")
	}
	return strings.Join(names, " + ")
}

// stormText says how many fetches a storm caused and when a new key was accepted.
func (r *row) stormText() (fetches, accepted string) {
	if r.Kind == reference {
		return "", ""
	}
	fetches, accepted = fmt.Sprint(r.Storm.Fetches), "no"
	if r.Storm.Unchecked > 0 {
		fetches += fmt.Sprintf(" (%d answered with 503)", r.Storm.Unchecked)
	}
	if r.Storm.Allowed > 0 {
		fetches += fmt.Sprintf(" (%d tokens let in)", r.Storm.Allowed)
	}
	if r.Storm.NewKey == allow {
		accepted = "at once"
	} else if r.Storm.NewKeyLater == allow {
		accepted = "11 s later"
	}
	return fetches, accepted
}

// coldTable has the contestants again, with a column for each situation.
func (r *result) coldTable() table {
	t := table{title: "From the start of a process to its first answer, with the keys over https, ms", head: []string{""}}
	for _, s := range situations {
		t.head = append(t.head, s.name)
	}
	t.head = append(t.head, "in the last case, first invocation")
	for _, c := range r.Contestants {
		if c.Cold == nil {
			continue
		}
		line := []string{c.label()}
		for _, measured := range c.Cold {
			line = append(line, spreadText(measured.AnswerMs))
		}
		t.rows = append(t.rows, append(line, number(c.Cold[asDeployed].FirstMs.Median)))
	}
	t.notes = []string{"All trust the same authorities. crypto/x509 finds them in one file, or in that file and again " +
		"in its default folders. Node.js has its own list. With round trips of 20 ms, TCP, TLS 1.3 and HTTP take 60 ms."}
	return t
}

func (r *result) algorithmTable() table {
	t := table{
		title: "Verification alone, × hash and crypto on the same bytes",
		head:  append([]string{""}, algorithmNames...),
	}
	raw := []string{"crypto/* alone, µs"}
	for _, a := range r.Algorithms {
		raw = append(raw, number(a.RawUs))
	}
	t.rows = append(t.rows, raw)
	for _, name := range []string{authorizerName, "golang-jwt", "jwx", "go-oidc", "go-jwt-middleware"} {
		line := []string{name}
		for _, a := range r.Algorithms {
			line = append(line, ratio(a.Ratios[name]))
		}
		t.rows = append(t.rows, line)
	}
	return t
}

func (r *result) memoryTable() table {
	t := table{
		title: "The authorizer with the CPU share of Lambda's memory sizes",
		head: []string{"MB", "CPU ms per 20 ms", "init at full speed, ms", "first invocation, ms",
			"first answer, init in the share too, ms", "p50, with pauses, µs", "p90", "per second, without pauses",
			"$ per million"},
	}
	if r.Memory.Skipped != "" {
		t.notes = []string{"Left out: " + r.Memory.Skipped + "."}
		return t
	}
	for _, m := range r.Memory.Sizes {
		t.rows = append(t.rows, []string{fmt.Sprint(m.MB), number(milliseconds(m.quota())), spreadText(m.InitMs),
			spreadText(m.FirstMs), spreadText(m.ThrottledColdMs), number(m.P50Us), number(m.P90Us), number(m.PerSecond),
			fmt.Sprintf("%.3f", m.DollarPerMillion)})
	}
	t.notes = []string{fmt.Sprintf("Recommended: %d MB. The most expensive invocation, the first one of an "+
		"environment, takes %s ms of CPU, which fits into the share of one period: with more memory it would not "+
		"be answered sooner. It was measured 0.1 s after init.",
		r.Memory.Recommended, number(r.Memory.FirstCPUMs))}
	return t
}

func (r *result) modelTable() table {
	t := table{
		title: "Cost and cache hits by load: 1,000 callers, result TTL 300 s",
		head: []string{"requests per second", "cache hits", "authorizer invocations per second",
			"environments, on average", "key set fetches per hour", "authorizer $ per month",
			"API Gateway $ per month"},
	}
	for _, m := range r.Model {
		t.rows = append(t.rows, []string{number(m.RequestsPerSecond), fmt.Sprintf("%.2f %%", 100*m.Hits),
			number(m.Invocations), number(m.Environments), fmt.Sprintf("≤ %.0f", m.Fetches),
			number(m.DollarPerMonth), number(m.GatewayPerMonth)})
	}
	return t
}

// number writes three significant digits, and no decimals from 100 on.
func number(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func spreadText(s spread) string {
	if s.Median == 0 {
		return "-"
	}
	return fmt.Sprintf("%s ± %s", number(s.Median), number((s.Q3-s.Q1)/2))
}

func ratio(s spread) string {
	if s.Median == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ± %.2f", s.Median, (s.Q3-s.Q1)/2)
}

// The lines of README.md between these two are written by bench -update.
const (
	readmeBegin = "<!-- bench: what follows is written by make bench UPDATE=1 -->\n"
	readmeEnd   = "<!-- bench: end -->\n"
)

// update writes the tables into README.md and the chart into result.svg, both in folder.
func (r *result) update(folder string) error {
	readme := filepath.Join(folder, "README.md")
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), readmeBegin)
	_, after, ok2 := strings.Cut(rest, readmeEnd)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no place for the tables: add these two lines where they belong:\n%s%s",
			readme, readmeBegin, readmeEnd)
	}
	chart, err := r.chart()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "result.svg"), chart, 0o644); err != nil {
		return err
	}
	return os.WriteFile(readme, []byte(before+readmeBegin+"\n"+r.markdown()+"\n"+readmeEnd+after), 0o644)
}
