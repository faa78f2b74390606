/** What the page's own script did, as far as the platform shows it. */
export interface Seen {
  /** Bytes of memory of all engines. */
  wasmBytes: number;
  /** Bytes of files that script asked for. */
  readBytes: number;
  /** Requests with a body of file bytes, and with any other. */
  blobBodies: number;
  otherBodies: number;
  /** What the Content-Security-Policy refused. */
  violations: string[];
}

/** Watches from now on; seen says what there was. */
export function watchPage(): { seen(): Seen } {
  const memories: WebAssembly.Memory[] = [];
  const counts = { readBytes: 0, blobBodies: 0, otherBodies: 0 };
  const violations: string[] = [];

  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, given: [WebAssembly.Module, WebAssembly.Imports]) {
      const instance = new target(...given);
      const { memory } = instance.exports;
      if (memory instanceof WebAssembly.Memory) memories.push(memory);
      return instance;
    },
  });

  const reading = (blob: Blob): void => void (counts.readBytes += blob.size);
  const { arrayBuffer, text, stream } = Blob.prototype;
  Blob.prototype.arrayBuffer = function () { reading(this); return arrayBuffer.call(this); };
  Blob.prototype.text = function () { reading(this); return text.call(this); };
  Blob.prototype.stream = function () { reading(this); return stream.call(this); };
  const { readAsArrayBuffer } = FileReader.prototype;
  FileReader.prototype.readAsArrayBuffer = function (blob) { reading(blob); readAsArrayBuffer.call(this, blob); };

  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) {
    if (body instanceof Blob) counts.blobBodies++;
    else if (body) counts.otherBodies++;
    send.call(this, body);
  };

  addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));

  return {
    seen: () => ({ ...counts, violations, wasmBytes: memories.reduce((all, m) => all + m.buffer.byteLength, 0) }),
  };
}
