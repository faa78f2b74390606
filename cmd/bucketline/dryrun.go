package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline"
)

// dryRun says what an upload would do, and does nothing of it: no request, and
// nothing is written.
type dryRun struct {
	config bucketline.Config
	left   map[place]bucketline.Unfinished // what earlier runs have left
	out    io.Writer
	err    io.Writer
	json   *machine // nil: for people
	quiet  bool

	files, failed int
	bytes         int64
}

func runDry(cmd *cobra.Command, f *outcomeFlags, config bucketline.Config, origins []origin, to destination) error {
	d := &dryRun{
		config: config, left: make(map[place]bucketline.Unfinished),
		out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), quiet: f.quiet,
	}
	if f.json {
		d.json = newMachine(d.out, nil)
	}
	if config.Journal != "" {
		for u, err := range bucketline.ListUnfinished(config.Journal) {
			if err == nil && u.Bucket == config.Bucket {
				d.left[place{u.Source, u.Object.Key}] = u
			}
		}
	}
	ctx, release := interruptible(cmd.Context())
	defer release()
	err := walk(ctx, origins, to, func(x found) error {
		d.visit(x)
		return nil
	})
	switch {
	case d.json != nil:
		d.json.write(record{Event: "summary", Bucket: config.Bucket, Files: &d.files, Size: &d.bytes, Failed: &d.failed})
	case !d.quiet:
		fmt.Fprintf(d.err, "would send %d files, %s; nothing was sent\n", d.files, sizeText(d.bytes))
	}
	switch {
	case errors.Is(err, errInterrupted):
		return exit{exitInterrupted, err}
	case err != nil:
		return err
	case d.failed > 0:
		return exit{exitUndone, nil}
	}
	return nil
}

func (d *dryRun) visit(x found) {
	size := int64(-1)
	err := x.err
	if err == nil && !x.stdin {
		size, err = sizeOf(x.name)
	}
	if err == nil {
		err = bucketline.Object{Key: x.key}.Validate()
	}
	var plan bucketline.Plan
	if err == nil && !x.stdin {
		var fits bool
		if plan, fits = d.config.Plan(size); !fits {
			err = &bucketline.Error{Name: x.name, Code: "FileTooLarge"}
		}
	}
	if err != nil {
		d.refuse(x, err)
		return
	}
	d.files++
	d.bytes += max(size, 0)
	d.tell(x, size, plan)
}

func sizeOf(name string) (int64, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errors.New("only regular files have a size to upload")
	}
	return info.Size(), nil
}

func (d *dryRun) refuse(x found, err error) {
	d.failed++
	if d.json != nil {
		d.json.failed(failure{x.name, x.key, err})
		return
	}
	sentence, _, _ := failure{err: err}.words()
	fmt.Fprintf(d.err, "cannot send %s: %s\n", show(x.name), show(sentence))
}

func (d *dryRun) tell(x found, size int64, plan bucketline.Plan) {
	left, resumes := d.left[placeOfFile(x.name, x.key)]
	if d.json != nil {
		r := record{Event: "plan", Source: x.name, Bucket: d.config.Bucket, Key: x.key, Parts: &plan.Parts, PartSize: plan.PartSize}
		if size >= 0 {
			r.Size = &size
		}
		if resumes {
			r.Name, r.StoredBytes, r.PartsStored = left.Name, &left.Stored, &left.PartsStored
		}
		d.json.write(r)
		return
	}
	if d.quiet {
		return
	}
	how := "in one request"
	switch {
	case size < 0:
		how = "as much as comes, in parts if it is much"
	case resumes:
		how = fmt.Sprintf("of which %s in %d of %d parts are stored already", sizeText(left.Stored), left.PartsStored, left.Parts)
	case plan.Parts > 0:
		how = fmt.Sprintf("in %d parts of %s", plan.Parts, sizeText(plan.PartSize))
	}
	text := ""
	if size >= 0 {
		text = sizeText(size) + " "
	}
	fmt.Fprintf(d.out, "would send %s to s3://%s/%s, %s%s\n", show(x.name), d.config.Bucket, show(x.key), text, how)
}
