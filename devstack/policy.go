package devstack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketline/bucketline/internal/jsonobject"
)

// maxPolicyBytes bounds the plain text of a session policy (AWS STS API
// Reference, AssumeRoleWithWebIdentity, Policy).
const maxPolicyBytes = 2048

const arnPrefix = "arn:aws:s3:::"

// A verdict is what one policy says about one action on one resource.
type verdict int

const (
	silent  verdict = iota // no statement matches
	allowed                // an Allow matches and no Deny does
	denied                 // a Deny matches
)

// A policy is a list of statements; its zero value says nothing about anything.
type policy []statement

type statement struct {
	effect    verdict // allowed or denied
	actions   []string
	resources []string

	// prefix, when it is not empty, is what the request's prefix parameter must
	// begin with. Only the role's own policy has it; a session policy has no
	// Condition.
	prefix string
}

// decide says what p says: a Deny wins, then an Allow. prefix is the request's
// prefix parameter.
func (p policy) decide(action, resource, prefix string) verdict {
	verdict := silent
	for _, s := range p {
		if !s.matches(action, resource, prefix) {
			continue
		}
		if s.effect == denied {
			return denied
		}
		verdict = allowed
	}
	return verdict
}

func (s statement) matches(action, resource, prefix string) bool {
	if s.prefix != "" && !strings.HasPrefix(prefix, s.prefix) {
		return false
	}
	// Action names ignore case, ARNs do not (IAM User Guide, "IAM JSON policy
	// elements: Action").
	action = strings.ToLower(action)
	return slices.ContainsFunc(s.actions, func(a string) bool { return wildcard(strings.ToLower(a), action) }) &&
		slices.ContainsFunc(s.resources, func(r string) bool { return wildcard(r, resource) })
}

// wildcard reports whether s matches pattern, in which * stands for any number
// of characters and ? for one byte. It takes time linear in the product of the
// lengths, whatever the pattern.
func wildcard(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// userPrefix is the part of every bucket that belongs to one user. The slash
// at its end matters: without it u1 would own u10's objects.
func userPrefix(subject string) string { return "users/" + subject + "/" }

// rolePolicy is the role's own policy for one user: the only boundary that
// counts, because a session policy comes from the browser and can be left out.
// ListBucketMultipartUploads has no condition key at AWS; here it is limited to
// the user's own prefix.
func rolePolicy(subject string, buckets []string) policy {
	var objects, whole []string
	for _, b := range buckets {
		objects = append(objects, arnPrefix+b+"/"+userPrefix(subject)+"*")
		whole = append(whole, arnPrefix+b)
	}
	return policy{{
		effect: allowed,
		actions: []string{
			"s3:PutObject", "s3:PutObjectTagging",
			"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
			"s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectAttributes",
		},
		resources: objects,
	}, {
		effect:    allowed,
		actions:   []string{"s3:ListBucketMultipartUploads", "s3:ListBucket"},
		resources: whole,
		prefix:    userPrefix(subject),
	}}
}

// parsePolicy reads a session policy. It knows Effect, Action and Resource with
// wildcards for S3, and refuses every other element and every value it would
// have to ignore: a policy that is half understood is no policy.
func parsePolicy(text []byte) (policy, error) {
	var statements json.RawMessage
	err := jsonobject.Members(text, func(name string, value json.RawMessage) error {
		switch name {
		case "Version":
			if v, err := word(value); err != nil || (v != "2012-10-17" && v != "2008-10-17") {
				return fmt.Errorf("unknown Version %s", value)
			}
		case "Id":
			_, err := word(value)
			return err
		case "Statement":
			statements = value
		default:
			return fmt.Errorf("element %q is not supported", name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := oneOrMore(statements)
	if err != nil {
		return nil, fmt.Errorf("Statement: %w", err)
	}
	var p policy
	for i, raw := range list {
		s, err := parseStatement(raw)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		p = append(p, s)
	}
	return p, nil
}

func parseStatement(text []byte) (s statement, err error) {
	err = jsonobject.Members(text, func(name string, value json.RawMessage) (err error) {
		switch name {
		case "Sid":
			_, err = word(value)
		case "Effect":
			switch v, _ := word(value); v {
			case "Allow":
				s.effect = allowed
			case "Deny":
				s.effect = denied
			default:
				err = fmt.Errorf("unknown Effect %s", value)
			}
		case "Action":
			s.actions, err = words(value, checkAction)
		case "Resource":
			s.resources, err = words(value, checkResource)
		default:
			err = fmt.Errorf("element %q is not supported", name)
		}
		return err
	})
	if err == nil && (s.effect == silent || s.actions == nil || s.resources == nil) {
		err = fmt.Errorf("Effect, Action and Resource must all be there")
	}
	return s, err
}

func checkAction(action string) error {
	if service, name, ok := strings.Cut(action, ":"); action != "*" && (!ok || !strings.EqualFold(service, "s3") || name == "") {
		return fmt.Errorf("%q is not an action of S3", action)
	}
	return nil
}

func checkResource(resource string) error {
	if resource != "*" && (!strings.HasPrefix(resource, arnPrefix) || resource == arnPrefix) {
		return fmt.Errorf("%q is not the ARN of an S3 bucket or object", resource)
	}
	if strings.Contains(resource, "${") {
		return fmt.Errorf("%q has a policy variable, which is not supported", resource)
	}
	return nil
}

// oneOrMore reads a JSON array, or one value in the place of an array of one.
func oneOrMore(text json.RawMessage) ([]json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, fmt.Errorf("missing")
	}
	if text[0] != '[' {
		return []json.RawMessage{text}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("empty")
	}
	return list, nil
}

func words(text json.RawMessage, check func(string) error) ([]string, error) {
	list, err := oneOrMore(text)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, raw := range list {
		w, err := word(raw)
		if err != nil {
			return nil, err
		}
		if err := check(w); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func word(text json.RawMessage) (string, error) {
	if len(text) == 0 || text[0] != '"' {
		return "", fmt.Errorf("%s is not a string", text)
	}
	var w string
	err := json.Unmarshal(text, &w)
	return w, err
}
