package world

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// seen is one request as it arrived.
type seen struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"` // with its query
	Headers map[string]string `json:"headers"`
	Fields  [][2]string       `json:"fields"` // of a form, in order; the file's is its name
	Body    string            `json:"body"`   // up to 64 KiB of another body
	Size    int               `json:"size"`
}

func record(r *http.Request, body []byte) seen {
	s := seen{Method: r.Method, Path: r.RequestURI, Headers: map[string]string{}, Size: len(body)}
	for name := range r.Header {
		s.Headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		s.Body = string(body[:min(len(body), 64<<10)])
		return s
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextRawPart()
		if err != nil {
			return s
		}
		value, _ := io.ReadAll(part)
		if part.FileName() != "" {
			value = []byte(part.FileName())
		}
		s.Fields = append(s.Fields, [2]string{part.FormName(), string(value)})
	}
}
