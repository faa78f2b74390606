package engine

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// event reads a command that tells the engine something.
func (s *script) event(words []string, line string) Event {
	switch words[0] {
	case "add":
		return s.added(words[1:])
	case "describe":
		return s.describe(words)
	case "undescribe":
		return Event{Kind: EvUndescribed, File: s.file(words[1]), Cause: s.cause(words[2])}
	case "credentials":
		s.set++
		id := "AKID" + strconv.Itoa(s.set)
		if len(words) == 3 {
			id = words[2]
		}
		secret := "secret"
		if s.config.RemoteSign {
			secret = ""
		}
		return Event{Kind: EvCredentials, Credentials: &cred.Credentials{
			Credentials: sign.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: "token"},
			Expiration:  s.now.Wall + sign.UnixMilli(s.number(words[1])*1000),
		}}
	case "sent":
		return Event{Kind: EvSent, Req: s.req(words[1]), Bytes: s.number(words[2])}
	case "break":
		return Event{Kind: EvBroke, Req: s.req(words[1]), Cause: s.cause(words[2])}
	case "answer":
		return s.answer(words, line)
	case "hash":
		return Event{Kind: EvHashed, Req: s.req(words[1]), Digest: s.hex(words[2])}
	case "read":
		return Event{Kind: EvRead, Req: s.req(words[1]), Bytes: s.number(words[2]), Last: len(words) > 3}
	case "sign":
		return s.sign(words)
	case "load":
		return s.load(words)
	case "saved":
		ev := Event{Kind: EvSaved, File: s.file(words[1])}
		if len(words) > 2 {
			ev.Cause = CauseStorage
		}
		return ev
	case "clock":
		return Event{Kind: EvClock, Wall: s.now.Wall + sign.UnixMilli(s.number(words[1])*1000)}
	case "sweep":
		return Event{Kind: EvSweep, Name: words[1], Wall: s.now.Wall - sign.UnixMilli(s.number(words[2])*1000), Keep: words[3:]}
	case "abandon":
		name := s.names[s.file(words[1])]
		return Event{Kind: EvAbandon, Name: name, Record: s.disk[name]}
	}
	return s.wish(words, line)
}

var choices = map[string]OnConflict{"ask": ConflictAsk, "skip": ConflictSkip, "rename": ConflictRename, "replace": ConflictReplace}

// wish reads the commands by which a user or the platform wants something.
func (s *script) wish(words []string, line string) Event {
	var ev Event
	switch words[0] {
	case "prioritize":
		ev.Priority = s.priority(words[2])
	case "resolve":
		ev.OnConflict = choices[words[2]]
	}
	name := line
	if len(words) > 1 && words[0] != "all" && words[0] != "refresh" {
		ev.File, name = s.file(words[1]), words[0]
	}
	kind, ok := map[string]EventKind{
		"cancel": EvCancel, "pause": EvPause, "resume": EvResume, "retry": EvRetry, "prioritize": EvPrioritize, "resolve": EvResolve,
		"all pause": EvPauseAll, "all resume": EvResumeAll, "all retry": EvRetryAll, "all cancel": EvCancelAll,
		"offline": EvOffline, "online": EvOnline, "expire": EvExpire, "refresh failed": EvRefreshFailed,
	}[name]
	if !ok {
		s.fail("no such command: %s", line)
	}
	ev.Kind = kind
	return ev
}

func (s *script) added(words []string) Event {
	ev := Event{Kind: EvAdded}
	priority := queue.PriorityNormal
	if words[0] == "high" || words[0] == "low" {
		priority, words = s.priority(words[0]), words[1:]
	}
	for _, size := range words {
		spec := Spec{Size: UnknownSize, Priority: priority}
		if size != "stream" {
			spec.Size = s.number(size)
		}
		ev.Files = append(ev.Files, spec)
	}
	return ev
}

