package judge

import (
	"crypto/rand"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

// post sends data as a browser form whose policy demands all that the form has.
// change may alter the policy before it is signed.
func (h *hand) post(t *testing.T, o *s3.Object, data []byte, change func(*sign.Policy)) (answer, *s3.Request) {
	t.Helper()
	r := new(s3.Request)
	boundary := rand.Text()
	if err := h.address.PostObject(r, o, boundary); err != nil {
		t.Fatal(err)
	}
	p := sign.Policy{Expiration: now() + 60_000}
	p.Equal("bucket", h.address.Bucket)
	for _, f := range r.Form {
		p.Field(f.Name, f.Value)
	}
	change(&p)
	var err error
	if h.version == 2 {
		err = h.v2.Policy(&p, &h.credentials, now())
	} else {
		err = h.v4.Policy(&p, &h.credentials, h.address.Region, now())
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Form = p.Form
	return h.sendForm(t, r, data), r
}

func (h *hand) sendForm(t *testing.T, r *s3.Request, data []byte) answer {
	t.Helper()
	body, err := r.AppendFormHead(nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, r, r.AppendFormTail(append(body, data...)))
}

func TestForm_isStored(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		for i, name := range oddNames {
			o := formed("form/" + h.name + "/" + name)
			data := harness.Bytes(uint32(i), 1000*i)
			a, _ := h.post(t, &o, data, func(p *sign.Policy) { p.ContentLengthRange(0, 1<<20) })
			result, err := s3.ParsePostObject(a.status, a.header, a.body)
			if err != nil || result.Key != o.Key || result.ETag == "" {
				t.Errorf("%s, %q: %+v, %v", h.name, name, result, err)
				continue
			}
			c.check(t, &o, data)
		}
	}
}

func TestForm_isHeldToItsPolicy(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		o := described("held/" + h.name)
		a, _ := h.post(t, &o, make([]byte, 101), func(p *sign.Policy) { p.ContentLengthRange(1, 100) })
		a.refused(t, h.name+", too long", s3.OpPostObject, 400, "EntityTooLarge")
		a, _ = h.post(t, &o, nil, func(p *sign.Policy) { p.ContentLengthRange(1, 100) })
		a.refused(t, h.name+", too short", s3.OpPostObject, 400, "EntityTooSmall")

		// A field that was changed after signing.
		_, r := h.post(t, &o, make([]byte, 200), func(p *sign.Policy) { p.ContentLengthRange(1, 100) })
		for i := range r.Form {
			if r.Form[i].Name == "key" {
				r.Form[i].Value = "held/elsewhere"
			}
		}
		a = h.sendForm(t, r, make([]byte, 50))
		if a.status != 403 && a.status != 400 {
			t.Errorf("%s: another key than signed: %v", h.name, a)
		}
	}
	c.absent(t, "held/")
}

// Stores put the file's name where a field says ${filename}. A key that happens
// to contain that must be stored as it is.
func TestForm_keyWithFilenameVariable_staysAsItIs(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		o := formed("named/" + h.name + "/${filename}")
		a, _ := h.post(t, &o, []byte("x"), func(*sign.Policy) {})
		a.must(t, h.name, 201)
		c.check(t, &o, []byte("x"))
	}
}

// formed is an object with properties that a form carries unharmed. It sends
// metadata as they are, and the spaces at the ends are lost when a header brings
// them back.
func formed(key string) s3.Object {
	o := described(key)
	o.Metadata = []s3.Field{{Name: "album", Value: "Été à Malmö, 夏 🏖️"}, {Name: "plain", Value: `"quoted"; a=b`}}
	return o
}
