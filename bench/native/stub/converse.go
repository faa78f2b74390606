package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"time"
)

// The answers. The ETag is fixed, as nothing is computed of what is dropped.
var (
	answerPut = []byte("HTTP/1.1 200 OK\r\nETag: \"9b2cf535f27731c974343645a3985328\"\r\nx-amz-request-id: 4442587FB7D0A2F9\r\n" +
		"Date: Wed, 25 Nov 2026 12:00:00 GMT\r\nServer: stub\r\nContent-Length: 0\r\n\r\n")
	answerNone   = []byte("HTTP/1.1 204 No Content\r\nx-amz-request-id: 4442587FB7D0A2F9\r\n\r\n")
	answerGone   = []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	answerGoOn   = []byte("HTTP/1.1 100 Continue\r\n\r\n")
	answerCreate = xmlAnswer("<InitiateMultipartUploadResult><Bucket>benchmark</Bucket><Key>k</Key><UploadId>benchmark-upload</UploadId></InitiateMultipartUploadResult>")
	answerJoined = xmlAnswer("<CompleteMultipartUploadResult><Bucket>benchmark</Bucket><Key>k</Key><ETag>\"9b2cf535f27731c974343645a3985328-16\"</ETag></CompleteMultipartUploadResult>")
	answerRegion = xmlAnswer("<LocationConstraint></LocationConstraint>")
)

func xmlAnswer(body string) []byte {
	body = `<?xml version="1.0" encoding="UTF-8"?>` + body
	return []byte("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// head is the beginning of a request, as far as the stub looks at it.
type head struct {
	method, target []byte
	length         int64
	expects        bool
}

// converse answers the requests of one connection.
func (s *stub) converse(c net.Conn) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 16<<10)
	for {
		if _, err := in.Peek(1); err != nil {
			return
		}
		s.enter()
		h, err := readHead(in)
		if err == nil && h.expects {
			time.Sleep(s.model.Delay)
			_, err = c.Write(answerGoOn)
		}
		answer := answerTo(h)
		if err == nil {
			err = s.drop(c, in, h.length)
		}
		time.Sleep(s.model.Delay)
		s.requests.Add(1)
		s.inFlight.Add(-1)
		if err != nil {
			return
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func answerTo(h head) []byte {
	_, query, _ := bytes.Cut(h.target, []byte("?"))
	switch string(h.method) {
	case "PUT":
		return answerPut
	case "POST":
		if bytes.Contains(query, []byte("uploadId=")) {
			return answerJoined
		}
		return answerCreate
	case "DELETE":
		return answerNone
	case "GET":
		if bytes.HasPrefix(query, []byte("location")) {
			return answerRegion
		}
		return answerGone
	}
	if bytes.Count(h.target, []byte("/")) <= 1 || bytes.HasSuffix(h.target, []byte("/")) {
		return []byte("HTTP/1.1 200 OK\r\n\r\n") // HEAD of a bucket
	}
	return answerGone
}

// readHead reads a request up to its body. The slices of what it returns are
// copies.
func readHead(in *bufio.Reader) (head, error) {
	var h head
	line, err := in.ReadSlice('\n')
	if err != nil {
		return h, err
	}
	first := bytes.Fields(line)
	if len(first) != 3 {
		return h, io.ErrUnexpectedEOF
	}
	h.method, h.target = bytes.Clone(first[0]), bytes.Clone(first[1])
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return h, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return h, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("content-length")):
			if h.length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return h, err
			}
		case bytes.EqualFold(name, []byte("expect")):
			h.expects = true
		}
	}
}

// drop takes length bytes off the connection, no faster than the model does.
func (s *stub) drop(c net.Conn, in *bufio.Reader, length int64) error {
	begun, taken := time.Now(), int64(0)
	buffered := min(int64(in.Buffered()), length)
	if _, err := in.Discard(int(buffered)); err != nil {
		return err
	}
	for taken = buffered; taken < length; {
		most := min(length-taken, maxDrop)
		if s.model.BytesPerSecond > 0 {
			most = min(most, 64<<10)
		}
		n, err := discard(c, s.nowhere[:most])
		taken += n
		if err != nil {
			return err
		}
		s.pace(begun, taken)
	}
	s.pace(begun, taken)
	return nil
}

// pace waits until so many bytes may have been taken since begun.
func (s *stub) pace(begun time.Time, taken int64) {
	if s.model.BytesPerSecond > 0 {
		time.Sleep(time.Until(begun.Add(time.Duration(taken) * time.Second / time.Duration(s.model.BytesPerSecond))))
	}
}
