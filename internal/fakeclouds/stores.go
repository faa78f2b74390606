package fakeclouds

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Express is the CreateSession of a directory bucket.
func (c *Cloud) Express() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result, err := c.express(r)
		answerXML(w, result, err, true)
	})
}

func (c *Cloud) express(r *http.Request) (any, error) {
	payload, err := body(r)
	if err != nil {
		return nil, err
	}
	query := r.URL.RawQuery
	if r.Method != http.MethodGet || r.URL.Path != "/" || query != "session" && query != "session=" && query != "session=&x-id=CreateSession" || len(payload) > 0 {
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "%s %s is not CreateSession.", r.Method, r.URL.RequestURI())
	}
	if mode := r.Header.Get("X-Amz-Create-Session-Mode"); mode != "" && mode != "ReadWrite" && mode != "ReadOnly" {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "The session mode is %q.", mode)
	}
	if r.Header.Get("X-Amz-S3session-Token") != "" {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "CreateSession is signed with IAM's credentials.")
	}
	if err := c.verify(r, payload, "s3express"); err != nil {
		return nil, err
	}
	key, ends := c.credentials("CreateSession", 300)
	return struct {
		XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CreateSessionResult"`
		Credentials keysXML
	}{Credentials: keysXML{key.AccessKeyID, key.SecretAccessKey, key.SessionToken, ends.Format("2006-01-02T15:04:05Z")}}, nil
}

// Directory is a directory bucket as far as it takes single objects, each kept in
// put by its key: CreateSession, and PutObject with a session's signature. host is
// the bucket's own, which the signatures cover whatever leads here.
func (c *Cloud) Directory(host string, put func(key string, content []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = host
		if r.Method == http.MethodGet {
			result, err := c.express(r)
			answerXML(w, result, err, true)
			return
		}
		payload, err := body(r)
		switch {
		case err != nil:
		case r.Method != http.MethodPut || r.URL.RawQuery != "":
			err = refuse(http.StatusNotImplemented, "NotImplemented", "%s %s", r.Method, r.URL)
		case r.Header.Get("X-Amz-S3session-Token") == "" || r.Header.Get("X-Amz-Security-Token") != "":
			err = refuse(http.StatusForbidden, "AccessDenied", "The request is not signed with a session.")
		default:
			err = c.verify(r, payload, "s3express")
		}
		if err != nil {
			answerXML(w, nil, err, true)
			return
		}
		put(strings.TrimPrefix(r.URL.Path, "/"), payload)
		w.Header().Set("ETag", `"0123456789abcdef"`)
		w.WriteHeader(http.StatusOK)
	})
}

// Grants is the GetDataAccess of S3 Control.
func (c *Cloud) Grants() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result, err := c.grants(r)
		answerXML(w, result, err, false)
	})
}

func (c *Cloud) grants(r *http.Request) (any, error) {
	payload, err := body(r)
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet || r.URL.Path != "/v20180820/accessgrantsinstance/dataaccess" || len(payload) > 0 {
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "%s %s is not GetDataAccess.", r.Method, r.URL.Path)
	}
	if account := r.Header.Get("X-Amz-Account-Id"); account != c.AccountID {
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The account is %q.", account)
	}
	if err := c.verify(r, payload, "s3"); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	for name, values := range q {
		if len(values) > 1 || !slices.Contains([]string{"target", "permission", "durationSeconds", "privilege", "targetType", "auditContext"}, name) {
			return nil, refuse(http.StatusBadRequest, "InvalidRequest", "%s is unknown, or there twice.", name)
		}
	}
	seconds := 3600
	if text := q.Get("durationSeconds"); text != "" {
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 900 || seconds > 43_200 {
			return nil, refuse(http.StatusBadRequest, "InvalidRequest", "durationSeconds is %q.", text)
		}
	}
	target := q.Get("target")
	switch {
	case !strings.HasPrefix(target, "s3://"):
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The target is %q.", target)
	case !slices.Contains([]string{"READ", "WRITE", "READWRITE"}, q.Get("permission")):
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The permission is %q.", q.Get("permission"))
	case !slices.Contains([]string{"", "Minimal", "Default"}, q.Get("privilege")):
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The privilege is %q.", q.Get("privilege"))
	case (q.Get("targetType") == "Object") == strings.HasSuffix(target, "*"):
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The target type %q does not fit the target.", q.Get("targetType"))
	}
	key, ends := c.credentials("GetDataAccess", seconds)
	return struct {
		XMLName            xml.Name `xml:"GetDataAccessResult"`
		Credentials        keysXML
		MatchedGrantTarget string
	}{
		Credentials:        keysXML{key.AccessKeyID, key.SecretAccessKey, key.SessionToken, ends.Format("2006-01-02T15:04:05Z")},
		MatchedGrantTarget: target,
	}, nil
}

