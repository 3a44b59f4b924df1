package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// clientSecret takes the secret from the environment, or asks for it.
func clientSecret(ctx context.Context, client string) (string, error) {
	if secret := os.Getenv("CLIENT_SECRET"); secret != "" {
		return secret, nil
	}
	terminal := int(os.Stdin.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", errors.New("CLIENT_SECRET is not in the environment, and there is no terminal to ask for it: call this as CLIENT_SECRET=… make token …")
	}
	fmt.Fprintf(os.Stderr, "secret of the client %s (it is not shown): ", client)
	type answer struct {
		secret []byte
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		secret, err := term.ReadPassword(terminal)
		answered <- answer{secret, err}
	}()
	select {
	case a := <-answered:
		fmt.Fprintln(os.Stderr)
		if a.err == nil && len(a.secret) == 0 {
			a.err = errors.New("nothing was entered")
		}
		if a.err != nil {
			return "", fmt.Errorf("read the secret: %w", a.err)
		}
		return string(a.secret), nil
	case <-ctx.Done():
		// The shell would be left without an echo.
		fmt.Fprintln(os.Stderr)
		return "", errors.Join(errors.New("interrupted"), term.Restore(terminal, before))
	}
}
