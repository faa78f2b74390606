package stub

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// answer does what r asks for, its body read to the end, and returns the answer's
// status and body.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) (status int, body string) {
	if r.Method == http.MethodOptions {
		return preflight(w, r), ""
	}
	key, found := keyOf(r)
	if !found {
		discard(r)
		return http.StatusNotFound, failure("NoSuchBucket")
	}
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPut && query.Has("partNumber"):
		return s.uploadPart(w, r, query)
	case r.Method == http.MethodPut:
		return s.putObject(w, r, key)
	case r.Method == http.MethodPost && query.Has("uploads"):
		discard(r)
		return s.create(key)
	case r.Method == http.MethodPost && query.Has("uploadId"):
		return s.complete(r, key, query.Get("uploadId"))
	case r.Method == http.MethodPost && key == "":
		return s.postForm(w, r)
	case r.Method == http.MethodGet && query.Has("uploadId"):
		return s.listParts(key, query.Get("uploadId"))
	case r.Method == http.MethodGet && query.Has("uploads"):
		return http.StatusOK, document("ListMultipartUploadsResult", "<Bucket>"+Bucket+"</Bucket><IsTruncated>false</IsTruncated>")
	case r.Method == http.MethodDelete:
		return http.StatusNoContent, ""
	case r.Method == http.MethodHead:
		return s.head(w, key), ""
	}
	discard(r)
	return http.StatusMethodNotAllowed, failure("MethodNotAllowed")
}

// keyOf is what stands after the bucket, which is in the host or in the path.
func keyOf(r *http.Request) (key string, found bool) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if strings.HasPrefix(r.Host, Bucket+".") {
		return path, true
	}
	bucket, key, _ := strings.Cut(path, "/")
	return key, bucket == Bucket
}

// preflight allows what is asked for, for long, as a careful CORS rule does.
func preflight(w http.ResponseWriter, r *http.Request) int {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "PUT, POST, GET, HEAD, DELETE")
	h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	h.Set("Access-Control-Max-Age", "3000")
	return http.StatusOK
}

func discard(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

// count takes a body and says how long it was, and whether it came whole.
func (s *Server) count(r *http.Request) (int64, bool) {
	n, err := io.CopyBuffer(discarding{}, r.Body, make([]byte, 64<<10))
	s.mu.Lock()
	s.seen.Bytes += n
	s.mu.Unlock()
	return n, err == nil && (r.ContentLength < 0 || n == r.ContentLength)
}

// discarding is io.Discard without its own small buffers.
type discarding struct{}

func (discarding) Write(b []byte) (int, error) { return len(b), nil }

func (s *Server) putObject(w http.ResponseWriter, r *http.Request, key string) (int, string) {
	n, whole := s.count(r)
	if !whole {
		return http.StatusBadRequest, failure("IncompleteBody")
	}
	s.mu.Lock()
	s.stored[key] = n
	s.mu.Unlock()
	echo(w, r)
	return http.StatusOK, ""
}

// echo answers with an ETag and the checksum that came, as S3 does.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", etag)
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Checksum-") {
			w.Header()[name] = values
		}
	}
}

// etag is of everything: nothing is computed of what is dropped.
const etag = `"9b2cf535f27731c974343645a3985328"`

func (s *Server) create(key string) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := "upload" + strconv.Itoa(s.next)
	s.parts[id] = map[int]int64{}
	return http.StatusOK, document("InitiateMultipartUploadResult", fmt.Sprintf("<Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId>", Bucket, escape(key), id))
}

func (s *Server) uploadPart(w http.ResponseWriter, r *http.Request, query url.Values) (int, string) {
	n, whole := s.count(r)
	number, err := strconv.Atoi(query.Get("partNumber"))
	if !whole || err != nil {
		return http.StatusBadRequest, failure("IncompleteBody")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := s.parts[query.Get("uploadId")]
	if parts == nil {
		return http.StatusNotFound, failure("NoSuchUpload")
	}
	parts[number] = n
	echo(w, r)
	return http.StatusOK, ""
}

// named finds the parts that a CompleteMultipartUpload names.
var named = regexp.MustCompile(`<PartNumber>\s*(\d+)\s*</PartNumber>`)

// maxComplete is 10,000 parts with checksums, with room to spare.
const maxComplete = 8 << 20

func (s *Server) complete(r *http.Request, key, id string) (int, string) {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxComplete))
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := s.parts[id]
	if err != nil || parts == nil {
		return http.StatusNotFound, failure("NoSuchUpload")
	}
	size := int64(0)
	list := named.FindAllSubmatch(text, -1)
	for _, part := range list {
		number, _ := strconv.Atoi(string(part[1]))
		n, came := parts[number]
		if !came {
			return http.StatusBadRequest, failure("InvalidPart")
		}
		size += n
	}
	delete(s.parts, id)
	s.stored[key] = size
	checksum := ""
	for _, name := range []string{"CRC32", "CRC32C", "CRC64NVME"} {
		if value := r.Header.Get("x-amz-checksum-" + name); value != "" {
			checksum = fmt.Sprintf("<Checksum%s>%s</Checksum%[1]s><ChecksumType>FULL_OBJECT</ChecksumType>", name, escape(value))
		}
	}
	return http.StatusOK, document("CompleteMultipartUploadResult", fmt.Sprintf("<Location>/%s/%s</Location><Bucket>%[1]s</Bucket><Key>%[2]s</Key><ETag>%s-%d&quot;</ETag>%s",
		Bucket, escape(key), escape(strings.TrimSuffix(etag, `"`)), len(list), checksum))
}

func (s *Server) listParts(key, id string) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := s.parts[id]
	if parts == nil {
		return http.StatusNotFound, failure("NoSuchUpload")
	}
	var numbers []int
	for number := range parts {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	var list strings.Builder
	for _, number := range numbers {
		fmt.Fprintf(&list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><Size>%d</Size></Part>", number, escape(etag), parts[number])
	}
	return http.StatusOK, document("ListPartsResult", fmt.Sprintf("<Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId><IsTruncated>false</IsTruncated>%s", Bucket, escape(key), id, list.String()))
}

func (s *Server) head(w http.ResponseWriter, key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, there := s.stored[key]
	if !there {
		return http.StatusNotFound
	}
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	return http.StatusOK
}

// postForm takes a browser's form: its field key, and how long its file is.
func (s *Server) postForm(w http.ResponseWriter, r *http.Request) (int, string) {
	form, err := r.MultipartReader()
	if err != nil {
		return http.StatusBadRequest, failure("MalformedPOSTRequest")
	}
	key, size := "", int64(-1)
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return http.StatusBadRequest, failure("MalformedPOSTRequest")
		}
		switch part.FormName() {
		case "key":
			text, _ := io.ReadAll(io.LimitReader(part, 1024))
			key = string(text)
		case "file":
			size, err = io.Copy(discarding{}, part)
		default:
			_, err = io.Copy(io.Discard, part)
		}
		if err != nil {
			return http.StatusBadRequest, failure("IncompleteBody")
		}
	}
	if key == "" || size < 0 {
		return http.StatusBadRequest, failure("MalformedPOSTRequest")
	}
	s.mu.Lock()
	s.stored[key] = size
	s.seen.Bytes += size
	s.mu.Unlock()
	w.Header().Set("ETag", etag)
	return http.StatusNoContent, ""
}

func document(root, inside string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><` + root + ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + inside + "</" + root + ">"
}

func failure(code string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + "</Code><Message>by the stub</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>"
}

// escape is text within an XML element.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
