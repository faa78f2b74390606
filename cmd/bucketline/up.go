package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/bucketline/bucketline"
)

const upLong = `Upload files, and folders with all that is in them, to a bucket.

Below s3://bucket/prefix/ a file is stored under its name, and what is in a
folder under its path in that folder. With one FILE and no slash at the end,
s3://bucket/key is the key itself; "%" and "+" in it stand for themselves.
"-" is standard input, which needs a key. A pattern in quotes, such as "*.jpg",
is expanded here.

What is interrupted is remembered, and the same command goes on with it: only
what the store does not have is sent. "bucketline ls" shows what is unfinished.

The credentials are temporary ones. They come from "bucketline login", which
renews them on the way, or from the environment: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION, which
"aws configure export-credentials --format env" prints. The environment comes
first.

The flags from --endpoint to --threshold can also be set in the environment,
as BUCKETLINE_ENDPOINT and so on. What is still missing comes from where the
credentials come from: the login, or AWS_REGION.
` + exitText

// exitText ends the help of every verb that uploads or cleans up.
const exitText = `
Exit status: 0 when everything was done, 1 when something was not, 2 when the
command was not understood, 3 when it was interrupted and can be gone on with,
130 when it was interrupted and nothing is kept.`

// upFlags are all the flags of up.
type upFlags struct {
	store    storeFlags
	object   objectFlags
	journal  journalFlag
	outcome  outcomeFlags
	resume   bool
	noResume bool
	dryRun   bool
	record   string
}

// outcomeFlags say how a command tells what it does.
type outcomeFlags struct {
	json  bool
	quiet bool
}

func (f *outcomeFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.json, "json", false, "print one JSON object a line, for programs")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only what went wrong")
}

func newUp() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up FILE|DIR|-… s3://BUCKET/PREFIX/",
		Short: "Upload files and folders to a bucket",
		Long:  upLong,
		Example: `  bucketline up video.mov s3://photos/users/alice/
  bucketline up --metadata album=summer photos/ s3://photos/users/alice/2026/
  tar c photos/ | bucketline up - s3://photos/users/alice/photos.tar
  bucketline up --endpoint http://127.0.0.1:9000 --path-style report.pdf s3://docs/q3.pdf`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("say what to upload and where to: bucketline up FILE|DIR… s3://BUCKET/PREFIX/ (--help tells more)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runUp(cmd, &f, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	f.store.registerPlace(flags)
	f.store.registerWay(flags)
	f.store.registerLoad(flags)
	f.object.register(flags)
	flags.BoolVar(&f.resume, "resume", true, "go on with what an earlier run has left, and remember what this one leaves")
	flags.BoolVar(&f.noResume, "no-resume", false, "begin anew, and abort what is not finished when this is interrupted")
	f.journal.register(flags)
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	flags.StringVar(&f.record, "record", "", "write what happens to a new `FILE`, without names, keys and secrets, for a report of a fault")
	f.outcome.register(flags)
	return cmd
}

// runUp puts together what the command line, the environment and the login
// say, and uploads.
func runUp(cmd *cobra.Command, f *upFlags, args []string) error {
	to, err := parseDestination(args[len(args)-1])
	if err != nil {
		return usage(err)
	}
	origins, err := parseOrigins(args[:len(args)-1], to)
	if err != nil {
		return usage(err)
	}
	object, err := f.object.parse()
	if err != nil {
		return usage(err)
	}
	if err := mayAsk(object.OnConflict); err != nil {
		return usage(err)
	}
	u := &upload{patience: f.store.patience(cmd.Flags())}
	u.config, err = f.store.configure(cmd.Flags(), u.note)
	if err != nil && !(f.dryRun && (errors.Is(err, errNoLogin))) {
		return usage(err)
	}
	if to.bucket == "" {
		to.bucket = u.config.Bucket
	}
	u.config.Bucket = to.bucket
	if f.resume && !f.noResume {
		if u.config.Journal, err = f.journal.open(cmd.ErrOrStderr()); err != nil {
			return usage(err)
		}
	}
	if f.dryRun {
		return runDry(cmd, &f.outcome, u.config, origins, to)
	}
	u.feed = func(ctx context.Context, visit func(found) error) error { return u.walkAll(ctx, origins, to, visit) }
	u.begin = func(ctx context.Context, c *bucketline.Client, x found) (*bucketline.Task, error) {
		o := object
		o.Key = x.key
		if x.stdin {
			return c.StartStream(ctx, cmd.InOrStdin(), o)
		}
		return c.StartFile(ctx, x.name, o)
	}
	u.show = func(client *bucketline.Client) display {
		return f.outcome.display(cmd, u, client, func(ctx context.Context) error { return u.measure(ctx, origins, to) })
	}
	if object.OnConflict == bucketline.ConflictAsk {
		u.ask = newAsker(os.Stdin, to.bucket, u.note)
	}
	if origins[0].stdin {
		u.config.Journal = "" // nobody could give it again
	}
	if f.record == "" {
		return u.run(cmd.Context())
	}
	recording := new(recordFile)
	if err := recording.create(f.record); err != nil {
		return usage(err)
	}
	u.config.Record = recording
	err = u.run(cmd.Context())
	recording.close(cmd.ErrOrStderr())
	return err
}

// mayAsk refuses to ask where nobody could answer.
func mayAsk(c bucketline.OnConflict) error {
	if c == bucketline.ConflictAsk && !(interactive(os.Stdin) && interactive(os.Stderr)) {
		return errors.New("--on-conflict ask needs a terminal to ask at: choose fail, skip, rename or replace")
	}
	return nil
}

func interactive(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// walkAll is walk, and says of a folder that there is nothing in it.
func (u *upload) walkAll(ctx context.Context, origins []origin, to destination, visit func(found) error) error {
	for _, o := range origins {
		empty := true
		err := walk(ctx, []origin{o}, to, func(f found) error {
			empty = false
			return visit(f)
		})
		if err != nil {
			return err
		}
		if empty {
			u.note(fmt.Sprintf("there are no files in %s: nothing of it is uploaded", show(o.name)))
		}
	}
	return nil
}

// measure counts all that there is to upload.
func (u *upload) measure(ctx context.Context, origins []origin, to destination) error {
	return walk(ctx, origins, to, func(f found) error {
		info, err := os.Stat(f.name)
		if err == nil && f.err == nil && info.Mode().IsRegular() {
			u.count(info.Size())
		}
		return nil
	})
}

// display chooses who an upload is shown to. total counts what there is, for
// who wants to know it beforehand.
func (f *outcomeFlags) display(cmd *cobra.Command, u *upload, client *bucketline.Client, total func(context.Context) error) display {
	out, err := cmd.OutOrStdout(), cmd.ErrOrStderr()
	switch {
	case f.json:
		return newMachine(out, client.Totals)
	case f.quiet:
		return quiet{err}
	case err == os.Stderr && interactive(os.Stderr):
		u.total = total
		b := newBars(err, client.Totals, u.counted)
		if interactive(os.Stdout) {
			return b
		}
		return both{b, &lines{out: out, err: io.Discard}}
	}
	return &lines{out: out, err: err}
}

// both shows bars on the terminal while standard output, which goes elsewhere,
// lists what was stored.
type both struct {
	*bars
	lines *lines
}

func (b both) stored(name string, r bucketline.Result) { b.lines.stored(name, r) }
