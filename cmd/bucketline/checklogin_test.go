package main

import (
	"strings"
	"testing"
	"time"
)

// What STS or the first upload would refuse is found before anybody signs in.
func TestCheckLogin_saysWhatIsWrong(t *testing.T) {
	good := savedLogin{
		STS: "http://127.0.0.1:9002", RoleARN: "arn:aws:iam::111122223333:role/uploader",
		Endpoint: "http://127.0.0.1:9000", Profile: "ceph",
	}
	for _, c := range []struct {
		name     string
		change   func(*savedLogin)
		duration time.Duration
		want     string
	}{
		{"all is well", func(*savedLogin) {}, 15 * time.Minute, ""},
		{"no duration", func(*savedLogin) {}, 0, ""},
		{"half a second", func(*savedLogin) {}, 500 * time.Millisecond, "--duration 500ms: it must be whole seconds"},
		{"negative", func(*savedLogin) {}, -time.Second, "--duration -1s"},
		{"too short", func(*savedLogin) {}, time.Second, "duration is outside"},
		{"role", func(l *savedLogin) { l.RoleARN = "arn:bogus" }, 0, "role ARN"},
		{"STS in clear", func(l *savedLogin) { l.STS = "http://sts.example.com" }, 0, "endpoint is http"},
		{"profile", func(l *savedLogin) { l.Profile = "bogus" }, 0, `--profile "bogus" is unknown`},
		{"endpoint", func(l *savedLogin) { l.Endpoint = "foo" }, 0, "--endpoint: "},
	} {
		l := good
		c.change(&l)
		l.DurationSeconds = int(c.duration / time.Second)
		err := checkLogin(&l, c.duration)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: checkLogin = %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: checkLogin = %v, want %q in it", c.name, err, c.want)
		}
	}
}
