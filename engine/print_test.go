package engine

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

// drain prints what the engine asks for, until it asks for nothing.
func (s *script) drain() {
	if s.engine == nil {
		return
	}
	var act Action
	polled := 0
	for ; s.engine.Poll(s.now, &act); polled++ {
		s.print(&act)
	}
	if problem := wrong(s.engine); problem != "" {
		s.fail("the engine is wrong: %s", problem)
	}
	s.told = false
	s.tell(told{Polled: &polled})
}

func (s *script) print(act *Action) {
	file := fileName(act.File)
	switch act.Kind {
	case ActDescribe:
		s.printf("describe %s\n", file)
	case ActSend:
		s.printSend(act)
	case ActSign:
		s.printSign(act)
	case ActBreakOff:
		for name, id := range s.live {
			if id == act.Req {
				s.printf("break off %s\n", name)
			}
		}
	case ActHash:
		name := file + "/hash/" + strconv.Itoa(int(act.Part))
		s.live[name] = act.Req
		s.printf("hash %s bytes %d+%d by %v\n", name, act.Offset, act.Length, act.Hash)
	case ActRead:
		name := file + "/read/" + strconv.Itoa(int(act.Part))
		s.live[name] = act.Req
		s.printf("read %s bytes %d+%d\n", name, act.Offset, act.Length)
	case ActRefresh:
		s.printf("refresh: %v\n", act.Reason)
	case ActLoad, ActSave, ActAppend, ActForget, ActUnlock:
		s.printJournal(act)
	default:
		s.printNote(act, file)
	}
}

func (s *script) printNote(act *Action, file string) {
	switch act.Kind {
	case ActNoteState:
		s.printf("note %s %v%s%s\n", file, act.State, failureText(act.Err), resultText(act.Result))
	case ActNotePart:
		s.printf("note %s part %d%s\n", file, act.Part, resultText(act.Result))
	case ActNoteHold:
		s.printf("note hold: %v\n", act.Reason)
	case ActNoteRelease:
		s.printf("note release\n")
	case ActNoteOrphan:
		s.printf("note %s orphan %s%s\n", file, act.UploadID, failureText(act.Err))
	case ActNoteRetry:
		s.printf("note %s retry in %d ms%s\n", file, act.Delay, failureText(act.Err))
	case ActNoteWarning:
		s.printf("note %s warning%s", file, failureText(act.Err))
		if act.Delay != 0 {
			s.printf(" by %d ms", act.Delay)
		}
		s.printf("\n")
	case ActNoteResumed:
		s.printf("note %s resumed with %d parts%s\n", file, act.Part, resultText(act.Result))
	case ActNoteAll:
		s.printf("note all %v\n", act.State)
	case ActNoteSwept:
		s.printf("note swept %s of %s%s\n", act.UploadID, act.Name, failureText(act.Err))
	case ActNoteSweepEnd:
		s.printf("note swept below %s%s\n", act.Name, failureText(act.Err))
	default:
		s.fail("the engine asks for %+v", *act)
	}
}

func (s *script) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

// fileName is "-" for what is about no file.
func fileName(file FileID) string {
	if file == NoFile {
		return "-"
	}
	return strconv.Itoa(int(file))
}

