package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// clientSecret returns the secret from the environment, or asks for it.
func clientSecret(ctx context.Context, client string) (string, error) {
	if secret := os.Getenv("CLIENT_SECRET"); secret != "" {
		return secret, nil
	}
	terminal := int(os.Stdin.Fd())
	// Before the prompt, so that nothing that is typed is shown.
	before, err := term.MakeRaw(terminal)
	if err != nil {
		return "", errors.New("CLIENT_SECRET is not in the environment, and there is no terminal to ask for it: " +
			"call this as CLIENT_SECRET=… make token …")
	}
	type answer struct {
		secret string
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		keyboard := term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{os.Stdin, os.Stderr}, "")
		secret, err := keyboard.ReadPassword(fmt.Sprintf("secret of the client %s (it is not shown): ", client))
		answered <- answer{secret, err}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-ctx.Done():
		a.err = ctx.Err()
	}
	// In every case, so that the shell echoes again.
	if err := term.Restore(terminal, before); err != nil {
		return "", fmt.Errorf("restore the terminal: %w", err)
	}
	switch {
	case errors.Is(a.err, io.EOF):
		return "", errors.New("read the secret: interrupted")
	case a.err != nil:
		return "", fmt.Errorf("read the secret: %w", a.err)
	case a.secret == "":
		return "", errors.New("read the secret: nothing was entered")
	}
	return a.secret, nil
}