// R2 is Cloudflare's API, as far as it makes temporary credentials.
func (c *Cloud) R2() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		result, err := c.r2(r)
		type problem struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}
		out := map[string]any{"result": result, "success": err == nil, "errors": []problem{}, "messages": []problem{}}
		var refused *refusal
		if errors.As(err, &refused) {
			code, _ := strconv.Atoi(refused.code)
			out["errors"] = []problem{{code, refused.message}}
			w.WriteHeader(refused.status)
		}
		json.NewEncoder(w).Encode(out)
	})
}

func (c *Cloud) r2(r *http.Request) (any, error) {
	payload, err := body(r)
	if err != nil {
		return nil, err
	}
	want := "/client/v4/accounts/" + c.R2Account + "/r2/temp-access-credentials"
	switch {
	case r.Method != http.MethodPost || r.URL.RequestURI() != want:
		return nil, refuse(http.StatusNotFound, "7003", "Could not route to %s", r.URL.RequestURI())
	case r.Header.Get("Authorization") != "Bearer "+c.R2Token:
		return nil, refuse(http.StatusUnauthorized, "10000", "Authentication error")
	case r.Header.Get("Content-Type") != "application/json":
		return nil, refuse(http.StatusBadRequest, "6003", "Invalid request headers")
	}
	var in struct {
		Bucket            string    `json:"bucket"`
		ParentAccessKeyID string    `json:"parentAccessKeyId"`
		Permission        string    `json:"permission"`
		TTLSeconds        float64   `json:"ttlSeconds"`
		Prefixes          *[]string `json:"prefixes"`
		Objects           *[]string `json:"objects"`
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, refuse(http.StatusBadRequest, "10040", "%v", err)
	}
	permissions := []string{"admin-read-write", "admin-read-only", "object-read-write", "object-read-only"}
	if in.Bucket == "" || in.ParentAccessKeyID != c.R2Parent || !slices.Contains(permissions, in.Permission) || in.TTLSeconds < 1 || in.TTLSeconds > 604_800 {
		return nil, refuse(http.StatusBadRequest, "10040", "bucket, parentAccessKeyId, permission or ttlSeconds is invalid")
	}
	key, _ := c.credentials("CreateTemporaryCredentials", 0)
	return map[string]string{"accessKeyId": key.AccessKeyID, "secretAccessKey": key.SecretAccessKey, "sessionToken": key.SessionToken}, nil
}

// Container is the endpoint beside a container.
func (c *Cloud) Container() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != c.Authorization {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"code":"AccessDenied","message":"The authorization is not that of this container."}`)
			return
		}
		key, ends := c.credentials("GetCredentials", 900)
		json.NewEncoder(w).Encode(map[string]string{
			"RoleArn": c.RoleARN, "AccessKeyId": key.AccessKeyID, "SecretAccessKey": key.SecretAccessKey, "Token": key.SessionToken,
			"Expiration": ends.Format("2006-01-02T15:04:05Z"),
		})
	})
}
