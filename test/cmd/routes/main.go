// Command routes prints who may call what: the table of routes as the functions of a
// cloud assembly are told it. make routes starts it.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"accountapi/test/internal/routes"
)

func main() {
	if len(os.Args) != 2 {
		fail("want one argument: the folder of a cloud assembly")
	}
	table, err := routes.Read(os.Args[1])
	switch {
	case err != nil:
		fail(err)
	case len(table) == 0:
		fail(os.Args[1], "has no function with the variable ROUTES")
	}
	write(os.Stdout, table)
}

func fail(reason ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"routes:"}, reason...)...)
	os.Exit(1)
}

func write(to io.Writer, table []routes.Route) {
	w := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ROUTE\tWHO MAY CALL IT\tFUNCTION")
	for _, r := range table {
		callers := "a token with " + strings.Join(r.Scopes, " and ")
		switch {
		case r.Public:
			callers = "public"
		case len(r.Scopes) == 0:
			callers = "any token"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r, callers, r.Function)
	}
	w.Flush()
}
