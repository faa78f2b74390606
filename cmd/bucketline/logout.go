package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

func newLogout() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Remove what login keeps",
		Long: `Remove the login and its credentials from this computer.

At the store the credentials stay valid until they end; at the identity
provider the sign-in does, until it is ended there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogout(cmd.OutOrStdout()) },
	}
}

func runLogout(out io.Writer) error {
	name, err := loginFile()
	if err != nil {
		return err
	}
	// The lock beside it stays: another process may hold it.
	switch err = os.Remove(name); {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(out, "There was no login.")
		return nil
	case err != nil:
		return fmt.Errorf("remove the login: %w", err)
	}
	fmt.Fprintln(out, "The login is removed.")
	return nil
}
