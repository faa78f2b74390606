package fakeclouds

import (
	"encoding/xml"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// parameters are what each action takes: AWS STS API Reference.
var parameters = map[string][]string{
	"AssumeRoleWithWebIdentity": {"RoleArn", "RoleSessionName", "WebIdentityToken", "DurationSeconds", "Policy", "ProviderId", "PolicyArns"},
	"AssumeRole": {
		"RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "ExternalId", "SourceIdentity", "SerialNumber", "TokenCode", "Tags",
	},
	"GetSessionToken": {"DurationSeconds", "SerialNumber", "TokenCode"},
}

var tags = regexp.MustCompile(`^Tags\.member\.([1-9]\d?)\.(Key|Value)$`)

type keysXML struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }

type assumedRole struct{ Arn, AssumedRoleId string }

// STS is the AWS Security Token Service.
func (c *Cloud) STS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result, err := c.sts(r)
		answerXML(w, result, err, false)
	})
}

func (c *Cloud) sts(r *http.Request) (any, error) {
	payload, err := body(r)
	if err != nil {
		return nil, err
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || r.URL.RequestURI() != "/" || media != "application/x-www-form-urlencoded" {
		return nil, refuse(http.StatusBadRequest, "InvalidAction", "%s %s of %q is not a form that is posted to /.", r.Method, r.URL.RequestURI(), media)
	}
	form, err := url.ParseQuery(string(payload))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "MalformedQueryString", "%v", err)
	}
	action := form.Get("Action")
	known, ok := parameters[action]
	if !ok || form.Get("Version") != "2011-06-15" {
		return nil, refuse(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", action, form.Get("Version"))
	}
	for name, values := range form {
		isTag := slices.Contains(known, "Tags") && tags.MatchString(name)
		if len(values) > 1 || name != "Action" && name != "Version" && !slices.Contains(known, name) && !isTag {
			return nil, refuse(http.StatusBadRequest, "ValidationError", "%s is unknown, or there twice.", name)
		}
	}
	if action != "AssumeRoleWithWebIdentity" {
		if err := c.verify(r, payload, "sts"); err != nil {
			return nil, err
		}
	} else if r.Header.Get("Authorization") != "" {
		return nil, refuse(http.StatusBadRequest, "ValidationError", "AssumeRoleWithWebIdentity is not signed.")
	}
	return c.grant(action, form)
}

func (c *Cloud) grant(action string, form url.Values) (any, error) {
	longest, seconds := 43_200, 3600
	if action == "GetSessionToken" {
		longest, seconds = 129_600, 43_200
	}
	if text := form.Get("DurationSeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 900 || n > longest {
			return nil, refuse(http.StatusBadRequest, "ValidationError", "DurationSeconds %s is out of range.", text)
		}
		seconds = n
	}
	if action != "GetSessionToken" && form.Get("RoleArn") != c.RoleARN {
		return nil, refuse(http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:%s on resource: %s", action, form.Get("RoleArn"))
	}
	if action == "AssumeRoleWithWebIdentity" {
		if err := c.checkToken("", form.Get("WebIdentityToken")); err != nil {
			return nil, err
		}
	}
	key, ends := c.credentials(action, seconds)
	type answer struct {
		XMLName xml.Name
		Result  struct {
			XMLName                              xml.Name
			Credentials                          keysXML
			AssumedRoleUser                      *assumedRole
			SubjectFromWebIdentityToken, Unknown string `xml:",omitempty"`
		}
		ResponseMetadata struct{ RequestId string }
	}
	var a answer
	a.XMLName = xml.Name{Space: "https://sts.amazonaws.com/doc/2011-06-15/", Local: action + "Response"}
	a.Result.XMLName.Local = action + "Result"
	a.Result.Credentials = keysXML{key.AccessKeyID, key.SecretAccessKey, key.SessionToken, ends.Format("2006-01-02T15:04:05Z")}
	if action != "GetSessionToken" {
		a.Result.AssumedRoleUser = &assumedRole{c.RoleARN + "/" + form.Get("RoleSessionName"), "AROA:" + form.Get("RoleSessionName")}
	}
	a.ResponseMetadata.RequestId = "fake-request"
	return a, nil
}

// checkToken looks an ID token up: of one provider, or, for STS, of any and of
// Cognito itself.
func (c *Cloud) checkToken(provider, token string) error {
	if slices.Contains(c.Expired, token) {
		return refuse(http.StatusBadRequest, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if provider == "" && slices.Contains(c.openID, token) {
		return nil
	}
	for name, accepted := range c.Tokens {
		if (provider == "" || provider == name) && slices.Contains(accepted, token) {
			return nil
		}
	}
	return refuse(http.StatusBadRequest, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", token)
}
