package issuer

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// conformity holds answers against openapi.yaml, and knows what it has seen.
type conformity struct {
	document *openapi3.T
	router   routers.Router
	seen     map[string]map[int]bool // by path
}

func newConformity(t testing.TB) *conformity {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return &conformity{document: document, router: router, seen: map[string]map[int]bool{}}
}

// check holds one answer against what openapi.yaml says of it.
func (c *conformity) check(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	route, parameters, err := c.router.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s is not in openapi.yaml: %v", r.Method, r.URL, err)
	}
	if c.seen[route.Path] == nil {
		c.seen[route.Path] = map[int]bool{}
	}
	c.seen[route.Path][w.Code] = true
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 w.Code,
		Header:                 w.Header(),
		Body:                   io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s: %d with %q: %v", r.URL, w.Code, w.Body, err)
	}
}
