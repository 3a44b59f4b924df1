// Command routes prints who may call what: the table of routes in the variable ROUTES of
// the functions of a cloud assembly. make routes starts it. With -call and the URL of the
// API it prints how to call the first route, as make deploy does.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"accountapi/test/internal/routes"
)

func main() {
	url := flag.String("call", "", "print how to call the first route of the API with this `URL`")
	flag.Parse()
	if flag.NArg() != 1 {
		fail("want one argument: the folder of a cloud assembly")
	}
	folder := flag.Arg(0)
	functions, err := routes.ReadFunctions(folder)
	if err != nil {
		fail(err)
	}
	table, err := routes.Read(folder)
	switch {
	case err != nil:
		fail(err)
	case len(table) == 0:
		fail(folder, "has no function with the variable ROUTES")
	case *url != "":
		fmt.Println(table[0].Curl(*url, "$TOKEN"))
	default:
		write(os.Stdout, functions)
	}
}

func fail(reason ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"routes:"}, reason...)...)
	os.Exit(1)
}

func write(to io.Writer, functions []routes.Function) {
	w := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ROUTE\tWHO MAY CALL IT\tFUNCTION")
	for _, f := range functions {
		for _, r := range f.Routes {
			callers := "a token with " + strings.Join(r.Scopes, " and ")
			switch {
			case r.Public:
				callers = "public"
			case len(r.Scopes) == 0:
				callers = "any token"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", r, callers, f.Name)
		}
	}
	w.Flush()
}
