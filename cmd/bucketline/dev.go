package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketline/bucketline/devstack"
)

const devLong = `Run an S3 store, an STS, an OIDC provider with two users, and the demo page,
in one process on 127.0.0.1, until interrupted.

Everything is forgotten at the end unless --data names a folder to keep it in.
For development only: the users' passwords are shown to everyone who asks.`

func newDev() *cobra.Command {
	var c devstack.Config
	var rate string
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a store, an STS, an OIDC provider and the demo page on this computer",
		Long:  devLong,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if c.Rate, err = parseRate(rate); err != nil {
				return usage(err)
			}
			for _, port := range []int{c.PagePort, c.S3Port, c.STSPort, c.IssuerPort} {
				if port < 0 || port > math.MaxUint16 {
					return usage(fmt.Errorf("port %d: it must be 0 to 65535", port))
				}
			}
			if !verbose {
				restore, err := mute()
				if err != nil {
					return err
				}
				defer restore()
			}
			c.Log = devLog(cmd.ErrOrStderr(), verbose)
			return runDev(cmd.Context(), c, cmd.OutOrStdout(), asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Data, "data", "", "keep the buckets in `DIR`")
	f.StringVar(&c.Bucket, "bucket", "photos", "`name` of the bucket")
	f.StringVar(&c.NoCORSBucket, "nocors-bucket", "", "`name` of a second bucket, without a CORS rule")
	f.StringVar(&c.Region, "region", "eu-central-1", "region of the store")
	f.StringArrayVar(&c.Origins, "origin", nil, "further page `URL` like http://127.0.0.1:5173 that may upload and sign in (repeatable)")
	f.IntVar(&c.PagePort, "port", 0, "`port` of the page (0: a free one)")
	f.IntVar(&c.S3Port, "s3-port", 0, "`port` of the store")
	f.IntVar(&c.STSPort, "sts-port", 0, "`port` of the STS")
	f.IntVar(&c.IssuerPort, "issuer-port", 0, "`port` of the OIDC provider")
	f.StringVar(&rate, "rate", "", "limit what the store receives to `SPEED` a second, like 500KB or 2MB")
	f.IntVar(&c.SessionSeconds, "session", 900, "`seconds` that the page's credentials live, 15 to 43200")
	f.DurationVar(&c.IDTokenLife, "id-token", 5*time.Minute, "`life` of an ID token")
	f.BoolVar(&c.TLS, "tls", false, "serve everything over https with a certificate made on the spot")
	f.BoolVar(&asJSON, "json", false, "print the endpoints as one line of JSON")
	f.BoolVar(&verbose, "verbose", false, "log requests to standard error")
	return cmd
}

// runDev runs the stack until SIGINT or SIGTERM.
func runDev(ctx context.Context, c devstack.Config, out io.Writer, asJSON bool) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	stack, err := devstack.Start(ctx, c)
	if errors.Is(err, devstack.ErrConfig) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(out).Encode(stack.Endpoints())
	} else {
		err = printEndpoints(out, stack.Endpoints(), c.Data)
	}
	if err == nil {
		<-ctx.Done()
	}
	stop() // a second interrupt ends the process at once
	if closing := stack.Close(); err == nil {
		err = closing
	}
	return err
}

func printEndpoints(out io.Writer, e devstack.Endpoints, data string) error {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "  %s\t%s\n", name, value)
		}
	}
	fmt.Fprintf(&text, "Open %s\n\n", e.Page)
	for _, u := range e.Users {
		row(u.Name, "password "+u.Password)
	}
	fmt.Fprintln(table)
	row("store", e.S3)
	row("bucket", e.Bucket+", also "+e.S3VirtualHost)
	row("without CORS", e.NoCORSBucket)
	row("region", e.Region)
	row("STS", e.STS)
	row("role", e.RoleARN)
	row("issuer", e.Issuer)
	row("client", e.ClientID+", on a loopback address "+e.CLIClientID)
	row("trust", e.CAFile)
	if data == "" {
		row("kept", "nothing (--data DIR keeps the buckets)")
	} else {
		row("kept", data)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	text.WriteString("\nCtrl+C stops it.\n")
	_, err := io.WriteString(out, text.String())
	return err
}

// mute hides what VersityGW writes to os.Stderr on its own, a red line for each
// upload that a client breaks off among it. main's error comes after restore.
func mute() (restore func(), err error) {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	shown := os.Stderr
	os.Stderr = nowhere
	return func() {
		os.Stderr = shown
		nowhere.Close()
	}, nil
}

// devLog is the log of --verbose, and also catches what the libraries log. The
// values of members whose names say that they are secret are replaced.
func devLog(out io.Writer, verbose bool) *slog.Logger {
	log := slog.New(slog.DiscardHandler)
	if verbose {
		log = slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: scrub}))
	}
	slog.SetDefault(log)
	return log
}

func scrub(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, secret := range []string{"token", "secret", "password", "code", "signature", "authorization", "verifier", "policy"} {
		if strings.Contains(name, secret) && a.Value.Kind() != slog.KindGroup {
			return slog.String(a.Key, "redacted")
		}
	}
	return a
}

// parseRate reads bytes a second: a number with KB, MB or GB behind it, which
// are powers of 1,000, or nothing for bytes. Empty text means no limit.
func parseRate(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit := strings.ToUpper(text), 1.0
	for _, u := range []struct {
		suffix string
		bytes  float64
	}{{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(n) || n*unit < 1 || n*unit > 1e12 {
		return 0, fmt.Errorf("rate %q: it must be like 500KB or 2MB", text)
	}
	return int64(n * unit), nil
}
