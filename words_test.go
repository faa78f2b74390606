package bucketline

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Every code that an upload can end with has words of its own.
func TestWords_forEveryCode(t *testing.T) {
	codes := []string{
		engine.CodeUnreachable, engine.CodeCORSBlocked, engine.CodeOffline, engine.CodeTimeout, engine.CodeTLSRefused,
		engine.CodeSourceUnreadable, engine.CodeSourceChanged, engine.CodeKeyRefused, engine.CodeAnswerInvalid,
		engine.CodeETagHidden, engine.CodeFileTooLarge, engine.CodeStalled, engine.CodeInUse, engine.CodeCorrupted,
		engine.CodeUndecided, engine.CodeExists,
		engine.WarnETagHidden, engine.WarnClock, engine.WarnJournal, engine.WarnRecord, engine.WarnUnverified,
		s3.CodeUnsupported, s3.CodeKeyInvalid, s3.CodeKeyTooLong, s3.CodeHeaderInvalid, s3.CodeHeaderTooLarge,
		s3.CodeMetadataInvalid, s3.CodeMetadataTooLarge, s3.CodeTagInvalid, s3.CodeTooManyTags, s3.CodeEncryption,
		s3.CodeLock, s3.CodeChecksum, s3.CodeCondition,
		cred.ErrNoAccessKey.Code(), cred.ErrBadAccessKey.Code(), cred.ErrNoSecretKey.Code(), cred.ErrBadSecretKey.Code(),
		cred.ErrBadSessionToken.Code(), cred.ErrAccount.Code(), cred.ErrExpired.Code(), cred.ErrNoExpiration.Code(), cred.ErrBadExpiration.Code(),
		cred.ErrExpirationDateOnly.Code(), cred.ErrExpirationNoZone.Code(), cred.ErrExpirationRange.Code(),
		CodeCancelled, CodeClosed, CodeCredentialsExpired, CodeCredentialsInvalid, CodeRefreshFailed, CodeOrphan,
		CodeSuspended, CodeNoRecord, CodeOtherStore,
		"AccessDenied", "NoSuchBucket", "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken",
		"RequestTimeTooSkewed", "EntityTooLarge", "PreconditionFailed", "KeyTooLongError",
	}
	for _, code := range codes {
		if _, ok := table[code]; !ok {
			t.Errorf("no words for %s", code)
		}
	}
}

// The words are plain: whole sentences, no shouting, no code in the sentence.
func TestWords_arePlain(t *testing.T) {
	for code, w := range table {
		for _, text := range []string{w.sentence, w.hint} {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "!") || strings.TrimSpace(text) != text {
				t.Errorf("%s: %q", code, text)
			}
		}
		if len(code) > 12 && strings.Contains(w.sentence, code) {
			t.Errorf("%s is in its own sentence: %q", code, w.sentence)
		}
	}
}

func TestError_text(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{Name: "video.mp4", Code: "SignatureDoesNotMatch", Status: 403, Part: 7, Parts: 120, RequestID: "4442587FB7D0A2F9"},
			`upload "video.mp4": part 7 of 120: 403 SignatureDoesNotMatch (request 4442587FB7D0A2F9)`},
		{Error{Name: "a", Code: "Unreachable", Err: errors.New("no route")}, `upload "a": Unreachable: no route`},
		{Error{Code: "ExpirationMissing"}, "ExpirationMissing"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
	doubtful := &Error{Code: "Stalled", Doubt: true}
	if got := doubtful.Sentence(); got != "Nothing moved for too long. It may have been stored all the same." {
		t.Errorf("a doubtful failure says %q", got)
	}
	unknown := &Error{Code: "XStrange", Message: "the tape robot is jammed"}
	if !strings.Contains(unknown.Sentence(), "the tape robot is jammed") || unknown.Hint() == "" {
		t.Errorf("unknown code says %q, %q", unknown.Sentence(), unknown.Hint())
	}
}

func TestTypeByName_endings(t *testing.T) {
	for name, want := range map[string]string{
		"a.jpg": "image/jpeg", "A.JPG": "image/jpeg", "dir.d/a": "", "a": "", ".png": "image/png", "a.tar.gz": "application/gzip",
		"a.ts": "", "a.": "", `c:\x.y\a.pdf`: "application/pdf", "a.unknown": "",
	} {
		if got := typeByName(name); got != want {
			t.Errorf("typeByName(%q) = %q, want %q", name, got, want)
		}
	}
}
