package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	// keyringService is what the system's own tools show our keys under.
	keyringService = "bucketline"

	// keyringPatience is for a person who has to unlock the keyring.
	keyringPatience = 45 * time.Second

	keyBytes = 32 // of AES-256
)

// errNoKey says that the keyring does not have the key.
var errNoKey = errors.New("the keyring does not have its key any more")

// keepKey puts a key into the system's keyring and looks whether it is there.
// 44 characters are small enough for each system: Windows takes 2,560 bytes,
// macOS about 3,000.
func keepKey(ctx context.Context, account string, key []byte) error {
	text := base64.StdEncoding.EncodeToString(key)
	_, err := askKeyring(ctx, func() (string, error) {
		return "", keyring.Set(keyringService, account, text)
	})
	if err != nil {
		return err
	}
	kept, err := findKey(ctx, account)
	if err == nil && string(kept) != string(key) {
		err = errors.New("it does not keep what it is given")
	}
	return err
}

func findKey(ctx context.Context, account string) ([]byte, error) {
	text, err := askKeyring(ctx, func() (string, error) {
		return keyring.Get(keyringService, account)
	})
	if errors.Is(err, keyring.ErrNotFound) {
		return nil, errNoKey
	}
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != keyBytes {
		return nil, errNoKey
	}
	return key, nil
}

func forgetKey(ctx context.Context, account string) error {
	_, err := askKeyring(ctx, func() (string, error) {
		return "", keyring.Delete(keyringService, account)
	})
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// askKeyring runs do, which may wait for a person who is not there.
func askKeyring(ctx context.Context, do func() (string, error)) (string, error) {
	if err := keyringThere(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, keyringPatience, fmt.Errorf("it has not answered for %v; it may wait to be unlocked", keyringPatience))
	defer cancel()
	return orEnd(ctx, do)
}

// orEnd is do, but no longer than ctx: for what knows no context.
func orEnd[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// keyringThere asks for what the keyring is reached through, where its absence
// would start a program: the D-Bus library launches a bus if it finds none.
func keyringThere() error {
	switch runtime.GOOS {
	case "darwin", "windows":
		return nil
	}
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return nil
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "bus")); err == nil {
			return nil
		}
	}
	return errors.New("there is no D-Bus session, and so no Secret Service")
}
