package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline/internal/jsonobject"
)

const (
	issuerVariables = "BUCKETLINE_ISSUER_"

	// r2TokenName is the one thing that is given by the environment, or by a file
	// of its own, and by no flag: a command line is read by all who can list
	// processes.
	r2TokenName = issuerVariables + "R2_TOKEN"

	maxConfigBytes = 64 << 10
)

// gather sets the flags that were not given from the variables of environ, and
// what is left from the file that --config, or its variable, names.
func (f *issuerFlags) gather(flags *pflag.FlagSet, environ []string) error {
	given := map[string]bool{}
	flags.Visit(func(flag *pflag.Flag) { given[flag.Name] = true })
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, issuerVariables)
		if name == r2TokenName {
			f.r2Token = value
			continue
		}
		if !ours {
			continue
		}
		flag := flags.Lookup(strings.ReplaceAll(strings.ToLower(rest), "_", "-"))
		if flag == nil || flag.Name == "help" || rest != strings.ToUpper(rest) {
			return fmt.Errorf("the variable %s is of no flag", name)
		}
		if given[flag.Name] {
			continue
		}
		given[flag.Name] = true
		if err := flags.Set(flag.Name, value); err != nil {
			return fmt.Errorf("the variable %s: %w", name, err)
		}
	}
	if f.config == "" {
		return nil
	}
	text, err := readConfig(f.config)
	if err != nil {
		return err
	}
	if err := setFlags(flags, given, text); err != nil {
		return fmt.Errorf("%s: %w", f.config, err)
	}
	return nil
}

func readConfig(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxConfigBytes+1))
	if err == nil && len(text) > maxConfigBytes {
		err = fmt.Errorf("%s has more than %d bytes", name, maxConfigBytes)
	}
	return text, err
}

// setFlags sets flags from a JSON object, whose members have their names, but
// for those in given. A list is an array of strings; no member may be unknown,
// or there twice.
func setFlags(flags *pflag.FlagSet, given map[string]bool, text []byte) error {
	return jsonobject.Members(text, func(name string, text json.RawMessage) error {
		flag := flags.Lookup(name)
		if flag == nil || name == "config" || name == "check" || name == "help" {
			return fmt.Errorf("%q is not a flag that a file may have", name)
		}
		if given[name] {
			return nil
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var value any
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := setFlag(flags, flag, value); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		return nil
	})
}

func setFlag(flags *pflag.FlagSet, flag *pflag.Flag, value any) error {
	kind := flag.Value.Type()
	list, isList := flag.Value.(pflag.SliceValue)
	switch value := value.(type) {
	case []any:
		var texts []string
		for _, one := range value {
			text, ok := one.(string)
			if !ok {
				return errors.New("it is not a list of strings")
			}
			texts = append(texts, text)
		}
		if !isList {
			return fmt.Errorf("it is a list, and must be a %s", kind)
		}
		return list.Replace(texts)
	case string:
		if !isList && kind != "bool" && kind != "int" {
			return flags.Set(flag.Name, value)
		}
	case bool:
		if kind == "bool" {
			return flags.Set(flag.Name, fmt.Sprint(value))
		}
	case json.Number:
		if kind == "int" {
			return flags.Set(flag.Name, value.String())
		}
	}
	if isList {
		return errors.New("it is not a list of strings")
	}
	return fmt.Errorf("it is not a %s", kind)
}
