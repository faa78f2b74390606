package fakeclouds

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Cognito is Amazon Cognito's identity pools.
func (c *Cloud) Cognito() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := c.cognito(r)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		var refused *refusal
		if errors.As(err, &refused) {
			w.WriteHeader(refused.status)
			answer = map[string]string{"__type": refused.code, "message": refused.message}
		}
		json.NewEncoder(w).Encode(answer)
	})
}

// cognitoInput is what any of the three actions may say.
type cognitoInput struct {
	AccountId      string
	IdentityPoolId string
	IdentityId     string
	Logins         map[string]string
	CustomRoleArn  string
}

func (c *Cloud) cognito(r *http.Request) (any, error) {
	payload, err := body(r)
	if err != nil {
		return nil, err
	}
	op, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSCognitoIdentityService.")
	switch {
	case r.Method != http.MethodPost || r.URL.RequestURI() != "/":
		return nil, refuse(http.StatusNotFound, "UnknownOperationException", "%s %s", r.Method, r.URL.RequestURI())
	case r.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		return nil, refuse(http.StatusNotFound, "UnknownOperationException", "Content-Type is %q", r.Header.Get("Content-Type"))
	case !ok:
		return nil, refuse(http.StatusNotFound, "UnknownOperationException", "X-Amz-Target is %q", r.Header.Get("X-Amz-Target"))
	case r.Header.Get("Authorization") != "":
		return nil, refuse(http.StatusBadRequest, "InvalidParameterException", "The request is not to be signed.")
	}
	var in cognitoInput
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, refuse(http.StatusBadRequest, "SerializationException", "%v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(http.StatusBadRequest, "SerializationException", "There is more than one value.")
	}
	for provider, token := range in.Logins {
		if err := c.checkToken(provider, token); err != nil {
			return nil, refuse(http.StatusBadRequest, "NotAuthorizedException", "Invalid login token. %v", err)
		}
	}
	if op != "GetId" && in.IdentityId != c.Identity {
		return nil, refuse(http.StatusBadRequest, "ResourceNotFoundException", "Identity '%s' not found.", in.IdentityId)
	}
	switch op {
	case "GetId":
		if in.IdentityPoolId != c.Pool || in.IdentityId != "" || in.CustomRoleArn != "" {
			return nil, refuse(http.StatusBadRequest, "ResourceNotFoundException", "IdentityPool '%s' not found.", in.IdentityPoolId)
		}
		c.note(op)
		return map[string]string{"IdentityId": c.Identity}, nil
	case "GetOpenIdToken":
		c.note(op)
		c.mu.Lock()
		defer c.mu.Unlock()
		token := "eyJraWQiOiJmYWtlIn0.eyJzdWIiOiJmYWtlIn0.c2ln"
		c.openID = append(c.openID, token)
		return map[string]string{"IdentityId": c.Identity, "Token": token}, nil
	case "GetCredentialsForIdentity":
		if in.CustomRoleArn != "" && in.CustomRoleArn != c.RoleARN {
			return nil, refuse(http.StatusBadRequest, "InvalidIdentityPoolConfigurationException", "Invalid identity pool configuration.")
		}
		key, ends := c.credentials(op, 3600)
		return map[string]any{"IdentityId": c.Identity, "Credentials": map[string]any{
			"AccessKeyId": key.AccessKeyID, "SecretKey": key.SecretAccessKey, "SessionToken": key.SessionToken,
			"Expiration": json.RawMessage(scientific(ends.Unix())),
		}}, nil
	}
	return nil, refuse(http.StatusNotFound, "UnknownOperationException", "%s", op)
}

// scientific writes a number as Java does, which the service is written in:
// 1.795392E9.
func scientific(n int64) string {
	digits := strconv.FormatInt(n, 10)
	return digits[:1] + "." + digits[1:2] + strings.TrimRight(digits[2:], "0") + "E9"
}
