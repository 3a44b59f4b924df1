//go:build !linux

package main

import "errors"

// share needs Linux's cgroups.
type share struct{}

func newShare() (*share, error) { return nil, errors.New("this system has no cgroups") }

func (*share) set(float64) error                       { return errors.ErrUnsupported }
func (*share) launcher(string, string) (string, error) { return "", errors.ErrUnsupported }
func (*share) close() error                            { return nil }
