package console

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// palettes are the colours of the stylesheet by name: in the light, and in the dark.
func palettes(t *testing.T) (light, dark map[string][3]float64) {
	t.Helper()
	text, err := files.ReadFile("assets/console.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d palettes", len(blocks))
	}
	read := func(block string) map[string][3]float64 {
		out := map[string][3]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
			n, err := strconv.ParseUint(m[2], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			out[m[1]] = [3]float64{float64(n>>16&255) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}
		}
		return out
	}
	return read(blocks[0][1]), read(blocks[1][1])
}

// contrast is that of two colours (WCAG 2.2, 1.4.3).
func contrast(a, b [3]float64) float64 {
	luminance := func(c [3]float64) float64 {
		for i, v := range c {
			if v <= 0.04045 {
				c[i] = v / 12.92
			} else {
				c[i] = math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Text has a contrast of 4.5 on every ground that it stands on, what one has to see of controls 3 (WCAG AA).
func TestContrast(t *testing.T) {
	grounds := "bg panel sunk"
	pairs := map[string]string{"text": grounds + " bad-bg warn-bg ok-bg active-bg", "dim": grounds + " active-bg", "link": grounds, "on-main": "main", "ok": grounds + " ok-bg", "bad": grounds + " bad-bg", "warn": grounds + " warn-bg",
		"active": grounds + " active-bg", "idle": grounds + " idle-bg", "t-c": "panel sunk active-bg", "t-s": "panel sunk active-bg", "t-n": "panel sunk active-bg", "t-k": "panel sunk active-bg", "t-a": "panel sunk active-bg"}
	light, dark := palettes(t)
	for name, palette := range map[string]map[string][3]float64{"light": light, "dark": dark} {
		check := func(over, under string, least float64) {
			a, known := palette[over]
			b, ground := palette[under]
			if !known || !ground {
				t.Errorf("%s: no colour %s or %s", name, over, under)
			} else if got := contrast(a, b); got < least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", name, over, under, got, least)
			}
		}
		for over, unders := range pairs {
			for under := range strings.FieldsSeq(unders) {
				check(over, under, 4.5)
			}
		}
		for _, under := range []string{"bg", "panel"} {
			check("edge", under, 3)   // borders of controls, arrows
			check("active", under, 3) // the focus
		}
	}
	if got := contrast([3]float64{}, [3]float64{1, 1, 1}); math.Abs(got-21) > 0.01 {
		t.Errorf("black on white has %.2f", got)
	}
}

// Colours are named once: no rule has one of its own.
func TestColoursAreOfThePalette(t *testing.T) {
	text, err := files.ReadFile("assets/console.css")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`:root \{[^}]*\}`).ReplaceAllString(string(text), "")
	if found := regexp.MustCompile(`: [^;{}]*(#[0-9a-fA-F]{6}\b|rgb\(|hsl\()`).FindAllString(rules, -1); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if strings.Contains(rules, "url(") || strings.Contains(rules, "@import") {
		t.Error("the stylesheet asks for something else")
	}
}
