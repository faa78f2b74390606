package s3

import (
	"errors"
	"strings"
	"testing"
)

// User Guide, "Directory bucket naming rules".
func TestZone(t *testing.T) {
	for _, c := range []struct {
		bucket, zone string
		ok           bool
	}{
		{"photos--euw1-az1--x-s3", "euw1-az1", true},
		{"a--b--usw2-az1--x-s3", "usw2-az1", true},
		{"photos", "", false},
		{"photos--x-s3", "", false},
		{"--euw1-az1--x-s3", "", false},
		{"photos--euw1.az1--x-s3", "", false},
		{"pho/tos--euw1-az1--x-s3", "", false},
		{"Photos--euw1-az1--x-s3", "", false},
		{strings.Repeat("a", 48) + "--euw1-az1--x-s3", "", false},
		{strings.Repeat("a", 47) + "--euw1-az1--x-s3", "euw1-az1", true},
	} {
		if zone, ok := Zone(c.bucket); zone != c.zone || ok != c.ok {
			t.Errorf("Zone(%q) = %q, %v, want %q, %v", c.bucket, zone, ok, c.zone, c.ok)
		}
	}
}

// User Guide, "Regional and Zonal endpoints for directory buckets".
func TestTarget_directoryBucket(t *testing.T) {
	a, err := (&Target{Bucket: "photos--euw1-az1--x-s3", Region: "eu-west-1"}).Resolve()
	const host = "photos--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com"
	if err != nil || a.Scheme != "https" || a.Host != host || a.SignedHost != host || !a.Directory() {
		t.Errorf("Resolve = %+v, %v, want %s", a, err, host)
	}
	var wrong *InputError
	for name, target := range map[string]Target{
		"path style": {PathStyle: true}, "dual stack": {DualStack: true}, "accelerate": {Accelerate: true}, "MinIO": {Profile: ProfileMinIO, Endpoint: "https://minio.example"},
	} {
		target.Bucket, target.Region = "photos--euw1-az1--x-s3", "eu-west-1"
		if _, err := target.Resolve(); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if plain, err := (&Target{Bucket: "photos", Region: "eu-west-1"}).Resolve(); err != nil || plain.Directory() {
		t.Errorf("a general bucket: %v, %v", plain.Directory(), err)
	}
}
