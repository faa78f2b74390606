package webdriver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// timeouts are the capability of that name, in milliseconds. A command's own
// limit is longer, so that the browser's word about it comes first.
var timeouts = params{"script": 60_000, "pageLoad": 60_000, "implicit": 0}

const commandWithin = 90 * time.Second

// maxAnswer bounds an answer, in bytes: a screenshot of a long page.
const maxAnswer = 64 << 20

// conn carries commands to one browser and returns the answer's value as JSON.
type conn interface {
	send(cmd command, p params) (json.RawMessage, error)
}

// command is one WebDriver command in both of its forms. Names in braces in the
// path stand for parameters that the HTTP form carries there; Marionette, which
// is what Firefox speaks, carries all of them in the same object.
type command struct{ method, path, name string }

var (
	cmdNewSession    = command{"POST", "", "WebDriver:NewSession"}
	cmdDeleteSession = command{"DELETE", "", "WebDriver:DeleteSession"}
	cmdNavigate      = command{"POST", "/url", "WebDriver:Navigate"}
	cmdCurrentURL    = command{"GET", "/url", "WebDriver:GetCurrentURL"}
	cmdTitle         = command{"GET", "/title", "WebDriver:GetTitle"}
	cmdRefresh       = command{"POST", "/refresh", "WebDriver:Refresh"}
	cmdBack          = command{"POST", "/back", "WebDriver:Back"}
	cmdPageSource    = command{"GET", "/source", "WebDriver:GetPageSource"}
	cmdScript        = command{"POST", "/execute/sync", "WebDriver:ExecuteScript"}
	cmdScreenshot    = command{"GET", "/screenshot", "WebDriver:TakeScreenshot"}
	cmdActions       = command{"POST", "/actions", "WebDriver:PerformActions"}
	cmdWindow        = command{"GET", "/window", "WebDriver:GetWindowHandle"}
	cmdWindows       = command{"GET", "/window/handles", "WebDriver:GetWindowHandles"}
	cmdNewWindow     = command{"POST", "/window/new", "WebDriver:NewWindow"}
	cmdSwitchWindow  = command{"POST", "/window", "WebDriver:SwitchToWindow"}
	cmdCloseWindow   = command{"DELETE", "/window", "WebDriver:CloseWindow"}
	cmdSetWindowRect = command{"POST", "/window/rect", "WebDriver:SetWindowRect"}
	cmdAcceptAlert   = command{"POST", "/alert/accept", "WebDriver:AcceptAlert"}

	cmdClick             = command{"POST", "/element/{id}/click", "WebDriver:ElementClick"}
	cmdSendKeys          = command{"POST", "/element/{id}/value", "WebDriver:ElementSendKeys"}
	cmdClear             = command{"POST", "/element/{id}/clear", "WebDriver:ElementClear"}
	cmdText              = command{"GET", "/element/{id}/text", "WebDriver:GetElementText"}
	cmdAttribute         = command{"GET", "/element/{id}/attribute/{name}", "WebDriver:GetElementAttribute"}
	cmdProperty          = command{"GET", "/element/{id}/property/{name}", "WebDriver:GetElementProperty"}
	cmdRole              = command{"GET", "/element/{id}/computedrole", "WebDriver:GetComputedRole"}
	cmdLabel             = command{"GET", "/element/{id}/computedlabel", "WebDriver:GetComputedLabel"}
	cmdDisplayed         = command{"GET", "/element/{id}/displayed", "WebDriver:IsElementDisplayed"}
	cmdEnabled           = command{"GET", "/element/{id}/enabled", "WebDriver:IsElementEnabled"}
	cmdElementScreenshot = command{"GET", "/element/{id}/screenshot", "WebDriver:TakeScreenshot"}
)

type params map[string]any

// Error is what a browser answers when it cannot do as told: the code and the
// message of W3C WebDriver, section "Errors".
type Error struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Code + ": " + strings.TrimSpace(e.Message) }

// hasCode reports whether err is an Error with one of the codes.
func hasCode(err error, codes ...string) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

// httpConn is WebDriver over HTTP, as ChromeDriver and WebKitWebDriver speak it.
type httpConn struct {
	driver  string // http://127.0.0.1:port/session
	session string // its id; empty when there is none
	client  http.Client
}

