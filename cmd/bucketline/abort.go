package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline"
)

const abortLong = `Abort unfinished uploads at the store, so that what was sent of them takes no
room there, and forget them: those that are named, by the first characters of
their names in "bucketline ls", or with --all every one.

What cannot be aborted stays in the list. A damaged record is put out of the
way; what it was about can be found by "bucketline sweep".

Exit status: 0 when all were aborted, 1 when one was not, 2 when the command was
not understood, 130 when it was interrupted.`

type abortFlags struct {
	store   storeFlags
	journal journalFlag
	all     bool
	json    bool
}

func newAbort() *cobra.Command {
	var f abortFlags
	cmd := &cobra.Command{
		Use:   "abort NAME…|--all",
		Short: "Abort unfinished uploads and forget them",
		Long:  abortLong,
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) > 0) == f.all {
				return errors.New(`say what to abort: names from "bucketline ls", or --all`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runAbort(cmd, &f, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.all, "all", false, "abort every unfinished upload that is not at work")
	f.store.registerWay(flags)
	f.journal.register(flags)
	flags.BoolVar(&f.json, "json", false, "print one JSON object a line, for programs")
	return cmd
}

func runAbort(cmd *cobra.Command, f *abortFlags, args []string) error {
	folder, err := f.journal.path()
	if err != nil {
		return usage(err)
	}
	list, err := pick(folder, args, f.all)
	if err != nil {
		return usage(err)
	}
	if len(list) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "There are no unfinished uploads.")
		return nil
	}
	base, err := f.store.configure(cmd.Flags(), nil)
	if err != nil {
		return usage(err)
	}
	base.Journal = folder
	ctx, release := interruptible(cmd.Context())
	defer release()
	a := aborting{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), all: f.all}
	if f.json {
		a.json = newMachine(a.out, nil)
	}
	list = a.putAside(folder, list)
	for _, g := range groups(base, list) {
		if err := a.group(ctx, g); err != nil {
			return err
		}
	}
	if a.json != nil {
		a.json.write(record{Event: "summary", Aborted: &a.aborted, Failed: &a.failed})
	}
	if a.failed > 0 {
		return exit{exitUndone, nil}
	}
	return nil
}

// aborting is one run of abort.
type aborting struct {
	out, err io.Writer
	json     *machine // nil: for people
	all      bool
	aborted  int
	failed   int
}

// putAside puts damaged records out of the way and returns the others.
func (a *aborting) putAside(folder string, list []bucketline.Unfinished) []bucketline.Unfinished {
	return slices.DeleteFunc(list, func(u bucketline.Unfinished) bool {
		if u.UploadID != "" {
			return false
		}
		err := bucketline.PutAside(folder, u.Name)
		if err == nil {
			err = &bucketline.Error{Name: u.Name, Code: "RecordCorrupt"}
		}
		a.tell(&u, err)
		return true
	})
}

func (a *aborting) group(ctx context.Context, g group) error {
	client, err := bucketline.New(g.config)
	if err != nil {
		return usage(err)
	}
	defer client.Suspend()
	for i := range g.list {
		u := &g.list[i]
		if a.all && u.InUse {
			continue
		}
		err := client.Abort(ctx, u.Name)
		if ctx.Err() != nil {
			return exit{exitInterrupted, context.Cause(ctx)}
		}
		a.tell(u, err)
	}
	return nil
}

func (a *aborting) tell(u *bucketline.Unfinished, err error) {
	if err != nil {
		a.failed++
	} else {
		a.aborted++
	}
	switch {
	case a.json != nil && err != nil:
		r := record{Event: "failed", Name: u.Name, Source: u.Source, Key: u.Object.Key}
		r.blame(err)
		a.json.write(r)
	case a.json != nil:
		a.json.write(record{Event: "aborted", Name: u.Name, Source: u.Source, Bucket: u.Bucket, Key: u.Object.Key, UploadID: u.UploadID})
	case err != nil:
		sentence, detail, hint := failure{err: err}.words()
		fmt.Fprintf(a.err, "not aborted %s %s: %s\n    %s\n    %s\n", u.Name[:shortName], show(u.Source), show(sentence), show(detail), hint)
	default:
		fmt.Fprintf(a.out, "aborted %s %s to s3://%s/%s\n", u.Name[:shortName], show(u.Source), u.Bucket, show(u.Object.Key))
	}
}
