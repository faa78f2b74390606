package sts

import "github.com/bucketline/bucketline/cred/exchange"

// What the Request methods refuse: these, those of package exchange about the
// endpoint, the region and the credentials to sign with, and those of AssumeRole.
var (
	ErrNoRoleARN      = &ParameterError{Key: "RoleARNMissing", Text: "sts: AWS wants a role ARN"}
	ErrBadRoleARN     = &ParameterError{Key: "RoleARNInvalid", Text: "sts: role ARN does not begin with arn:, or has not 20 to 2048 visible characters"}
	ErrNoSessionName  = &ParameterError{Key: "RoleSessionNameMissing", Text: "sts: AWS wants a role session name"}
	ErrBadSessionName = &ParameterError{Key: "RoleSessionNameInvalid", Text: "sts: role session name is not 2 to 64 of A-Z a-z 0-9 _ + = , . @ -"}
	ErrNoToken        = &ParameterError{Key: "IDTokenMissing", Text: "sts: no ID token"}
	ErrBadToken       = &ParameterError{Key: "IDTokenInvalid", Text: "sts: ID token is not 4 to 20000 visible characters"}
	ErrBadDuration    = &ParameterError{Key: "DurationInvalid", Text: "sts: duration is outside what the service allows"}
	ErrBadPolicy      = &ParameterError{Key: "SessionPolicyInvalid", Text: "sts: session policy is longer than 2048 characters or has one beyond U+00FF"}
)

// MaxMessage is exchange.MaxMessage, in bytes.
const MaxMessage = exchange.MaxMessage