func newHTTPConn(port string) *httpConn {
	return &httpConn{
		driver: "http://127.0.0.1:" + port + "/session",
		client: http.Client{
			Timeout: commandWithin,
			// No proxy: the driver is on this machine, whatever the environment says.
			Transport: &http.Transport{MaxIdleConnsPerHost: 1},
		},
	}
}

// open starts a session with the capabilities.
func (c *httpConn) open(capabilities params) error {
	b, err := c.send(cmdNewSession, params{"capabilities": params{"alwaysMatch": capabilities}})
	if err != nil {
		return err
	}
	var got struct {
		SessionID string `json:"sessionId"`
	}
	if err := json.Unmarshal(b, &got); err != nil {
		return err
	}
	if got.SessionID == "" {
		return fmt.Errorf("no session id in %s", b)
	}
	c.session = "/" + got.SessionID
	return nil
}

func (c *httpConn) send(cmd command, p params) (json.RawMessage, error) {
	path, p := cmd.fill(p)
	var body io.Reader
	if cmd.method == "POST" {
		b, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(cmd.method, c.driver+c.session+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s %s: %s: %w", cmd.method, path, resp.Status, err)
	}
	if resp.StatusCode != http.StatusOK {
		e := new(Error)
		if json.Unmarshal(answer.Value, e) != nil || e.Code == "" {
			return nil, fmt.Errorf("%s %s: %s: %s", cmd.method, path, resp.Status, answer.Value)
		}
		return nil, e
	}
	return answer.Value, nil
}

// fill puts the parameters that the path names into it and returns the others.
func (cmd command) fill(p params) (string, params) {
	path, rest := cmd.path, params{}
	for name, value := range p {
		if hole := "{" + name + "}"; strings.Contains(path, hole) {
			path = strings.ReplaceAll(path, hole, url.PathEscape(fmt.Sprint(value)))
			continue
		}
		rest[name] = value
	}
	return path, rest
}

// marionetteConn is the protocol of Firefox: messages of the form N:JSON over a
// TCP connection, N being the length of the JSON text in bytes, a command
// [0, number, name, parameters] and its answer [1, number, error, result].
// Firefox source documentation, "Marionette Protocol":
// https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
type marionetteConn struct {
	conn   net.Conn
	in     *bufio.Reader
	number int
}

func dialMarionette(port string) (*marionetteConn, error) {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	c := &marionetteConn{conn: conn, in: bufio.NewReader(conn)}
	conn.SetDeadline(time.Now().Add(commandWithin))
	var hello struct {
		MarionetteProtocol int
	}
	if err := c.read(&hello); err != nil {
		conn.Close()
		return nil, err
	}
	if hello.MarionetteProtocol != 3 {
		conn.Close()
		return nil, fmt.Errorf("Firefox speaks version %d of the Marionette protocol, want 3", hello.MarionetteProtocol)
	}
	return c, nil
}

// read reads one message into v.
func (c *marionetteConn) read(v any) error {
	head, err := c.in.ReadString(':')
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil || n < 0 || n > maxAnswer {
		return fmt.Errorf("a message of %q bytes", head)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.in, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func (c *marionetteConn) send(cmd command, p params) (json.RawMessage, error) {
	c.number++
	if p == nil {
		p = params{}
	}
	b, err := json.Marshal([]any{0, c.number, cmd.name, p})
	if err != nil {
		return nil, err
	}
	c.conn.SetDeadline(time.Now().Add(commandWithin))
	if _, err := fmt.Fprintf(c.conn, "%d:%s", len(b), b); err != nil {
		return nil, err
	}
	var failure *Error
	var number int
	var result json.RawMessage
	if err := c.read(&[]any{new(int), &number, &failure, &result}); err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.name, err)
	}
	if number != c.number {
		return nil, fmt.Errorf("%s: answer to command %d, want %d", cmd.name, number, c.number)
	}
	if failure != nil {
		return nil, failure
	}
	return unwrap(result), nil
}

// unwrap takes the value out of {"value": …}, which Marionette puts around
// most results but not around lists and rectangles.
func unwrap(result json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(result, &fields) == nil && len(fields) == 1 && fields["value"] != nil {
		return fields["value"]
	}
	return result
}
