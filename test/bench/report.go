package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"text/tabwriter"
)

// table is a heading and rows, for the terminal and for the README.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

// text is all tables for the terminal.
func (r *result) text() string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "\n%s\n", r.Machine)
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
	return out.String()
}

// markdown is the tables that the README has room for.
func (r *result) markdown() string {
	var out strings.Builder
	for _, t := range []table{r.summaryTable(), r.algorithmTable(), r.memoryTable(), r.modelTable()} {
		fmt.Fprintf(&out, "**%s**\n\n", t.title)
		if len(t.rows) > 0 {
			fmt.Fprintf(&out, "| %s |\n|---%s|\n", strings.Join(t.head, " | "), strings.Repeat("|--:", len(t.head)-1))
		}
		for _, row := range t.rows {
			fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
		}
		for _, note := range t.notes {
			fmt.Fprintf(&out, "\n%s\n", note)
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "Measured in %s on %s.\n", r.Took, r.Machine)
	return out.String()
}

func (m machine) String() string {
	parts := []string{m.When.Format("2006-01-02"), m.System}
	if m.CPU != "" {
		parts = append(parts, m.CPU)
	}
	cores := fmt.Sprintf("%d cores", m.Cores)
	if m.Stolen > 0.01 {
		cores += fmt.Sprintf(" (the hypervisor gave %.0f %% of their time to others)", 100*m.Stolen)
	}
	parts = append(parts, cores, m.Go)
	if m.Node != "" {
		parts = append(parts, "Node.js "+m.Node)
	}
	return strings.Join(parts, ", ")
}

func (r *result) tables() []table {
	tables := []table{r.warmTable(), r.coldTable(), r.algorithmTable(), r.memoryTable()}
	tables = append(tables, r.growthTables()...)
	return append(tables, r.modelTable())
}

// label is a contestant with its libraries' versions.
func (r *row) label() string {
	if r.Kind == ours || r.Version == "" {
		return r.Name
	}
	names, versions := strings.Split(r.Name, " + "), strings.Split(r.Version, " + ")
	for i := range min(len(names), len(versions)) {
		names[i] += " " + strings.TrimPrefix(versions[i], "v")
	}
	return strings.Join(names, " + ")
}

// summaryTable is one line for each contestant, for those who read no other table.
func (r *result) summaryTable() table {
	t := table{
		title: "Side by side",
		head: []string{"", "warm call, µs", "× floor", "CPU × floor", "first answer over https, ms", "peak MB", "zipped MB",
			"fetches for 200 unknown keys", "new key accepted"},
	}
	for _, c := range r.Contestants {
		if c.Skipped != "" {
			t.notes = append(t.notes, fmt.Sprintf("%s was left out: %s", c.Name, c.Skipped))
			continue
		}
		fetches, rotated := c.stormText()
		name := c.label()
		if c.Kind == ours {
			name = "**" + name + "**"
		}
		t.rows = append(t.rows, []string{name, number(c.Warm.P50Us.Median), ratio(c.Warm.P50Ratio), ratio(c.Warm.CPURatio),
			spreadText(c.Cold["https"].AnswerMs), number(c.Warm.PeakMemoryMB), number(megabytes(c.ZippedBytes)), fetches, rotated})
	}
	t.notes = append(t.notes, growthNote(r.Growth)...)
	return t
}

// stormText says how many fetches a storm caused and whether a new key was taken then.
func (r *row) stormText() (fetches, rotated string) {
	if r.Kind == reference {
		return "", ""
	}
	fetches, rotated = fmt.Sprint(r.Storm.Fetches), "no"
	if r.Storm.Wrong > 0 {
		fetches += fmt.Sprintf(" (%d of %d not refused)", r.Storm.Wrong, r.Storm.Tokens)
	}
	if r.Storm.NewKey == allow {
		rotated = "at once"
	} else if r.Storm.NewKeyLater == allow {
		rotated = "a second later"
	}
	return fetches, rotated
}

// growthNote says in a sentence what three tables of the terminal say.
func growthNote(g growthResult) []string {
	return []string{"The authorizer grows by " + g.Keys.slopes() + ", by " + g.Tokens.slopes() + ", and by " + g.Callers.slopes() + "."}
}

// slopes says what one more costs, and whether that can be told from nothing: whether the
// whole table rises by more than its rounds differ.
func (t growthTable) slopes() string {
	text := fmt.Sprintf("%+.2f µs and %+.3f MB per %s", t.P50Line.Slope, t.MemoryLine.Slope, t.Unit)
	var noise float64
	for _, row := range t.Rows {
		noise = max(noise, (row.P50Us.Q3-row.P50Us.Q1)/2)
	}
	if n := len(t.Rows); n > 0 && math.Abs(t.P50Line.Slope)*(t.Rows[n-1].Size-t.Rows[0].Size) < noise {
		text += " (flat, within the noise)"
	}
	return text
}

func (r *result) warmTable() table {
	t := table{
		title: "Warm, and in a storm of unknown keys",
		head: []string{"", "p50 µs", "× floor", "p99 µs", "CPU µs", "× floor", "per second", "peak MB", "zip MB",
			"fetches in a storm", "new key accepted", "wrong verdicts"},
	}
	for _, c := range r.Contestants {
		if c.Skipped != "" {
			t.notes = append(t.notes, fmt.Sprintf("%s was left out: %s", c.Name, c.Skipped))
			continue
		}
		fetches, rotated := c.stormText()
		wrong := strings.Join(c.Wrong, ", ")
		if wrong == "" && c.Kind != reference {
			wrong = "none"
		}
		w := c.Warm
		t.rows = append(t.rows, []string{c.label(), number(w.P50Us.Median), ratio(w.P50Ratio), number(w.P99Us),
			number(w.CPUUs.Median), ratio(w.CPURatio), number(w.PerSecond.Median), number(w.PeakMemoryMB),
			number(megabytes(c.ZippedBytes)), fetches, rotated, wrong})
	}
	t.notes = append(t.notes, "× floor: the median over the rounds ± half the distance between the quartiles. "+
		"The floor is measured twice: how far it is from itself tells how exact these medians are.")
	if r.Quick {
		t.notes = append(t.notes, "A quick run is a first look: it zips builds for this machine, not the smaller ones for linux/arm64 "+
			"that are deployed, and is over before Node.js has compiled all it will.")
	}
	return t
}

func (r *result) coldTable() table {
	t := table{
		title: "Cold: from the start of the process to its first answer",
		head:  []string{"", "http ms", "https ms", "https +100 ms", "of https: init", "first invocation", "CPU", "peak MB"},
	}
	for _, c := range r.Contestants {
		if c.Skipped != "" {
			continue
		}
		line := []string{c.label()}
		for _, keys := range keySets {
			line = append(line, spreadText(c.Cold[keys.name].AnswerMs))
		}
		https := c.Cold["https"]
		t.rows = append(t.rows, append(line, number(https.InitMs.Median), number(https.FirstMs.Median),
			number(https.CPUMs.Median), number(https.PeakMemoryMB.Median)))
	}
	t.notes = []string{"Medians ± half the distance between the quartiles. References fetch no keys."}
	return t
}

func (r *result) algorithmTable() table {
	t := table{title: "Verification alone, × hash and crypto on the same bytes", head: []string{"", "RS256", "PS256", "ES256", "EdDSA"}}
	raw := []string{"crypto/* alone, µs"}
	for _, a := range r.Algorithms {
		raw = append(raw, number(a.RawUs))
	}
	t.rows = append(t.rows, raw)
	for _, name := range []string{authorizerVerifier, "golang-jwt", "jwx", "go-oidc", "go-jwt-middleware"} {
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
		head: []string{"MB", "CPU ms per 20 ms", "init at full speed, ms", "first invocation, ms", "start in the share, ms",
			"p50, one by one, µs", "p90", "per second, in a row", "$ per million"},
	}
	if r.Memory.Skipped != "" {
		t.notes = []string{"Left out: " + r.Memory.Skipped + "."}
		return t
	}
	for _, m := range r.Memory.Sizes {
		t.rows = append(t.rows, []string{fmt.Sprint(m.MB), number(milliseconds(m.quota())), spreadText(m.InitMs), spreadText(m.FirstMs),
			spreadText(m.ThrottledColdMs), number(m.P50Us), number(m.P90Us), number(m.PerSecond), fmt.Sprintf("%.3f", m.DollarPerMillion)})
	}
	t.notes = []string{fmt.Sprintf("Recommended: %d MB. The dearest call, the first one of an environment, takes %s ms of CPU, "+
		"which fits into the share of one period; with more memory it would be answered no sooner. "+
		"It comes a tenth of a second after init.",
		r.Memory.Recommended, number(r.Memory.FirstCPUMs.Median))}
	return t
}

func (r *result) growthTables() []table {
	var tables []table
	for _, g := range []growthTable{r.Growth.Keys, r.Growth.Tokens, r.Growth.Callers} {
		t := table{title: "The authorizer with more " + g.Unit, head: []string{g.Unit, "init ms", "p50 µs", "peak MB"}}
		for _, row := range g.Rows {
			t.rows = append(t.rows, []string{number(row.Size), number(row.InitMs), spreadText(row.P50Us), number(row.PeakMemoryMB)})
		}
		t.notes = []string{"Slopes: " + g.slopes() + "."}
		tables = append(tables, t)
	}
	return tables
}

func (r *result) modelTable() table {
	t := table{
		title: "Cost and cache hits by load: 1,000 callers, result TTL 300 s",
		head: []string{"requests per second", "cache hits", "simulated", "authorizer invocations per second", "environments",
			"key set fetches per hour", "authorizer $ per month", "API Gateway $ per month"},
	}
	for _, m := range r.Model {
		t.rows = append(t.rows, []string{number(m.RequestsPerSecond), fmt.Sprintf("%.2f %%", 100*m.Hits), fmt.Sprintf("%.2f %%", 100*m.HitsSimulated),
			number(m.Invocations), fmt.Sprint(m.Environments), fmt.Sprintf("≤ %.0f", m.Fetches), number(m.DollarPerMonth), number(m.GatewayPerMonth)})
	}
	return t
}

// number writes three significant digits, and none behind the point from 100 on.
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

// The README's lines between these two are written by bench -update.
const (
	readmeBegin = "<!-- bench: what follows is written by make bench UPDATE=1 -->\n"
	readmeEnd   = "<!-- bench: end -->\n"
)

// updateReadme replaces the tables in the README.
func (r *result) updateReadme(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), readmeBegin)
	_, after, ok2 := strings.Cut(rest, readmeEnd)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no place for the tables: put these two lines where they belong:\n%s%s", path, readmeBegin, readmeEnd)
	}
	return os.WriteFile(path, []byte(before+readmeBegin+"\n"+r.markdown()+"\n"+readmeEnd+after), 0o644)
}
