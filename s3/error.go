package s3

// InputError: the caller is wrong.
type InputError struct {
	Code    string // stable: "KeyTooLong", …
	Field   string // "Bucket", "Metadata[album]"
	Problem string
	Hint    string
}

func (e *InputError) Error() string { return e.Code }

// Error is a refusal by the store.
type Error struct {
	Op               Op
	Status           int
	Code, Message    string
	RequestID        string
	HostID           string
	Region, Endpoint string
	Resource         string
	ServerTime       int64 // Unix ms, 0: not told
	RetryAfterMillis int64 // 0: not told
}

func (e *Error) Error() string { return e.Code }

func (e *Error) Advice() Advice { return 0 }

func ParseError(op Op, status int, header []Field, body []byte) *Error { return nil }

type Advice uint8

const (
	AdviceStop          Advice = iota + 1 // nothing to be gained by another try
	AdviceRetry                           // the same request, after the usual delay
	AdviceBackOff                         // the same request, later, and fewer at once
	AdviceRefresh                         // new credentials, then the same request
	AdviceRefreshOnce                     // as AdviceRefresh, but stop when it happens again
	AdviceFixClock                        // correct the skew by ServerTime or Date, sign, send once more
	AdviceSign                            // the signature is too old: sign and send again
	AdviceRegion                          // sign for Region (or Endpoint) and send again, once
	AdviceResend                          // read the bytes again and send them; give up after 2
	AdviceRestartUpload                   // the multipart upload is gone: create another, send every part
	AdviceVerifyParts                     // ListParts, send what is missing or differs, complete again
	AdviceVerifyObject                    // HeadObject: if the ETag is the expected one it is done, else restart
	AdviceDone                            // what was asked for is already so
)
