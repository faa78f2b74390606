package main

import "github.com/spf13/cobra"

// newRoot is the command line: one subcommand for each verb. Errors are printed
// by main, once, and usage only for a mistake in using it.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "bucketline",
		Short:         "Upload straight to S3, with no upload server",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newDev())
	return root
}
