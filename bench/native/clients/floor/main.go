// Command floor is what the native benchmark measures against: a loop of signed
// requests over bare sockets, one a connection at a time, with nothing around
// it. It hashes nothing, asks nothing, and fails at the first thing that is not
// as it should be.
package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bucketline/bucketline/bench/native/load"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

func main() { load.Run(upload) }

// connections is how many there are: 16, or as many as the variant names.
func connections(j *load.Job) int {
	if n, err := strconv.Atoi(j.Variant); err == nil {
		return n
	}
	return 16
}

func upload(j *load.Job) error {
	if j.ManyFiles() {
		return uploadFiles(j)
	}
	return uploadParts(j)
}

func uploadFiles(j *load.Job) error {
	free := newLines(j)
	return j.EachFile(connections(j), func(i int) error {
		l, err := free.take()
		if err != nil {
			return err
		}
		defer free.give(l)
		f, err := os.Open(j.File(i))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = l.send("PUT", "/"+load.Bucket+"/"+j.Key(i), nil, io.LimitReader(f, j.Size), j.Size)
		return err
	})
}

// partSize is the smallest that makes no more parts than there are connections,
// and 16 MiB at most.
func partSize(j *load.Job) int64 {
	each := (j.Size + int64(connections(j)) - 1) / int64(connections(j))
	return min(max(each, 5<<20), 16<<20)
}

func uploadParts(j *load.Job) error {
	free := newLines(j)
	path := "/" + load.Bucket + "/" + j.Key(0)
	l, err := free.take()
	if err != nil {
		return err
	}
	answer, err := l.send("POST", path, []s3.Field{{Name: "uploads"}}, nil, 0)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(answer.body, "<UploadId>")
	id, _, found := strings.Cut(rest, "</UploadId>")
	if !found {
		return errors.New("the answer has no upload ID")
	}
	free.give(l)
	f, err := os.Open(j.File(0))
	if err != nil {
		return err
	}
	defer f.Close()
	size := partSize(j)
	parts := load.Workload{Files: int((j.Size + size - 1) / size)}
	etags := make([]string, parts.Files)
	err = parts.EachFile(connections(j), func(i int) error {
		l, err := free.take()
		if err != nil {
			return err
		}
		defer free.give(l)
		length := min(size, j.Size-int64(i)*size)
		query := []s3.Field{{Name: "partNumber", Value: strconv.Itoa(i + 1)}, {Name: "uploadId", Value: id}}
		answer, err := l.send("PUT", path, query, io.NewSectionReader(f, int64(i)*size, length), length)
		etags[i] = answer.etag
		return err
	})
	if err != nil {
		return err
	}
	var list strings.Builder
	list.WriteString("<CompleteMultipartUpload>")
	for i, etag := range etags {
		fmt.Fprintf(&list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, etag)
	}
	list.WriteString("</CompleteMultipartUpload>")
	l, err = free.take()
	if err != nil {
		return err
	}
	_, err = l.send("POST", path, []s3.Field{{Name: "uploadId", Value: id}}, strings.NewReader(list.String()), int64(list.Len()))
	return err
}

// lines are the connections that carry nothing now.
type lines struct {
	scheme, host string
	tls          *tls.Config
	failed       error

	mu   sync.Mutex
	idle []*line
}

func newLines(j *load.Job) *lines {
	free := new(lines)
	free.scheme, free.host, _ = strings.Cut(j.Endpoint, "://")
	free.tls, free.failed = j.TLSConfig()
	if free.tls != nil {
		free.tls.ServerName, _, _ = net.SplitHostPort(free.host)
	}
	return free
}

func (f *lines) take() (*line, error) {
	f.mu.Lock()
	if n := len(f.idle); n > 0 {
		l := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.mu.Unlock()
		return l, nil
	}
	f.mu.Unlock()
	if f.failed != nil {
		return nil, f.failed
	}
	c, err := net.Dial("tcp", f.host)
	if err != nil {
		return nil, err
	}
	if f.scheme == "https" {
		c = tls.Client(c, f.tls)
	}
	return &line{conn: c, in: bufio.NewReader(c), scheme: f.scheme, host: f.host, buffer: make([]byte, bufferSize)}, nil
}

func (f *lines) give(l *line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, l)
}

// bufferSize is what a connection copies through.
const bufferSize = 256 << 10

// line is one connection, with what is used again for each request.
type line struct {
	conn         net.Conn
	in           *bufio.Reader
	scheme, host string
	buffer       []byte
	signer       sign.V4
	request      s3.Request
}

type answer struct{ etag, body string }

// send sends one request, the first bytes of its body in the same write, and
// reads the answer.
func (l *line) send(method, path string, query []s3.Field, body io.Reader, length int64) (answer, error) {
	r := &l.request
	r.Method, r.Scheme, r.Host, r.Path = method, l.scheme, l.host, path
	r.Query, r.Header = append(r.Query[:0], query...), r.Header[:0]
	l.signer.SignHeader(r, &sign.Credentials{AccessKeyID: load.AccessKey, SecretAccessKey: load.SecretKey}, load.Region, sign.UnixMilli(time.Now().UnixMilli()))
	out := append(append(l.buffer[:0], method...), ' ')
	out = append(out, r.AppendURL(nil)[len(r.Scheme)+len("://")+len(r.Host):]...)
	out = append(append(out, " HTTP/1.1\r\nHost: "...), l.host...)
	for _, f := range r.Header {
		out = append(append(append(append(out, "\r\n"...), f.Name...), ": "...), f.Value...)
	}
	out = append(append(out, "\r\nAuthorization: "...), r.Authorization...)
	out = append(strconv.AppendInt(append(out, "\r\nContent-Length: "...), length, 10), "\r\n\r\n"...)
	for length > 0 || len(out) > 0 {
		n := int64(0)
		if length > 0 {
			n = min(length, int64(cap(out)-len(out)))
			if _, err := io.ReadFull(body, out[len(out):int64(len(out))+n]); err != nil {
				return answer{}, err
			}
		}
		if _, err := l.conn.Write(out[:int64(len(out))+n]); err != nil {
			return answer{}, err
		}
		length -= n
		out = out[:0]
	}
	return l.read()
}

// read reads an answer, which must be a good one with a length.
func (l *line) read() (answer, error) {
	var a answer
	line, err := l.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if !strings.HasPrefix(string(line), "HTTP/1.1 200") {
		return a, errors.New("the store said " + strings.TrimSpace(string(line)))
	}
	length := 0
	for {
		line, err := l.in.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		name, value, more := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		switch value = strings.TrimSpace(value); {
		case !more:
			body := make([]byte, length)
			_, err := io.ReadFull(l.in, body)
			a.body = string(body)
			return a, err
		case strings.EqualFold(name, "content-length"):
			if length, err = strconv.Atoi(value); err != nil {
				return a, err
			}
		case strings.EqualFold(name, "etag"):
			a.etag = value
		}
	}
}
