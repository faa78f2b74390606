package devstack

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	devicePath = "/device" // the verification URI, where people type the code

	maxDevices   = 1000 // devices that wait; the oldest is dropped for a new one
	devicePoll   = time.Second
	deviceSlower = 5 * time.Second // RFC 8628, section 3.5, "slow_down"

	defaultDeviceCodeLife = 10 * time.Minute
)

// deviceFlow is how user codes are made: 20 consonants to the eighth are too
// many to guess within a code's life, and spell no word (RFC 8628, section 6.1).
func deviceFlow(life time.Duration) op.DeviceAuthorizationConfig {
	return op.DeviceAuthorizationConfig{
		Lifetime: life, PollInterval: devicePoll, UserFormPath: devicePath, UserCode: op.UserCodeBase20,
	}
}

// devices are the sign-ins of devices without a browser (RFC 8628), by device
// code, until the device has fetched its tokens.
type devices struct {
	mu      sync.Mutex
	waiting map[string]*device
}

// A device waits for somebody to allow it.
type device struct {
	state    op.DeviceAuthorizationState
	userCode string
	started  time.Time
	asked    time.Time     // when it asked last
	interval time.Duration // how long it has to leave between two times
	tries    int           // wrong passwords
}

// StoreDeviceAuthorization notes a device.
func (g *grants) StoreDeviceAuthorization(_ context.Context, client, deviceCode, userCode string, expires time.Time, scopes []string) error {
	d := &g.devices
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, taken := d.find(userCode); taken == nil {
		return op.ErrDuplicateUserCode
	}
	if d.waiting == nil {
		d.waiting = make(map[string]*device)
	}
	makeRoom(d.waiting, maxDevices, func(d *device) time.Time { return d.started })
	d.waiting[deviceCode] = &device{
		state:    op.DeviceAuthorizationState{ClientID: client, Scopes: scopes, Expires: expires},
		userCode: userCode, started: time.Now(), interval: devicePoll,
	}
	return nil
}

// GetDeviceAuthorizatonState answers a device that asks. One that asks too often
// is told so by the error that op takes for that, and has to slow down from then
// on. Tokens are given once.
func (g *grants) GetDeviceAuthorizatonState(_ context.Context, client, deviceCode string) (*op.DeviceAuthorizationState, error) {
	d := &g.devices
	d.mu.Lock()
	defer d.mu.Unlock()
	one, ok := d.waiting[deviceCode]
	if !ok || one.state.ClientID != client {
		return nil, errNotPending
	}
	early := !one.asked.IsZero() && time.Since(one.asked) < one.interval*9/10
	one.asked = time.Now()
	if early {
		one.interval += deviceSlower
		return nil, context.DeadlineExceeded
	}
	if one.state.Done || one.state.Denied {
		delete(d.waiting, deviceCode)
	}
	state := one.state
	return &state, nil
}

// find returns the device with a user code that can still be used. The caller
// holds the lock.
func (d *devices) find(userCode string) (*device, error) {
	for _, one := range d.waiting {
		if one.userCode == userCode && !one.state.Done && !one.state.Denied && time.Now().Before(one.state.Expires) {
			return one, nil
		}
	}
	return nil, errNotPending
}

// client is whose device has the user code.
func (d *devices) client(userCode string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, err := d.find(userCode)
	if err != nil {
		return "", err
	}
	return one.state.ClientID, nil
}

// failed counts a wrong password and drops the device at maxLoginTries.
func (d *devices) failed(userCode string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if one, err := d.find(userCode); err == nil {
		if one.tries++; one.tries >= maxLoginTries {
			one.state.Denied = true
		}
	}
}

// decide lets subject in at the device, or nobody.
func (d *devices) decide(userCode, subject string, allow bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, err := d.find(userCode)
	switch {
	case err != nil:
		return err
	case !allow:
		one.state.Denied = true
		return nil
	}
	one.state.Done, one.state.Subject, one.state.AMR, one.state.AuthTime = true, subject, []string{"pwd"}, time.Now()
	return nil
}

// userCode is code as it was given out, however somebody typed it (RFC 8628,
// section 6.1).
func userCode(typed string) string {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(op.CharSetBase20, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
	if len(letters) != op.UserCodeBase20.CharAmount {
		return ""
	}
	half := op.UserCodeBase20.DashInterval
	return letters[:half] + "-" + letters[half:]
}

// deviceView is what device.html shows.
type deviceView struct {
	Code, Client, Name string
	Message            string // why the last try failed
	Done               string // "allowed" or "denied"; empty: there is a form
	Users              []User
}

const unknownCode = "No device waits with this code. Compare it with the code that your terminal shows; it works once, and for a few minutes."

func (p *provider) showDevice(w http.ResponseWriter, r *http.Request) {
	view := deviceView{}
	if typed := r.URL.Query().Get("user_code"); typed != "" {
		var err error
		if view.Code = userCode(typed); view.Code == "" {
			err = errNotPending
		} else {
			view.Client, err = p.grants.devices.client(view.Code)
		}
		if err != nil {
			view.Message = unknownCode
		}
	}
	p.showDevicePage(w, http.StatusOK, view)
}

// decideDevice takes the form: the code, who signs in, and allow or deny. There
// is no cookie, so that no other page can send it in somebody's name.
func (p *provider) decideDevice(w http.ResponseWriter, r *http.Request) {
	r.Body = limited(w, r, maxLoginBodyBytes)
	view := deviceView{Code: userCode(r.PostFormValue("code")), Name: r.PostFormValue("user")}
	client, err := p.grants.devices.client(view.Code)
	if err != nil {
		view.Message = unknownCode
		p.showDevicePage(w, http.StatusBadRequest, view)
		return
	}
	view.Client = client
	user, known := p.check(view.Name, r.PostFormValue("password"))
	if !known {
		p.grants.devices.failed(view.Code)
		view.Message = "That is not the password of one of these users."
		p.showDevicePage(w, http.StatusForbidden, view)
		return
	}
	view.Done = "denied"
	if r.PostFormValue("choice") == "allow" {
		view.Done = "allowed"
	}
	if p.grants.devices.decide(view.Code, user.Subject, view.Done == "allowed") != nil {
		p.showDevicePage(w, http.StatusBadRequest, deviceView{Code: view.Code, Name: view.Name, Message: unknownCode})
		return
	}
	p.showDevicePage(w, http.StatusOK, view)
}

func (p *provider) showDevicePage(w http.ResponseWriter, status int, view deviceView) {
	view.Users = p.users
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	p.device.Execute(w, view) // an error here is a closed connection
}
