package issuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const (
	maxClaimBytes  = 128 // of a value
	maxPrefixBytes = 512 // of what a template becomes

	// claimLetters may be in a claim's value: what identifiers, user names, mail
	// addresses and Auth0's "auth0|…" are made of. No letter has a meaning in an
	// IAM policy (* ? $), in a path (/ \ %) or to a person's eye only (spaces,
	// letters beyond ASCII, of which several look alike).
	claimLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@+=,:|~"
)

// A template is Config.Prefix, read: one entry for each component between
// slashes.
type template []component

type component struct {
	text  string // of the component, or the claim's name
	claim bool
	many  bool // the value may have slashes
}

// parseTemplate reads a text such as "users/{sub}/" or "teams/{team...}/". Every
// claim is a whole component: in "{a}-{b}/" two people could come to the same
// prefix. What may have slashes is the last one: "a" then has all that "a/b"
// has, which is the order of teams, and nothing behind it could be told apart.
func parseTemplate(text string) (*template, error) {
	var t template
	claims, many := 0, false
	for rest := text; rest != "" || len(t) == 0; {
		if many {
			return nil, fmt.Errorf("the prefix %q goes on behind a claim that may have slashes", text)
		}
		c, after, err := cutComponent(rest)
		if err != nil {
			return nil, fmt.Errorf("the prefix %q: %w", text, err)
		}
		if c.claim {
			claims++
		}
		many, rest = c.many, after
		t = append(t, c)
	}
	if claims == 0 {
		return nil, fmt.Errorf("the prefix %q has no claim in it, so that all would share it", text)
	}
	return &t, nil
}

// cutComponent reads what stands before the next slash. The name of a claim may
// have slashes itself: those of Auth0 are URLs.
func cutComponent(text string) (c component, rest string, err error) {
	name, braced := strings.CutPrefix(text, "{")
	if !braced {
		var slash bool
		if c.text, rest, slash = strings.Cut(text, "/"); !slash {
			return c, "", errors.New("it does not end with a slash")
		}
		return c, rest, checkComponent(c.text)
	}
	name, rest, closed := strings.Cut(name, "}")
	rest, slash := strings.CutPrefix(rest, "/")
	c.claim = true
	c.text, c.many = strings.CutSuffix(name, "...")
	if !closed || !slash || c.text == "" || strings.Contains(c.text, "{") {
		return c, "", errors.New("a claim is not all that stands between two slashes")
	}
	return c, rest, nil
}

// fill is the prefix of who has these claims. Each error says which claim, and
// not its value.
func (t *template) fill(claims map[string]json.RawMessage) (string, error) {
	var prefix strings.Builder
	for _, c := range *t {
		value := c.text
		if c.claim {
			var err error
			if value, err = claimValue(claims, c); err != nil {
				return "", fmt.Errorf("claim %s: %w", c.text, err)
			}
		}
		prefix.WriteString(value)
		prefix.WriteByte('/')
	}
	if prefix.Len() > maxPrefixBytes {
		return "", fmt.Errorf("the prefix would have more than %d bytes", maxPrefixBytes)
	}
	return prefix.String(), nil
}

func claimValue(claims map[string]json.RawMessage, c component) (string, error) {
	value, err := text(claims, c.text)
	switch {
	case err != nil:
		return "", errors.New("it is not a string")
	case value == "":
		return "", errors.New("it is missing or empty")
	case len(value) > maxClaimBytes:
		return "", fmt.Errorf("it has more than %d bytes", maxClaimBytes)
	case c.text == "email" && string(claims["email_verified"]) != "true":
		// OpenID Connect Core 1.0, section 5.7: anybody may claim an address.
		return "", errors.New("email_verified is not true")
	case !c.many && strings.Contains(value, "/"):
		return "", errors.New("it has a slash")
	}
	for part := range strings.SplitSeq(value, "/") {
		if err := checkComponent(part); err != nil {
			return "", err
		}
	}
	return value, nil
}

func checkComponent(text string) error {
	switch {
	case text == "":
		return errors.New("a component is empty")
	case strings.Trim(text, ".") == "" || strings.Contains(text, ".."):
		return errors.New("a component has two dots in a row, or nothing but dots")
	case strings.Trim(text, claimLetters) != "":
		return errors.New("a component has a character that is not one of A-Z a-z 0-9 - _ . @ + = , : | ~")
	}
	return nil
}
