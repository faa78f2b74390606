package exchange_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/sign"
)

// steps is a service of so many requests, whose answers are their bodies.
type steps struct {
	need   exchange.Need
	steps  int
	at     int
	tokens []string // that the requests were worded with
	times  []sign.UnixMilli
}

func (s *steps) Op() string          { return "Test" }
func (s *steps) Need() exchange.Need { return s.need }
func (s *steps) Restart()            { s.at = 0 }

func (s *steps) Word(given *exchange.Given) (exchange.Request, error) {
	s.tokens = append(s.tokens, given.Token+given.Source.AccessKeyID)
	s.times = append(s.times, given.At)
	if given.Token == "bad" {
		return exchange.Request{}, exchange.ErrBadSource
	}
	return exchange.Request{Method: "GET", URL: "https://host/?secret=1"}, nil
}

func (s *steps) Read(_ *exchange.Given, status int, body []byte) (cred.Credentials, bool, error) {
	if status != 200 {
		return cred.Credentials{}, false, &exchange.Error{Op: "Test", Status: status, Code: string(body)}
	}
	s.at++
	return cred.Credentials{Expiration: 7}, s.at == s.steps, nil
}

// drive answers tokens, then statuses with codes, as a driver does, and returns
// what was wanted, step by step.
func drive(m *exchange.Machine, tokens []string, answers []string) string {
	var story []string
	for range 50 {
		switch m.Step() {
		case exchange.StepToken, exchange.StepSource:
			word := map[bool]string{false: "give", true: "give another"}[m.Again()]
			story = append(story, word)
			token := tokens[0]
			tokens = tokens[1:]
			if m.Step() == exchange.StepToken {
				m.Token(token)
			} else {
				m.Source(sign.Credentials{AccessKeyID: token})
			}
		case exchange.StepSend:
			if _, err := m.Request(1000); err != nil {
				continue
			}
			story = append(story, "send")
			status, code := 200, ""
			fmt.Sscan(answers[0], &status, &code)
			answers = answers[1:]
			m.Answer(status, []byte(code))
		case exchange.StepDone:
			return strings.Join(append(story, "done"), ", ")
		case exchange.StepFailed:
			return strings.Join(append(story, "failed: "+m.Err().Error()), ", ")
		}
	}
	return "endless"
}

func TestMachine_steps(t *testing.T) {
	for _, c := range []struct {
		name    string
		service steps
		tokens  []string
		answers []string
		want    string
	}{
		{"one request", steps{steps: 1}, nil, []string{"200"}, "send, done"},
		{"a token", steps{need: exchange.NeedToken, steps: 1}, []string{"t"}, []string{"200"}, "give, send, done"},
		{"three requests with one token", steps{need: exchange.NeedToken, steps: 3}, []string{"t"}, []string{"200", "200", "200"}, "give, send, send, send, done"},
		{"credentials", steps{need: exchange.NeedSource, steps: 1}, []string{"k"}, []string{"200"}, "give, send, done"},
		{"a token that has ended", steps{need: exchange.NeedToken, steps: 1}, []string{"t", "u"}, []string{"400 ExpiredToken", "200"}, "give, send, give another, send, done"},
		{"one that has ended in the middle begins again", steps{need: exchange.NeedToken, steps: 2}, []string{"t", "u"},
			[]string{"200", "400 ExpiredToken", "200", "200"}, "give, send, send, give another, send, send, done"},
		{"the same again is not sent again", steps{need: exchange.NeedToken, steps: 1}, []string{"t", "t"}, []string{"400 ExpiredToken"},
			"give, send, give another, failed: Test: 400 ExpiredToken"},
		{"the same credentials neither", steps{need: exchange.NeedSource, steps: 1}, []string{"k", "k"}, []string{"403 ExpiredToken"},
			"give, send, give another, failed: Test: 403 ExpiredToken"},
		{"a second one that is refused is the end", steps{need: exchange.NeedToken, steps: 1}, []string{"t", "u"},
			[]string{"400 ExpiredToken", "400 InvalidIdentityToken"}, "give, send, give another, send, failed: Test: 400 InvalidIdentityToken"},
		{"nobody to ask for another", steps{steps: 1}, nil, []string{"400 ExpiredToken"}, "send, failed: Test: 400 ExpiredToken"},
		{"what a pause may mend is the driver's", steps{need: exchange.NeedToken, steps: 1}, []string{"t"}, []string{"503 ServiceUnavailable"},
			"give, send, failed: Test: 503 ServiceUnavailable"},
		{"a parameter that is wrong", steps{need: exchange.NeedToken, steps: 1}, []string{"bad"}, nil,
			"give, failed: " + exchange.ErrBadSource.Error()},
		{"no end", steps{steps: 100}, nil, strings.Split(strings.Repeat("200 ", 9), " "),
			strings.Repeat("send, ", 9) + "failed: " + exchange.ErrTooMany.Error()},
	} {
		m := exchange.New(&c.service)
		if got := drive(m, c.tokens, c.answers); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
		if done := m.Step() == exchange.StepDone; done != (m.Credentials().Expiration == 7) {
			t.Errorf("%s: credentials %v", c.name, m.Credentials())
		}
	}
}

// A wrong clock is corrected once, with the same token, and by the driver's time.
func TestMachine_resign(t *testing.T) {
	service := steps{need: exchange.NeedSource, steps: 1}
	m := exchange.New(&service)
	if got := drive(m, []string{"k"}, []string{"403 RequestTimeTooSkewed"}); got != "give, send, failed: Test: 403 RequestTimeTooSkewed" {
		t.Fatal(got)
	}
	if !m.Resign() || m.Step() != exchange.StepSend {
		t.Fatalf("Resign leaves step %d", m.Step())
	}
	if _, err := m.Request(99_000); err != nil {
		t.Fatal(err)
	}
	m.Answer(403, []byte("RequestTimeTooSkewed"))
	if m.Resign() {
		t.Error("the clock is corrected twice")
	}
	if fmt.Sprint(service.tokens, service.times) != "[k k] [1000 99000]" {
		t.Errorf("worded with %v at %v", service.tokens, service.times)
	}
	other := exchange.New(&steps{steps: 1})
	drive(other, nil, []string{"403 AccessDenied"})
	if other.Resign() {
		t.Error("Resign after a refusal that no clock can mend")
	}
}

func TestMachine_failIsTheEnd(t *testing.T) {
	m := exchange.New(&steps{need: exchange.NeedToken, steps: 1})
	m.Fail(errors.New("nobody signed in"))
	if m.Step() != exchange.StepFailed || m.Err().Error() != "nobody signed in" {
		t.Errorf("step %d, %v", m.Step(), m.Err())
	}
}

func TestPrint_showsNoSecret(t *testing.T) {
	given := exchange.Given{Token: "s3cret", Source: sign.Credentials{SecretAccessKey: "s3cret", SessionToken: "s3cret"}}
	request := exchange.Request{Method: "GET", URL: "https://host/path?token=s3cret", Body: []byte("s3cret")}
	m := exchange.New(&steps{need: exchange.NeedToken, steps: 1})
	m.Token("s3cret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{given, request, m} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "s3cret") {
				t.Errorf("%s of %T shows %s", verb, value, text)
			}
		}
	}
}
