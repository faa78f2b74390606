package world

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
)

// trouble is what goes wrong with requests of one kind.
type trouble struct {
	Op       string `json:"op"`
	Part     uint16 `json:"part"` // 0: any
	From, To int    // attempts, counted from 1; To 0: all from there on
	Code     string `json:"code"`
	Status   int    `json:"status"`
	Lose     bool   `json:"lose"`
	Broken   bool   `json:"broken"`
	InBody   bool   `json:"inBody"`
	Forget   bool   `json:"forget"`
	HideETag bool   `json:"hideETag"`
	Late     int    `json:"late"` // milliseconds
	Hold     bool   `json:"hold"` // whatever the attempt: it waits for other troubles, or for its page to go
}

func (w *World) setTroubles(all []trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.troubles = all
	close(w.released)
	w.released = make(chan struct{})
}

// hold keeps a request while the page wants that.
func (w *World) hold(r *http.Request) {
	op, part := operationOf(r)
	w.mu.Lock()
	released, held := w.released, false
	for _, f := range w.troubles {
		held = held || f.Hold && f.Op == op.String() && (f.Part == 0 || f.Part == part)
	}
	if !held {
		w.mu.Unlock()
		return
	}
	w.held++
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.held--
		w.mu.Unlock()
	}()
	select {
	case <-released:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

func operationOf(r *http.Request) (op s3.Op, part uint16) {
	query := r.URL.Query()
	number, _ := strconv.ParseUint(query.Get("partNumber"), 10, 16) // 0 where there is none
	switch has := query.Has; {
	case r.Method == http.MethodPut && has("partNumber"):
		return s3.OpUploadPart, uint16(number)
	case r.Method == http.MethodPost && has("uploads"):
		return s3.OpCreateMultipartUpload, 0
	case r.Method == http.MethodPost && has("uploadId"):
		return s3.OpCompleteMultipartUpload, 0
	case r.Method == http.MethodPost:
		return s3.OpPostObject, 0
	default:
		return 0, 0
	}
}

// fault is called under the store's lock.
func (w *World) fault(op s3.Op, _ string, part uint16, attempt int) fakes3.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if op == s3.OpPostObject || op == s3.OpCreateMultipartUpload {
		w.counts[op.String()]++
		attempt = w.counts[op.String()]
	}
	for _, f := range w.troubles {
		if f.Hold || f.Op != op.String() || f.Part != 0 && f.Part != part || attempt < f.From || f.To > 0 && attempt > f.To {
			continue
		}
		return fakes3.Fault{
			Code: f.Code, Status: f.Status, Lose: f.Lose, Broken: f.Broken, InBody: f.InBody, Forget: f.Forget, HideETag: f.HideETag,
			Late: time.Duration(f.Late) * time.Millisecond,
		}
	}
	return fakes3.Fault{}
}
