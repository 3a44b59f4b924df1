package jwks

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// With another list more authorities could be trusted than crypto/x509 trusts.
func TestBundlesAreThoseOfCryptoX509(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "src", "crypto", "x509", "root_linux.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(source), "var certFiles = []string{")
	list, _, _ = strings.Cut(list, "}")
	var want []string
	for _, file := range regexp.MustCompile(`(?m)^\s*"(.*?)"`).FindAllStringSubmatch(list, -1) {
		want = append(want, file[1])
	}
	if !slices.Equal(bundles, want) {
		t.Errorf("got the bundles\n%q, crypto/x509 of this Go has\n%q", bundles, want)
	}
}

// bundleTexts are texts with certificates, and with what may stand between them.
func bundleTexts() map[string]string {
	one, two := string(newAuthority().pem()), string(newAuthority().pem())
	begin, end := "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	return map[string]string{
		"nothing":                       "",
		"one":                           one,
		"two":                           one + two,
		"three, two of them the same":   one + two + one,
		"comments between":              "# one\n" + one + "\n# two: -----\n\n" + two + "# end",
		"no line end at the end":        one + strings.TrimSpace(two),
		"CRLF":                          strings.ReplaceAll(one+two, "\n", "\r\n"),
		"one LF, one CRLF":              one + strings.ReplaceAll(two, "\n", "\r\n"),
		"a blank after a line":          one + strings.Replace(two, "\n", " \n", 1),
		"a block in a comment":          one + "# " + strings.ReplaceAll(two, "\n", "\n# "),
		"a begin in a comment":          one + "# " + two,
		"a block with a header":         one + strings.Replace(two, "\n", "\nName: value\n\n", 1),
		"a block of another type":       one + strings.ReplaceAll(two, "CERTIFICATE", "TRUSTED CERTIFICATE"),
		"a block that is not base64":    strings.Replace(one, begin+"\n", begin+"\n*", 1) + two,
		"a block that ends in garbage":  strings.Replace(one, "\n"+end, "\n*\n"+end, 1) + two,
		"a block that is no DER":        begin + "\nAAAA\n" + end + "\n" + two,
		"an empty block":                begin + "\n\n" + end + "\n" + two,
		"an end on the begin's line":    begin + end + "\n" + two,
		"a block that does not end":     strings.Replace(one, end, "", 1) + two,
		"a block with another end line": strings.Replace(one, end, end+"-", 1) + two,
		"not PEM":                       "<html>",
	}
}

// sameAsCryptoX509 compares the certificates that are read with those of crypto/x509.
func sameAsCryptoX509(t *testing.T, text []byte) {
	want := x509.NewCertPool()
	wantOK := want.AppendCertsFromPEM(text)
	if got, ok := parseBundle(text); ok != wantOK || !got.Equal(want) {
		t.Errorf("got other certificates (%t) than AppendCertsFromPEM (%t) in\n%s", ok, wantOK, text)
	}
}

func TestABundleHasTheCertificatesThatCryptoX509Finds(t *testing.T) {
	for name, text := range bundleTexts() {
		t.Run(name, func(t *testing.T) { sameAsCryptoX509(t, []byte(text)) })
	}
	for _, file := range bundles {
		if text, err := os.ReadFile(file); err == nil {
			t.Run(file, func(t *testing.T) { sameAsCryptoX509(t, text) })
		}
	}
}

func FuzzBundle(f *testing.F) {
	for _, text := range bundleTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(sameAsCryptoX509)
}
