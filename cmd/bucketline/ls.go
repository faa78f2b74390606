package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline"
)

const lsLong = `List the uploads that were begun on this computer and have not ended: by what
name to call them, how far they are, and where from and where to.

States: "resumable" goes on with "bucketline resume"; "uploading" is at work in
another process; "source missing" and "source changed" cannot go on with their
file, and are aborted by "bucketline abort"; "damaged" is a record that cannot be
read.

Exit status: 0, or 2 when the command was not understood.`

// shortName is how many characters of a record's name tell it from others, for
// people. Fewer will do on the command line as long as they tell it too.
const shortName = 8

func newLs() *cobra.Command {
	var journal journalFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List unfinished uploads",
		Long:  lsLong,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := journal.path()
			if err != nil {
				return err
			}
			return runLs(folder, cmd.OutOrStdout(), asJSON)
		},
	}
	flags := cmd.Flags()
	journal.register(flags)
	flags.BoolVar(&asJSON, "json", false, "print one JSON object a line, for programs")
	return cmd
}

func runLs(folder string, out io.Writer, asJSON bool) error {
	m := newMachine(out, nil)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTORED\tSIZE\tAGE\tSTATE\tFROM\tTO")
	count := 0
	for u, err := range bucketline.ListUnfinished(folder) {
		if err != nil && u.Name == "" {
			return err
		}
		count++
		state := stateOf(&u, err)
		if asJSON {
			m.unfinished(&u, state)
			continue
		}
		if err != nil {
			fmt.Fprintf(table, "%s\t\t\t\t%s\t\t\n", u.Name[:shortName], state)
			continue
		}
		fmt.Fprintf(table, "%s\t%d %%\t%s\t%s\t%s\t%s\ts3://%s/%s\n", u.Name[:shortName], percent(u.Stored, u.Size),
			sizeText(u.Size), age(time.Since(u.Begun)), state, show(u.Source), u.Bucket, show(u.Object.Key))
	}
	switch {
	case asJSON:
		return nil
	case count == 0:
		_, err := fmt.Fprintln(out, "There are no unfinished uploads.")
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// stateOf says what can be done with u.
func stateOf(u *bucketline.Unfinished, err error) string {
	switch {
	case errors.Is(err, bucketline.ErrRecord):
		return "damaged"
	case err != nil:
		return "unreadable"
	case u.InUse:
		return "uploading"
	}
	info, err := os.Stat(u.Source)
	switch {
	case err != nil:
		return "source missing"
	case info.Size() != u.Size || !u.Modified.IsZero() && info.ModTime().UnixMilli() != u.Modified.UnixMilli():
		return "source changed"
	}
	return "resumable"
}

func percent(part, whole int64) int64 {
	if whole == 0 {
		return 100
	}
	return int64(float64(part) / float64(whole) * 100)
}

// age is how long ago, in the largest unit that says something.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
