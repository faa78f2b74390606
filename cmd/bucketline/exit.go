package main

import "errors"

// The exit statuses.
const (
	exitUndone      = 1   // something was not done
	exitUsage       = 2   // the command was not understood
	exitKept        = 3   // interrupted; what was begun is kept, and can be gone on with
	exitInterrupted = 130 // interrupted, and nothing is kept
)

// exit is an error with the exit status that it stands for. Its error, if any,
// has not been told yet.
type exit struct {
	status int
	err    error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// usage is a mistake in using the command.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return exit{exitUsage, err}
}

// exitStatus is what the process ends with after err; ran tells whether a verb
// was begun.
func exitStatus(err error, ran bool) int {
	var e exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.status
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case !ran:
		return exitUsage
	}
	return exitUndone
}
