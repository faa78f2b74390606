package main

import (
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/bucketline/bucketline/bench/native/load"
)

// client is one column of the benchmark: a program, and how it is called.
type client struct {
	name    string
	variant string
	does    func(load.Workload) bool
	program string
	args    func(*load.Job) []string // nil: it is told in its environment alone
	environ func(*load.Job) []string
}

func always(load.Workload) bool       { return true }
func manyFiles(w load.Workload) bool  { return w.ManyFiles() }
func oneFile(w load.Workload) bool    { return !w.ManyFiles() }
func wan(w load.Workload) bool        { return w.WAN }
func wanFile(w load.Workload) bool    { return w.WAN && !w.ManyFiles() }
func nearby(w load.Workload) bool     { return !w.WAN }
func withoutW4(w load.Workload) bool  { return w.Name != "W4" }
func nearbyFile(w load.Workload) bool { return !w.WAN && !w.ManyFiles() }

// ours are the clients that are built here.
var ours = []struct {
	program, variant string
	does             func(load.Workload) bool
}{
	{"floor", "16", nearby},
	{"floor", "64", wan},
	{"floor", "256", func(w load.Workload) bool { return w.WAN && w.ManyFiles() }},
	{"bucketline", "default", always},
	{"manager", "default", always},
	{"manager", "tuned", nearby},
	{"manager", "tuned64", wanFile},
	{"transfermanager", "default", always},
	{"transfermanager", "tuned", nearby},
	{"transfermanager", "tuned64", wanFile},
	{"miniogo", "default", always},
	{"miniogo", "tuned", nearby},
	{"miniogo", "tuned64", wanFile},
}

// commands are the clients that have to be on PATH. Slow starters are spared the
// 100,000 files.
var commands = []client{
	{
		name: "rclone default", program: "rclone", does: withoutW4,
		args:    func(j *load.Job) []string { return rclone(j) },
		environ: rcloneEnviron,
	},
	{
		name: "rclone tuned", program: "rclone", does: withoutW4,
		args: func(j *load.Job) []string {
			return append(rclone(j), "--transfers", "64", "--checkers", "64", "--s3-chunk-size", "16M", "--s3-upload-concurrency", "16", "--s3-disable-checksum", "--s3-use-unsigned-payload=true")
		},
		environ: rcloneEnviron,
	},
	{
		name: "s5cmd default", program: "s5cmd", does: always,
		args: func(j *load.Job) []string {
			return []string{"--endpoint-url", j.Endpoint, "--no-verify-ssl", "--log", "error", "cp", filepath.Join(j.Folder, j.Name) + "/", "s3://" + load.Bucket + "/" + j.Name + "/"}
		},
	},
	{
		name: "aws default", program: "aws", does: withoutW4,
		args: func(j *load.Job) []string {
			return []string{"--endpoint-url", j.Endpoint, "s3", "cp", "--only-show-errors", "--recursive", filepath.Join(j.Folder, j.Name), "s3://" + load.Bucket + "/" + j.Name}
		},
	},
	{
		name: "mc default", program: "mc", does: withoutW4,
		args: func(j *load.Job) []string {
			return []string{"--quiet", "--insecure", "cp", "--recursive", filepath.Join(j.Folder, j.Name) + "/", "bench/" + load.Bucket + "/" + j.Name + "/"}
		},
		environ: func(j *load.Job) []string {
			scheme, host := j.Endpoint[:len(j.Endpoint)-len(hostOf(j))], hostOf(j)
			return []string{"MC_HOST_bench=" + scheme + load.AccessKey + ":" + load.SecretKey + "@" + host}
		},
	},
}

var schemePattern = regexp.MustCompile(`^https?://`)

func hostOf(j *load.Job) string { return schemePattern.ReplaceAllString(j.Endpoint, "") }

func rclone(j *load.Job) []string {
	return []string{"copy", "--s3-no-check-bucket", "--no-check-certificate", filepath.Join(j.Folder, j.Name), "bench:" + load.Bucket + "/" + j.Name}
}

func rcloneEnviron(j *load.Job) []string {
	return []string{
		"RCLONE_CONFIG=", "RCLONE_CONFIG_BENCH_TYPE=s3", "RCLONE_CONFIG_BENCH_PROVIDER=Other", "RCLONE_CONFIG_BENCH_ENDPOINT=" + j.Endpoint,
		"RCLONE_CONFIG_BENCH_ACCESS_KEY_ID=" + load.AccessKey, "RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY=" + load.SecretKey,
		"RCLONE_CONFIG_BENCH_REGION=" + load.Region,
	}
}

// chosen returns the clients that run, and the names of those that cannot,
// because they are not on PATH.
func chosen(programs string, pattern *regexp.Regexp) (clients []client, absent []string) {
	for _, o := range ours {
		c := client{name: o.program + " " + o.variant, variant: o.variant, does: o.does, program: filepath.Join(programs, o.program)}
		if pattern.MatchString(c.name) {
			clients = append(clients, c)
		}
	}
	for _, c := range commands {
		if !pattern.MatchString(c.name) {
			continue
		}
		if exec.Command(c.program, "--version").Run() != nil {
			absent = append(absent, c.name)
			continue
		}
		clients = append(clients, c)
	}
	return clients, absent
}