func (s *script) describe(words []string) Event {
	file := s.file(words[1])
	ev := Event{Kind: EvDescribed, File: file, Object: &s3.Object{Key: words[2]}}
	for _, w := range words[3:] {
		switch name, value, _ := strings.Cut(w, "="); name {
		case "if-none-match":
			ev.Object.IfNoneMatch = "*"
		case "journal":
			ev.Source = journal.Source{Name: "source", Size: s.engine.table.Size(file), Modified: 1, Print: value}
		case "digest":
			algorithm, digest, _ := strings.Cut(value, ":")
			ev.Object.Algorithm, ev.Object.Digest = s.algorithm(algorithm), s.hex(digest)
		default:
			var ok bool
			if ev.OnConflict, ok = choices[w]; !ok {
				s.fail("no such property: %s", w)
			}
		}
	}
	return ev
}

// sign makes the signature of a request as whoever keeps the secret does.
func (s *script) sign(words []string) Event {
	ev := Event{Kind: EvSigned, Req: s.req(words[1])}
	if len(words) == 2 {
		ev.Digest = s.macs[ev.Req]
	} else if words[2] == "short" {
		ev.Digest = []byte("MAC")
	}
	return ev
}

func (s *script) load(words []string) Event {
	file := s.file(words[1])
	ev := Event{Kind: EvLoaded, File: file, Record: s.disk[s.names[file]]}
	if len(words) > 2 {
		switch words[2] {
		case "damaged":
			ev.Record = []byte("not a record")
		case "torn":
			ev.Record = ev.Record[:len(ev.Record)-1]
		case "later":
			ev.Record = later(ev.Record)
		case "locked":
			ev.Record, ev.Cause = nil, CauseLocked
		case "broken":
			ev.Record, ev.Cause = nil, CauseStorage
		}
	}
	return ev
}

// later returns the head of record as a later version would write it: see
// package journal.
func later(record []byte) []byte {
	const version, length, prefix = 4, 5, 9
	head := append([]byte(nil), record[:prefix+binary.LittleEndian.Uint32(record[length:])]...)
	head[version]++
	return binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, crc32.MakeTable(crc32.Castagnoli)))
}

func (s *script) answer(words []string, line string) Event {
	ev := Event{Kind: EvAnswered, Req: s.req(words[1]), Status: int(s.number(words[2]))}
	for _, w := range words[3:] {
		if strings.HasPrefix(w, "<") {
			ev.Body = []byte(line[strings.Index(line, "<"):])
			break
		}
		if kind, value, ok := strings.Cut(w, ":"); ok && !strings.Contains(kind, "=") {
			s.body(&ev, kind, value)
			continue
		}
		name, value, _ := strings.Cut(w, "=")
		ev.Header = append(ev.Header, s3.Field{Name: name, Value: value})
	}
	return ev
}

// body reads a word of an answer that stands for a longer one:
//
//	digest:HEX                   what the driver computed beside the sending
//	date:SECONDS                 Date: so many seconds from now
//	error:CODE                   a refusal
//	upload:ID                    of CreateMultipartUpload
//	joined:ETAG[,NAME=HEX]       of CompleteMultipartUpload, with the object's checksum
//	listed:[N,ETAG,SIZE[,NAME=HEX][;…]][;more]
//	                             of ListParts; "more" for another page
//	uploads:[KEY,ID,SECONDS[;…]][;more]
//	                             of ListMultipartUploads, begun so many seconds ago,
//	                             or "-" where the store does not say when
//
// An answer that is something else is written out, from its "<" on.
func (s *script) body(ev *Event, kind, value string) {
	switch kind {
	case "digest":
		ev.Digest = s.hex(value)
	case "date":
		date := s.now.Wall + sign.UnixMilli(s.number(value)*1000)
		ev.Header = append(ev.Header, s3.Field{Name: "Date", Value: string(date.AppendHTTPDate(nil))})
	case "error":
		ev.Body = []byte("<Error><Code>" + value + "</Code></Error>")
	case "upload":
		ev.Body = []byte("<InitiateMultipartUploadResult><UploadId>" + value + "</UploadId></InitiateMultipartUploadResult>")
	case "joined":
		etag, checksum, _ := strings.Cut(value, ",")
		ev.Body = []byte("<CompleteMultipartUploadResult><ETag>" + etag + "</ETag>" + s.element(checksum) + "</CompleteMultipartUploadResult>")
	case "listed":
		ev.Body = []byte("<ListPartsResult>" + s.listed(value) + "</ListPartsResult>")
	case "uploads":
		ev.Body = []byte("<ListMultipartUploadsResult>" + s.uploads(value) + "</ListMultipartUploadsResult>")
	default:
		s.fail("no such answer: %s", kind)
	}
}

