package main

import (
	"bytes"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// panel is one figure of all contestants.
type panel struct {
	title  string
	figure func(*row) spread
}

func withoutSpread(v float64) spread { return spread{v, v, v} }

var panels = []panel{
	{"p50, warm, × floor", func(r *row) spread { return r.Warm.P50Ratio }},
	{"CPU, warm, × floor", func(r *row) spread { return r.Warm.CPURatio }},
	{"first answer, https at 20 ms", func(r *row) spread {
		if r.Cold == nil {
			return spread{}
		}
		return r.Cold[asDeployed].AnswerMs
	}},
	{"peak memory, warm, MB", func(r *row) spread { return withoutSpread(r.Warm.PeakMemoryMB) }},
}

var (
	ourColor       = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	peerColor      = color.RGBA{R: 0xb0, G: 0xb7, B: 0xbf, A: 0xff}
	referenceColor = color.RGBA{R: 0xe3, G: 0xe6, B: 0xe9, A: 0xff}
)

// chart draws a panel for each figure, a bar for each contestant, as SVG.
func (r *result) chart() ([]byte, error) {
	var rows []*row
	for _, c := range slices.Backward(r.Contestants) { // the first one on top
		if c.Skipped == "" && c.Name != "floor again" {
			rows = append(rows, c)
		}
	}
	plots := make([]*plot.Plot, len(panels))
	for n, p := range panels {
		var err error
		if plots[n], err = p.draw(rows, n == 0); err != nil {
			return nil, err
		}
	}
	// The first panel has the names beside it; the bars of all are equally long.
	const names, bars = 4.5 * vg.Centimeter, 5 * vg.Centimeter
	const gap, height = 0.5 * vg.Centimeter, 8.5 * vg.Centimeter
	width := names + vg.Length(len(plots))*(bars+gap)
	canvas := vgsvg.New(width, height)
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	for n, p := range plots {
		left := names + vg.Length(n)*(bars+gap)
		if n == 0 {
			left = gap // room for names in a wider font
		}
		right := width - names - vg.Length(n+1)*(bars+gap) + gap
		p.Draw(draw.Crop(all, left, -right, gap/2, -gap/2))
	}
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	// Arial and Helvetica are as wide as Liberation Sans, for readers without that font.
	return bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif")), nil
}

func (p panel) draw(rows []*row, named bool) (*plot.Plot, error) {
	chart := plot.New()
	chart.Title.Text = p.title
	chart.Title.Padding = 4
	sans := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 9}
	for _, style := range []*draw.TextStyle{&chart.Title.TextStyle, &chart.X.Tick.Label, &chart.Y.Tick.Label} {
		style.Font = sans
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		if named {
			names[i] = r.Name
		}
	}
	chart.NominalY(names...)
	chart.X.Min = 0
	for place, r := range rows {
		s := p.figure(r)
		bar, err := plotter.NewBarChart(plotter.Values{s.Median}, 11)
		if err != nil {
			return nil, err
		}
		bar.Horizontal, bar.XMin, bar.LineStyle.Width = true, float64(place), 0
		bar.Color = map[kind]color.Color{ours: ourColor, peer: peerColor, reference: referenceColor}[r.Kind]
		end := plotter.XYs{{X: s.Q3, Y: float64(place)}}
		label, err := plotter.NewLabels(plotter.XYLabels{XYs: end, Labels: []string{figureText(s.Median)}})
		if err != nil {
			return nil, err
		}
		label.TextStyle[0].Font = sans
		label.TextStyle[0].YAlign = draw.YCenter
		label.Offset.X = 4
		quartiles, err := plotter.NewLine(plotter.XYs{{X: s.Q1, Y: float64(place)}, {X: s.Q3, Y: float64(place)}})
		if err != nil {
			return nil, err
		}
		chart.Add(bar, quartiles, label)
		chart.X.Max = max(chart.X.Max, 1.3*s.Q3) // room for the label
	}
	return chart, nil
}

func figureText(v float64) string {
	if v == 0 {
		return "not measured"
	}
	return number(v)
}
