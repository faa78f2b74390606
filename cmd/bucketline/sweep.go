package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline"
)

const sweepLong = `Find the multipart uploads below a prefix that were begun long ago and never
ended, and abort them: what was sent of them takes room that is paid for, and is
seen in no list of objects. What "bucketline ls" lists is left alone.

An upload of another computer that is still at work looks the same: choose an
age that no upload reaches.

Exit status: 0 when all that were found were aborted, 1 when one was not, 2 when
the command was not understood, 130 when it was interrupted.`

// leastAge is the least that --older-than takes.
const leastAge = time.Hour

type sweepFlags struct {
	store   storeFlags
	journal journalFlag
	age     string
	json    bool
}

func newSweep() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:     "sweep s3://BUCKET/PREFIX",
		Short:   "Abort multipart uploads that were left behind long ago",
		Long:    sweepLong,
		Example: `  bucketline sweep s3://photos/users/alice/ --older-than 7d`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runSweep(cmd, &f, args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.age, "older-than", "7d", "least `AGE` of what is aborted, such as 36h or 7d; an hour is the least")
	f.store.registerPlace(flags)
	f.store.registerWay(flags)
	f.journal.register(flags)
	flags.BoolVar(&f.json, "json", false, "print one JSON object a line, for programs")
	return cmd
}

func runSweep(cmd *cobra.Command, f *sweepFlags, text string) error {
	from, err := parseDestination(text)
	if err != nil {
		return usage(err)
	}
	age, err := parseAge(f.age)
	if err != nil {
		return usage(fmt.Errorf("--older-than: %w", err))
	}
	config, err := f.store.configure(cmd.Flags(), nil)
	if err != nil {
		return usage(err)
	}
	if from.bucket != "" {
		config.Bucket = from.bucket
	}
	if config.Journal, err = f.journal.open(cmd.ErrOrStderr()); err != nil {
		return usage(err)
	}
	client, err := bucketline.New(config)
	if err != nil {
		return usage(err)
	}
	defer client.Suspend()
	ctx, release := interruptible(cmd.Context())
	defer release()
	out, m := cmd.OutOrStdout(), (*machine)(nil)
	if f.json {
		m = newMachine(out, nil)
	}
	aborted, failed := 0, 0
	for s, err := range client.Sweep(ctx, from.key, age) {
		switch {
		case errors.Is(err, errInterrupted):
			return exit{exitInterrupted, err}
		case err != nil:
			failed++
			tellSweepFailed(cmd, m, s, err)
			continue
		case m != nil:
			m.write(record{Event: "aborted", Bucket: config.Bucket, Key: s.Key, UploadID: s.UploadID})
		default:
			fmt.Fprintf(out, "aborted s3://%s/%s, upload %s\n", config.Bucket, show(s.Key), show(s.UploadID))
		}
		aborted++
	}
	if m != nil {
		m.write(record{Event: "summary", Bucket: config.Bucket, Aborted: &aborted, Failed: &failed})
	} else {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d aborted, %d not\n", aborted, failed)
	}
	if failed > 0 {
		return exit{exitUndone, nil}
	}
	return nil
}

func tellSweepFailed(cmd *cobra.Command, m *machine, s bucketline.Swept, err error) {
	if m != nil {
		r := record{Event: "failed", Key: s.Key, UploadID: s.UploadID}
		r.blame(err)
		m.write(r)
		return
	}
	sentence, detail, hint := failure{err: err}.words()
	what := "the list of uploads"
	if s.UploadID != "" {
		what = show(s.Key)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "not aborted: %s: %s\n    %s\n    %s\n", what, show(sentence), show(detail), hint)
}

// parseAge reads a duration that may be in days.
func parseAge(text string) (time.Duration, error) {
	age, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		if n > 100*365 {
			err = strconv.ErrRange
		}
		age = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || age < leastAge {
		return 0, fmt.Errorf("%q is no age of an hour or more: write it like 36h or 7d", text)
	}
	return age, nil
}
