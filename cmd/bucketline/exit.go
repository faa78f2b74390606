package main

import "errors"

// exit is an error with the exit status that it stands for: 1 when something
// was not done, 2 when the command was not understood, 130 when it was
// interrupted. Its error, if any, has not been told yet.
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
	return exit{2, err}
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
		return 130
	case !ran:
		return 2
	}
	return 1
}
