package release

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is a folder with a program that has the package installed, from the
// file that npm publishes and from nowhere else.
func program(t *testing.T) (dir string, packed []string) {
	t.Helper()
	var about []struct {
		Filename string
		Files    []struct{ Path string }
	}
	dir = t.TempDir()
	out := run(t, dist, "npm", "pack", "--json", "--pack-destination", dir)
	if err := json.Unmarshal([]byte(out), &about); err != nil || len(about) != 1 {
		t.Fatalf("npm pack says %q: %v", out, err)
	}
	for _, file := range about[0].Files {
		packed = append(packed, file.Path)
	}
	write(t, dir, "package.json", `{"name": "program", "version": "1.0.0", "private": true, "type": "module"}`)
	run(t, dir, "npm", "install", "--offline", "--no-audit", "--no-fund", "./"+about[0].Filename)
	return dir, packed
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// entries imports each entry, on a server, and says what it gives, and what it
// leaves behind in the program's globals.
const entries = `
const before = new Set(Object.getOwnPropertyNames(globalThis));
const given = {};
for (const name of ["", "/ui", "/login", "/fine-uploader", "/fine-uploader/lib/core/s3"]) {
  given[name] = Object.keys(await import("bucketline" + name)).sort();
}
for (const name of ["engine.wasm", "exchange.wasm", "bucketline-worker.js", "bucketline.min.js", "fine-uploader.js", "manifest.json", "package.json"]) {
  given[name] = [new URL(import.meta.resolve("bucketline/" + name)).pathname.split("/").pop()];
}
given.globals = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
console.log(JSON.stringify(given));
`

// required is the same by require, where that is promised: for the drop-in,
// whose users have CommonJS.
const required = `
const qq = require("bucketline/fine-uploader"), { s3 } = require("bucketline/fine-uploader/lib/core/s3");
console.log(JSON.stringify([typeof qq.s3.FineUploaderBasic, typeof s3.FineUploaderBasic, qq.version]));
`

// consumer uses each entry as a program in TypeScript does.
const consumer = `
import { BucketlineError, assumeRoleWithWebIdentity, createUploader, type UploadTask, type Uploader } from "bucketline";
import { createLogin } from "bucketline/login";
import { BucketlineUploader, english } from "bucketline/ui";
import qq from "bucketline/fine-uploader";

const uploader: Uploader = createUploader({
  bucket: "photos",
  region: "eu-west-1",
  credentials: () => assumeRoleWithWebIdentity({ endpoint: "https://sts.example.com", roleArn: "arn:aws:iam::1:role/up", token: "a.b.c" }),
});
export const task: UploadTask = uploader.upload(new Blob(["x"]), { key: "x" });
export const key: string = (await task).key;
export const code = (error: unknown): string => (error instanceof BucketlineError ? error.code : "");
// @ts-expect-error a bucket's name is no number
createUploader({ bucket: 1 });
export const login: ReturnType<typeof createLogin> | undefined = undefined;
document.querySelector("bucketline-uploader")!.uploader = uploader;
export const element: HTMLElement = new BucketlineUploader();
export const words: object = english;
new qq.s3.FineUploaderBasic({ request: { endpoint: "https://photos.s3.amazonaws.com", accessKey: "A" } });
// @ts-expect-error there is no such part
qq.azure.FineUploaderBasic;
`

func TestPackage(t *testing.T) {
	dir, packed := program(t)

	t.Run("has what is promised and nothing else", func(t *testing.T) {
		about := read[map[string]any](t, filepath.Join(dir, "node_modules", "bucketline", "package.json"))
		for _, name := range []string{"scripts", "dependencies", "devDependencies", "gypfile", "bin"} {
			if about[name] != nil {
				t.Errorf("package.json has %s: %v", name, about[name])
			}
		}
		for _, path := range packed {
			known := strings.HasSuffix(path, ".d.ts") || strings.HasSuffix(path, ".d.cts") || strings.HasSuffix(path, ".js.map") ||
				slices.Contains([]string{".js", ".cjs", ".wasm", ".txt", ".md", ".json", ""}, filepath.Ext(path))
			if !known || strings.Contains(path, "test") {
				t.Errorf("npm publishes %s", path)
			}
		}
		for _, path := range []string{
			"README.md", "LICENSE", "LICENSES.txt", "bucketline.js", "bucketline.js.map", "bucketline.min.js", "bucketline-worker.js",
			"engine.wasm", "exchange.wasm", "fine-uploader.cjs", "fine-uploader.js", "manifest.json", "types/core/index.d.ts",
		} {
			if !slices.Contains(packed, path) {
				t.Errorf("npm does not publish %s", path)
			}
		}
	})

	t.Run("is imported on a server", func(t *testing.T) {
		write(t, dir, "entries.mjs", entries)
		var given map[string][]string
		if err := json.Unmarshal([]byte(run(t, dir, "node", "entries.mjs")), &given); err != nil {
			t.Fatal(err)
		}
		for entry, want := range map[string]string{
			"": "createUploader", "/ui": "BucketlineUploader", "/login": "createLogin", "/fine-uploader": "default", "/fine-uploader/lib/core/s3": "s3",
			"engine.wasm": "engine.wasm", "manifest.json": "manifest.json", "bucketline.min.js": "bucketline.min.js",
		} {
			if !slices.Contains(given[entry], want) {
				t.Errorf("bucketline%s gives %q, want %s among them", entry, given[entry], want)
			}
		}
		// Lit counts its versions.
		if left := slices.DeleteFunc(given["globals"], func(name string) bool {
			return strings.HasPrefix(name, "lit") || strings.HasPrefix(name, "reactive")
		}); len(left) > 0 {
			t.Errorf("the imports leave %q behind", left)
		}
	})

	t.Run("is required", func(t *testing.T) {
		write(t, dir, "required.cjs", required)
		if got := strings.TrimSpace(run(t, dir, "node", "required.cjs")); got != `["function","function","5.16.2"]` {
			t.Errorf("require gives %s", got)
		}
	})

	for module, resolution := range map[string]string{"nodenext": "nodenext", "esnext": "bundler"} {
		t.Run("has types for "+resolution, func(t *testing.T) {
			write(t, dir, "consumer.ts", consumer)
			run(t, dir, "node", filepath.Join(root, "web", "node_modules", "typescript", "bin", "tsc"), "--noEmit", "--strict",
				"--target", "es2022", "--lib", "es2022,dom,dom.iterable,esnext.disposable", "--types", "", "--module", module,
				"--moduleResolution", resolution, "--esModuleInterop", "consumer.ts")
		})
	}
}