func (s *script) listed(parts string) string {
	var xml strings.Builder
	for part := range strings.SplitSeq(parts, ";") {
		switch part {
		case "":
		case "more":
			xml.WriteString("<IsTruncated>true</IsTruncated>")
		default:
			f := append(strings.Split(part, ","), "", "", "")
			fmt.Fprintf(&xml, "<Part><PartNumber>%s</PartNumber><ETag>%s</ETag><Size>%d</Size>%s</Part>", f[0], f[1], s.number(f[2]), s.element(f[3]))
		}
	}
	return xml.String()
}

func (s *script) uploads(list string) string {
	var xml strings.Builder
	last := []string{"", ""}
	for upload := range strings.SplitSeq(list, ";") {
		switch upload {
		case "":
		case "more":
			fmt.Fprintf(&xml, "<IsTruncated>true</IsTruncated><NextKeyMarker>%s</NextKeyMarker><NextUploadIdMarker>%s</NextUploadIdMarker>", last[0], last[1])
		default:
			last = strings.Split(upload, ",")
			fmt.Fprintf(&xml, "<Upload><Key>%s</Key><UploadId>%s</UploadId>", last[0], last[1])
			if last[2] != "-" {
				begun := s.now.Wall - sign.UnixMilli(s.number(last[2])*1000)
				fmt.Fprintf(&xml, "<Initiated>%s</Initiated>", begun.AppendISO8601(nil))
			}
			xml.WriteString("</Upload>")
		}
	}
	return xml.String()
}

// element is a checksum, NAME=HEX, as answers have it.
func (s *script) element(checksum string) string {
	name, value, ok := strings.Cut(checksum, "=")
	if !ok {
		return ""
	}
	s.algorithm(name)
	return "<Checksum" + name + ">" + base64.StdEncoding.EncodeToString(s.hex(value)) + "</Checksum" + name + ">"
}

// req finds a request by the name that drain printed, FILE/OPERATION[/PART].
func (s *script) req(name string) ReqID {
	id, ok := s.live[name]
	if !ok {
		s.fail("%s was never asked for", name)
	}
	return id
}

func (s *script) cause(name string) Cause {
	cause, ok := map[string]Cause{
		"unreachable": CauseUnreachable, "opaque": CauseOpaque, "offline": CauseOffline, "brokenoff": CauseBrokenOff,
		"unreadable": CauseSourceUnreadable, "changed": CauseSourceChanged, "refused": CauseRefused,
		"timeout": CauseTimeout, "tls": CauseTLS, "toolarge": CauseAnswerTooLarge,
	}[name]
	if !ok {
		s.fail("no such cause: %s", name)
	}
	return cause
}

func (s *script) priority(name string) queue.Priority {
	p, ok := map[string]queue.Priority{"high": queue.PriorityHigh, "normal": queue.PriorityNormal, "low": queue.PriorityLow}[name]
	if !ok {
		s.fail("no such priority: %s", name)
	}
	return p
}

func (s *script) algorithm(name string) s3.Algorithm {
	if name == s3.ContentMD5.String() {
		return s3.ContentMD5
	}
	a, ok := s3.ParseAlgorithm(name)
	if !ok {
		s.fail("no such checksum: %s", name)
	}
	return a
}

func (s *script) file(word string) FileID { return FileID(s.number(word)) }

func (s *script) hex(word string) []byte {
	raw, err := hex.DecodeString(word)
	if err != nil {
		s.fail("%v", err)
	}
	return raw
}

func (s *script) number(word string) int64 {
	unit := int64(1)
	if w, ok := strings.CutSuffix(word, "M"); ok {
		word, unit = w, 1<<20
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		s.fail("%v", err)
	}
	return n * unit
}
