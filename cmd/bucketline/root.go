package main

import "github.com/spf13/cobra"

// newRoot is the command line: one subcommand for each verb. Errors are printed
// by main, once. ran tells whether a verb was begun, so that an error before it
// is a mistake in using the command.
func newRoot(ran *bool) *cobra.Command {
	root := &cobra.Command{
		Use:              "bucketline",
		Short:            "Upload straight to S3, with no upload server",
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: func(*cobra.Command, []string) { *ran = true },
	}
	root.AddCommand(
		newUp(),
		newResume(),
		newLs(),
		newAbort(),
		newSweep(),
		newLogin(),
		newLogout(),
		newWhoami(),
		newSim(),
		newDev(),
		newIssuer(),
	)
	return root
}
