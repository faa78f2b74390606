package provider

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bucketline/bucketline/cred/container"
	"github.com/bucketline/bucketline/cred/exchange"
)

// Container asks a JSON endpoint in the form of the AWS container credential
// provider, such as that of "bucketline issuer" or one of your own.
// authorization is the value of the Authorization header, or nil for none:
// "Bearer " and an ID token, say.
func Container(url string, authorization Token, o Options) Func {
	return containerFunc(container.Endpoint{URL: url, Authorized: authorization != nil}, authorization, o)
}

func containerFunc(e container.Endpoint, authorization Token, o Options) Func {
	return asker{transport: newTransport(o), token: authorization, begin: func() exchange.Service { return &e }}.ask
}

// ContainerFromEnvironment asks the endpoint that the AWS_CONTAINER_… variables
// name, as Amazon ECS and EKS set them; false when they name none. A file of the
// authorization is read each time, since it changes.
func ContainerFromEnvironment(o Options) (Func, bool) {
	env := container.Environment{
		RelativeURI: os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
		FullURI:     os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
		Token:       os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
		TokenFile:   os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
	}
	endpoint, ok := env.Locate()
	if !ok {
		return nil, false
	}
	authorization := func(context.Context) (string, error) { return env.Token, nil }
	if env.TokenFile != "" {
		authorization = TokenFile(env.TokenFile)
	}
	return containerFunc(endpoint, authorization, o), true
}

// TokenFile reads a token from a file each time, without the line end after it:
// AWS_WEB_IDENTITY_TOKEN_FILE of Amazon EKS, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
// or what a workload's platform rotates there.
func TokenFile(name string) Token {
	return func(context.Context) (string, error) {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, container.MaxAuthorization+2))
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
}