// printSend prints a request, and of its header what transcripts are about.
func (s *script) printSend(act *Action) {
	name := fileName(act.File) + "/" + act.Send.Op.String()
	if act.Part > 0 {
		name += "/" + strconv.Itoa(int(act.Part))
	}
	s.live[name] = act.Req
	s.printf("send %s %s %s by %s", name, act.Send.Method, act.Send.AppendURL(nil), signer(act.Send))
	if date, ok := s3.HeaderValue(act.Send.Header, "x-amz-date"); ok && date != string(s.now.Wall.AppendAMZDate(nil)) {
		s.printf(" dated %s", date)
	}
	if act.Send.Body != nil {
		body := strings.ReplaceAll(string(act.Send.Body), "\n", "")
		s.printf(" body %s", strings.ReplaceAll(body, ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`, ""))
	} else if act.Length > 0 || act.Send.Op == s3.OpPutObject {
		s.printf(" bytes %d+%d", act.Offset, act.Length)
	}
	if act.Hash != s3.NoChecksum {
		s.printf(" and hash them by %v", act.Hash)
	}
	for _, h := range act.Send.Header {
		if name := strings.ToLower(h.Name); strings.HasPrefix(name, "x-amz-checksum-") || name == "content-md5" || strings.HasPrefix(name, "if-") {
			s.printf(" %s=%s", name, h.Value)
		}
	}
	for _, f := range act.Send.Form {
		switch strings.ToLower(f.Name) {
		case "policy", "signature", "x-amz-signature", "x-amz-date", "x-amz-security-token":
			s.printf(" %s=…", f.Name)
		default:
			s.printf(" %s=%s", f.Name, f.Value)
		}
	}
	s.printf("\n")
}

// printSign prints what is to be signed, by the name that the request will have,
// and keeps its signature.
func (s *script) printSign(act *Action) {
	r := s.engine.find(act.Req)
	name := fileName(act.File) + "/" + r.send.Op.String()
	if r.part > 0 {
		name += "/" + strconv.Itoa(int(r.part))
	}
	s.live[name] = act.Req
	s.macs[act.Req] = macOf(act.Draft, "secret")
	s.printf("sign %s", name)
	if act.Draft.Scope != "" {
		s.printf(" for %s", act.Draft.Scope)
	}
	if act.Draft.Ahead {
		s.printf(" ahead")
	}
	s.printf("\n")
}

// macOf is what the holder of the secret makes of a draft.
func macOf(d Draft, secret string) []byte {
	mac := func(new func() hash.Hash, key, text []byte) []byte {
		m := hmac.New(new, key)
		m.Write(text)
		return m.Sum(nil)
	}
	if d.Scope == "" {
		return mac(sha1.New, []byte(secret), d.Text)
	}
	key := []byte("AWS4" + secret)
	for step := range strings.SplitSeq(d.Scope, "/") {
		key = mac(sha256.New, key, []byte(step))
	}
	return mac(sha256.New, key, d.Text)
}

// signer is the access key ID of a signed request.
func signer(r *s3.Request) string {
	authorization := string(r.Authorization)
	for _, f := range r.Form {
		if name := strings.ToLower(f.Name); name == "x-amz-credential" || name == "awsaccesskeyid" {
			authorization = f.Value + "/"
		}
	}
	i := max(strings.Index(authorization, "AKID"), strings.Index(authorization, "ASIA"))
	if i < 0 {
		return "nobody"
	}
	return authorization[i:][:strings.IndexAny(authorization[i:], "/:")]
}

// printJournal keeps the records as a disk does, and prints what is in them.
func (s *script) printJournal(act *Action) {
	file := fileName(act.File)
	s.names[act.File] = act.Name
	switch act.Kind {
	case ActLoad:
		s.printf("load %s\n", file)
	case ActSave, ActAppend:
		if act.Kind == ActSave {
			s.disk[act.Name] = nil
		}
		s.disk[act.Name] = append(s.disk[act.Name], act.Record...)
		var r journal.Record
		if _, err := journal.Parse(s.disk[act.Name], &r); err != nil {
			s.fail("the journal's record: %v", err)
		}
		if act.Kind == ActSave {
			s.printf("save %s: upload %s of %s in parts of %d bytes", file, r.UploadID, r.Object.Key, r.PartSize)
			for i := range r.Parts {
				s.printf(", part %d", r.Parts[i].Number)
			}
			s.printf("\n")
			return
		}
		last := r.Parts[len(r.Parts)-1]
		s.printf("append %s: part %d etag %s%s\n", file, last.Number, last.ETag, digestText(r.Algorithm, last.Digest))
	case ActForget:
		delete(s.disk, act.Name)
		s.printf("forget %s\n", file)
	case ActUnlock:
		s.printf("unlock %s\n", file)
	}
}

func failureText(err *Error) string {
	if err == nil {
		return ""
	}
	text := ": " + err.Code
	if err.Op != 0 {
		text += " by " + err.Op.String()
	}
	if err.Part != 0 {
		text += " of part " + strconv.Itoa(int(err.Part))
	}
	if err.Parts != 0 {
		text += " of " + strconv.Itoa(int(err.Parts))
	}
	if err.Status != 0 {
		text += ", status " + strconv.Itoa(err.Status)
	}
	if err.RequestID != "" {
		text += ", request " + err.RequestID
	}
	if err.Message != "" {
		text += ", " + strconv.Quote(err.Message)
	}
	if err.Doubt {
		text += ", in doubt"
	}
	return text
}

func resultText(r *Result) string {
	if r == nil {
		return ""
	}
	text := ": " + strconv.FormatInt(r.Bytes, 10) + " bytes"
	if r.Key != "" {
		text += " as " + r.Key
	}
	if r.ETag != "" {
		text += ", etag " + r.ETag
	}
	if r.VersionID != "" {
		text += ", version " + r.VersionID
	}
	return text + digestText(r.Algorithm, r.Digest)
}

func digestText(a s3.Algorithm, digest []byte) string {
	if len(digest) == 0 {
		return ""
	}
	return ", " + a.String() + " " + hex.EncodeToString(digest)
}

func (s *script) printTotals() {
	x := s.engine.Totals()
	s.printf("=")
	for state, n := range x.Files {
		if n > 0 {
			s.printf(" %d %v", n, queue.State(state))
		}
	}
	s.printf("; size %d sent %d acknowledged %d stored %d resent %d; in flight %d of %d", x.Size, x.Sent, x.Acknowledged, x.Stored, x.Resent, x.InFlight, x.Window)
	if x.Offline {
		s.printf(", offline")
	}
	if x.Held {
		s.printf(", held: %v", x.Hold)
	}
	s.printf("\n")
}
