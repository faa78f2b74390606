package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/s3"
)

const resumeLong = `Go on with uploads that were interrupted: all that "bucketline ls" lists as
resumable, or those that are named, by the first characters of their names.

RECORD is a file that another program has exported, such as a page in a browser;
--source says where the file is that it is about. The file must be the same as
then, and each part that the store has is compared with it before it counts.

Where an upload goes is in its record. The credentials come from the environment
or from "bucketline login", as for "bucketline up". A condition such as
--if-none-match is not in the record: give --on-conflict again.
` + exitText

type resumeFlags struct {
	store    storeFlags
	journal  journalFlag
	outcome  outcomeFlags
	conflict conflictFlag
	source   string
	keyFile  string
}

func newResume() *cobra.Command {
	var f resumeFlags
	cmd := &cobra.Command{
		Use:   "resume [NAME…|RECORD]",
		Short: "Go on with interrupted uploads",
		Long:  resumeLong,
		Example: `  bucketline resume
  bucketline resume 5f2a
  bucketline resume video.bucketline --source ~/video.mov`,
		RunE: func(cmd *cobra.Command, args []string) error { return runResume(cmd, &f, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.source, "source", "", "`FILE` that the one upload is about, where it is elsewhere now")
	flags.StringVar(&f.keyFile, "sse-c-key-file", "", "`file` with the key of your own that the objects are encrypted with")
	flags.Var(&f.conflict, "on-conflict", "what to do where a key has got an object meanwhile: fail, skip, rename, replace or ask (default replace)")
	f.store.registerWay(flags)
	f.store.registerLoad(flags)
	f.journal.register(flags)
	f.outcome.register(flags)
	return cmd
}

func runResume(cmd *cobra.Command, f *resumeFlags, args []string) error {
	folder, err := f.journal.path()
	if err == nil {
		err = mayAsk(f.conflict.choice)
	}
	if err != nil {
		return usage(err)
	}
	list, err := f.pick(folder, args)
	if err != nil {
		return usage(err)
	}
	if len(list) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "There is nothing to go on with.")
		return nil
	}
	if f.keyFile != "" {
		key, err := readCustomerKey(f.keyFile)
		if err != nil {
			return usage(fmt.Errorf("--sse-c-key-file: %w", err))
		}
		for i := range list {
			if list[i].Object.SSE.Mode == s3.SSECustomer {
				list[i].Object.SSE.CustomerKey = key
			}
		}
	}
	var u *upload
	base, err := f.store.configure(cmd.Flags(), func(text string) { u.note(text) })
	if err != nil {
		return usage(err)
	}
	base.Journal = folder
	var worst error
	for _, g := range groups(base, list) {
		u = f.upload(cmd, g)
		err := u.run(cmd.Context())
		if errors.Is(err, errInterrupted) {
			return err
		}
		if exitStatus(err, true) > exitStatus(worst, true) {
			worst = err
		}
	}
	return worst
}

// pick returns what is to be gone on with: what args name, the exported record
// that they name, or everything that can be.
func (f *resumeFlags) pick(folder string, args []string) ([]bucketline.Unfinished, error) {
	if len(args) == 1 {
		if u, ok, err := exported(args[0]); ok || err != nil {
			return []bucketline.Unfinished{u}, err
		}
	}
	list, err := pick(folder, args, len(args) == 0)
	if err != nil {
		return nil, err
	}
	if f.source != "" && len(args) != 1 {
		return nil, errors.New("--source is about one upload: name it")
	}
	if len(args) > 0 {
		return list, nil
	}
	var able []bucketline.Unfinished
	for _, u := range list {
		if u.UploadID != "" && stateOf(&u, nil) == "resumable" {
			able = append(able, u)
		}
	}
	return able, nil
}

// maxExported bounds an exported record, in bytes.
const maxExported = 32 << 20

// exported reads a record that another program has written into a file; false
// when name is no file.
func exported(name string) (bucketline.Unfinished, bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return bucketline.Unfinished{}, false, nil
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxExported))
	if err != nil {
		return bucketline.Unfinished{}, true, err
	}
	u, err := bucketline.ReadUnfinished(data)
	if err != nil {
		return u, true, fmt.Errorf("%s: %w", name, err)
	}
	return u, true, nil
}

// upload goes on with the uploads of one group.
func (f *resumeFlags) upload(cmd *cobra.Command, g group) *upload {
	u := &upload{config: g.config, patience: f.store.patience(cmd.Flags())}
	u.feed = func(_ context.Context, visit func(found) error) error {
		for i := range g.list {
			x := &g.list[i]
			name := x.Source
			if f.source != "" {
				name = f.source
			}
			if err := visit(found{name: name, key: x.Object.Key, unfinished: x}); err != nil {
				return err
			}
		}
		return nil
	}
	u.begin = func(ctx context.Context, c *bucketline.Client, x found) (*bucketline.Task, error) {
		left := *x.unfinished
		if left.UploadID == "" {
			return nil, &bucketline.Error{Name: left.Name, Code: "RecordCorrupt"}
		}
		left.Object.OnConflict = f.conflict.choice
		if f.conflict.name == "fail" {
			left.Object.IfNoneMatch = "*"
		}
		return c.Resume(ctx, left, f.source)
	}
	u.show = func(client *bucketline.Client) display {
		return f.outcome.display(cmd, u, client, func(context.Context) error {
			for _, x := range g.list {
				u.count(x.Size)
			}
			return nil
		})
	}
	if f.conflict.choice == bucketline.ConflictAsk {
		u.ask = newAsker(os.Stdin, g.config.Bucket, u.note)
	}
	return u
}
