/**
 * The worker beside a page. In one role it computes digests while the page sends
 * the same bytes, and keeps time, which browsers slow down in pages that nobody
 * sees: hashing.ts talks to it. In the other, as a worker of its own, it signs:
 * vault.ts does. It is bundled into a script of its own,
 * bucketline-worker.js, so that a page's CSP need allow worker-src 'self' alone.
 */
import { serve, type Port } from "./workerport.js";

serve(self as unknown as Port);
