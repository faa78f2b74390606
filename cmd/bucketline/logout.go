package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func newLogout() *cobra.Command {
	var local bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the sign-in, and remove what login keeps",
		Long: `Revoke the sign-in at the identity provider, where it can be revoked, and remove
the login, its credentials and its key from this computer.

At the store the credentials stay valid until they end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runLogout(cmd.Context(), cmd.OutOrStdout(), local)
		},
	}
	cmd.Flags().BoolVar(&local, "local", false, "revoke nothing: only remove what is on this computer")
	return cmd
}

func runLogout(ctx context.Context, out io.Writer, local bool) error {
	name, err := loginFile()
	if err != nil {
		return err
	}
	ctx, release := interruptible(ctx)
	defer release()
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(out, "There was no login.")
		return nil
	}
	// Else a process that renews the login now would bring it back. The lock
	// stays: another process may wait for it.
	unlock, err := lockLogin(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	_, text, _ := readLoginText(name)
	login, unread := readLogin(ctx, name)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the login: %w", err)
	}
	if text.Key != "" {
		if err := forgetKey(ctx, text.Key); err != nil {
			fmt.Fprintf(out, "The key stays in this computer's keyring (%v); without the login it opens nothing.\n", err)
		}
	}
	fmt.Fprintln(out, "The login is removed.")
	if end := login.secrets.Credentials.Expiration; end.After(time.Now()) {
		fmt.Fprintf(out, "At the store its credentials stay valid until %s.\n", end.Local().Format(time.DateTime))
	}
	switch {
	case local:
		return nil
	case unread != nil:
		return fmt.Errorf("the sign-in could not be revoked, as the login could not be read: %w", unread)
	case login.secrets.RefreshToken == "":
		return nil // what there was ends by itself
	}
	if err := revoke(ctx, &login); err != nil {
		return fmt.Errorf("the sign-in could not be revoked, so end it at the provider: %w", err)
	}
	fmt.Fprintf(out, "The sign-in at %s is revoked.\n", login.Issuer)
	return nil
}

// revoke ends the refresh token, and with it what it was given for (RFC 7009,
// section 2.1).
func revoke(ctx context.Context, login *savedLogin) error {
	p, err := newProvider(ctx, login)
	if err != nil {
		return err
	}
	defer p.close()
	if p.known.Revocation == "" {
		return p.wrong(ctx, "revoke at", wordedError{"it names no revocation_endpoint"})
	}
	form := url.Values{"token": {login.secrets.RefreshToken}, "token_type_hint": {"refresh_token"}}
	if _, err := p.post(ctx, p.known.Revocation, form); err != nil {
		return p.wrong(ctx, "revoke at", err)
	}
	return nil
}
