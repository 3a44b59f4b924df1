package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// raised returns the alarms that are raised by what happens in 15 minutes. It models what
// CloudWatch does with metric filters and alarms as far as this stack uses them.
func raised(t *testing.T, tpl template, minutes map[int]happening) []string {
	t.Helper()
	series := map[string]map[int][]float64{} // metric to minute to values
	add := func(metric string, minute int, value float64) {
		if series[metric] == nil {
			series[metric] = map[int][]float64{}
		}
		series[metric][minute] = append(series[metric][minute], value)
	}
	for minute, h := range minutes {
		for metric, value := range h.metrics {
			add(metric, minute, value)
		}
		for _, filter := range tpl.ofType("AWS::Logs::MetricFilter") {
			transformation := filter.Properties["MetricTransformations"].([]any)[0].(map[string]any)
			metric := fmt.Sprintf("%v %v", transformation["MetricNamespace"], transformation["MetricName"])
			for _, line := range linesOf(t, h, render(filter.Properties["LogGroupName"])) {
				if matchesPattern(t, filter.Properties["FilterPattern"].(string), line) {
					add(metric, minute, 1)
				}
			}
		}
	}
	var names []string
	for _, alarm := range tpl.ofType("AWS::CloudWatch::Alarm") {
		if isRaised(t, alarm.Properties, series) {
			names = append(names, strings.TrimPrefix(render(alarm.Properties["AlarmName"]), apiName+"-prod-"))
		}
	}
	slices.Sort(names)
	return names
}

// linesOf returns what is written to a log group, as JSON objects.
func linesOf(t *testing.T, h happening, group string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	parse := func(text string) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	switch group {
	case "${AuthorizerLogs}":
		for _, text := range h.platform {
			parse(text)
		}
	case "${AccessLogs}":
		for _, fields := range h.access {
			// API Gateway writes - for a value that is missing.
			text := regexp.MustCompile(`"\$context[^"]*"`).ReplaceAllString(accessLogFormat(), `"-"`)
			for name, value := range fields {
				if !strings.Contains(text, `"`+name+`":"-"`) {
					t.Fatalf("the access log has no field %s", name)
				}
				text = strings.Replace(text, `"`+name+`":"-"`, `"`+name+`":"`+value+`"`, 1)
			}
			parse(text)
		}
	default:
		t.Fatalf("a metric filter reads %s", group)
	}
	return lines
}

// isRaised says whether the alarm is raised at the end of any minute.
func isRaised(t *testing.T, alarm map[string]any, series map[string]map[int][]float64) bool {
	t.Helper()
	if alarm["ComparisonOperator"] != "GreaterThanOrEqualToThreshold" || alarm["TreatMissingData"] != "notBreaching" {
		t.Fatalf("the model does not know %v, %v", alarm["ComparisonOperator"], alarm["TreatMissingData"])
	}
	metrics := []map[string]any{alarm}
	if list, ok := alarm["Metrics"].([]any); ok {
		metrics = nil
		for _, item := range list {
			query := item.(map[string]any)
			if expression, ok := query["Expression"].(string); ok {
				if !regexp.MustCompile(`^FILL\(\w+, 0\)( \+ FILL\(\w+, 0\))*$`).MatchString(expression) {
					t.Fatalf("the model does not know %s", expression)
				}
				continue
			}
			stat := query["MetricStat"].(map[string]any)
			metric := stat["Metric"].(map[string]any)
			metric["Period"], metric["Statistic"] = stat["Period"], stat["Stat"]
			metrics = append(metrics, metric)
		}
	}
	periods, of := int(alarm["EvaluationPeriods"].(float64)), int(alarm["DatapointsToAlarm"].(float64))
	period := int(metrics[0]["Period"].(float64)) / 60
	for end := period; end <= 15; end += period {
		breaching := 0
		for i := range periods {
			sum, found := 0., false
			for _, metric := range metrics {
				value, ok := statistic(t, metric, series[metricName(metric)], end-(i+1)*period, end-i*period)
				sum, found = sum+value, found || ok
			}
			if found && sum >= alarm["Threshold"].(float64) {
				breaching++
			}
		}
		if breaching >= of {
			return true
		}
	}
	return false
}

// metricName writes a metric as happening.metrics does.
func metricName(metric map[string]any) string {
	name := fmt.Sprintf("%v %v", metric["Namespace"], metric["MetricName"])
	dimensions, _ := metric["Dimensions"].([]any)
	for _, item := range dimensions {
		dimension := item.(map[string]any)
		switch value := render(dimension["Value"]); {
		case metric["Namespace"] == apiName && dimension["Name"] != "FunctionName":
			name += fmt.Sprintf(" %v=%s", dimension["Name"], value)
		case metric["Namespace"] == "AWS/Lambda":
			name += " of " + strings.Trim(value, "${}")
		}
	}
	return name
}

// statistic returns a statistic of the values from one minute to another.
func statistic(t *testing.T, metric map[string]any, values map[int][]float64, from, to int) (float64, bool) {
	t.Helper()
	var all []float64
	for minute := from; minute < to; minute++ {
		all = append(all, values[minute]...)
	}
	if len(all) == 0 {
		return 0, false
	}
	name, _ := metric["Statistic"].(string)
	if name == "" {
		name, _ = metric["ExtendedStatistic"].(string)
	}
	switch name {
	case "Sum":
		sum := 0.
		for _, value := range all {
			sum += value
		}
		return sum, true
	case "Maximum", "p99":
		return slices.Max(all), true
	}
	t.Fatalf("the model does not know the statistic %s", name)
	return math.NaN(), false
}

// matchesPattern evaluates a JSON filter pattern of CloudWatch Logs: comparisons of
// strings by = and !=, with && and || and parentheses. A field that is missing matches
// nothing.
func matchesPattern(t *testing.T, pattern string, line map[string]any) bool {
	t.Helper()
	tokens := regexp.MustCompile(`&&|\|\||!=|[{}()=]|\$[\w.]+|"[^"]*"`).FindAllString(pattern, -1)
	if len(tokens) < 3 || tokens[0] != "{" || tokens[len(tokens)-1] != "}" {
		t.Fatalf("%s is not a JSON filter pattern", pattern)
	}
	tokens = tokens[1 : len(tokens)-1]
	next := func() string {
		token := tokens[0]
		tokens = tokens[1:]
		return token
	}
	var either func() bool
	comparison := func() bool {
		if tokens[0] == "(" {
			next()
			defer next()
			return either()
		}
		path, operator, operand := next(), next(), strings.Trim(next(), `"`)
		if strings.Contains(operand, "*") && operator == "!=" {
			t.Fatalf("%s: write the values out, because AWS does not document != with a quoted wildcard", pattern)
		}
		var value any = line
		for _, name := range strings.Split(strings.TrimPrefix(path, "$."), ".") {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		text, ok := value.(string)
		wildcard := "^" + strings.ReplaceAll(regexp.QuoteMeta(operand), `\*`, ".*") + "$"
		return ok && regexp.MustCompile(wildcard).MatchString(text) == (operator == "=")
	}
	all := func() bool {
		result := comparison()
		for len(tokens) > 0 && tokens[0] == "&&" {
			next()
			right := comparison()
			result = result && right
		}
		return result
	}
	either = func() bool {
		result := all()
		for len(tokens) > 0 && tokens[0] == "||" {
			next()
			right := all()
			result = result || right
		}
		return result
	}
	result := either()
	if len(tokens) > 0 {
		t.Fatalf("%s: the model does not know the rest: %v", pattern, tokens)
	}
	return result
}
