package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func newWhoami() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Show who is signed in, where, and until when",
		Long: `Show who is signed in, where, and until when. It asks nobody: what it says is
what the last sign-in or renewal left on this computer.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runWhoami(cmd.Context(), cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, for programs")
	return cmd
}

// identity is what whoami --json prints. docs/cli.md describes it.
type identity struct {
	Event       string    `json:"event"`
	Subject     string    `json:"subject"`
	Name        string    `json:"name,omitempty"`
	Issuer      string    `json:"issuer"`
	ClientID    string    `json:"clientId"`
	RoleARN     string    `json:"roleArn,omitempty"`
	Endpoint    string    `json:"endpoint,omitempty"`
	Bucket      string    `json:"bucket,omitempty"`
	Credentials time.Time `json:"credentialsUntil"`
	Renewable   bool      `json:"renewable"`
	SignIn      time.Time `json:"signInUntil,omitzero"` // where nothing renews it
	Kept        string    `json:"kept"`                 // "keyring" or "file"
	File        string    `json:"file"`
}

func runWhoami(ctx context.Context, out io.Writer, asJSON bool) error {
	name, err := loginFile()
	if err != nil {
		return err
	}
	login, err := readLogin(ctx, name)
	switch {
	case errors.Is(err, errNoLogin):
		return errors.New(`nobody is signed in here: sign in with "bucketline login"`)
	case err != nil:
		return err
	}
	id := identity{
		Event: "identity", Subject: login.Subject, Name: login.Name, Issuer: login.Issuer, ClientID: login.ClientID,
		RoleARN: login.RoleARN, Endpoint: login.Endpoint, Bucket: login.Bucket,
		Credentials: login.secrets.Credentials.Expiration, Renewable: login.secrets.RefreshToken != "",
		Kept: keepFile, File: name,
	}
	if !id.Renewable {
		id.SignIn = login.IDTokenExpiration
	}
	if login.account != "" {
		id.Kept = keepKeyring
	}
	if asJSON {
		return json.NewEncoder(out).Encode(id)
	}
	return id.print(out, login.who(), login.secrets.Credentials.lasts(time.Now()))
}

func (id *identity) print(out io.Writer, who string, lasts bool) error {
	credentials := "until " + id.Credentials.Local().Format(time.DateTime)
	switch {
	case !lasts && id.Renewable:
		credentials = "ended at " + id.Credentials.Local().Format(time.DateTime) + "; the next upload gets new ones"
	case !lasts:
		credentials = "ended at " + id.Credentials.Local().Format(time.DateTime)
	}
	signIn := "renewed by itself"
	switch {
	case !id.Renewable && id.SignIn.IsZero():
		signIn = "as long as its ID token; then sign in again"
	case !id.Renewable:
		signIn = "until " + id.SignIn.Local().Format(time.DateTime) + "; then sign in again"
	}
	kept := id.File + ", which only you can read"
	if id.Kept == keepKeyring {
		kept = id.File + ", sealed with a key in this computer's keyring"
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"signed in as", who}, {"at", show(id.Issuer)}, {"client", show(id.ClientID)}, {"role", show(id.RoleARN)},
		{"store", show(id.Endpoint)}, {"bucket", show(id.Bucket)}, {"sign-in", signIn}, {"credentials", credentials}, {"kept in", kept},
	} {
		if row[1] != "" {
			fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
		}
	}
	return table.Flush()
}
