/** Where an endpoint leads: which bucket it is, and what is signed for it. */

/** An endpoint with its scheme. What names none is https, but on this machine. */
export function endpointOf(endpoint: string): string {
  const trimmed = endpoint.replace(/\/+$/, "");
  if (/^https?:\/\//i.test(trimmed)) return trimmed;
  const rest = trimmed.replace(/^\/\//, "");
  return (/^(localhost|127\.\d+\.\d+\.\d+)(:|\/|$)/i.test(rest) ? "http://" : "https://") + rest;
}

/** Amazon's own hosts, after the bucket's name and a dot. */
const amazon = /^s3([.-][a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/;

/** The bucket of an endpoint: in Amazon's host name, in the path, or the host name itself. */
export function bucketOf(endpoint: string): string {
  const [, host = "", path = ""] = /^https?:\/\/([^/?#]*)\/?([^?#]*)/i.exec(endpointOf(endpoint)) ?? [];
  const name = host.toLowerCase().replace(/:\d+$/, "");
  const labels = name.split(".");
  for (let i = 1; i < labels.length; i++) {
    if (amazon.test(labels.slice(i).join("."))) return labels.slice(0, i).join(".");
  }
  const [folder = ""] = path.split("/");
  return folder || name.replace(/[^a-z0-9._-].*$/, "");
}

/** The host that a signature covers: what stands after the scheme, up to the path. */
export function hostOf(endpoint: string): string {
  return endpointOf(endpoint).replace(/^https?:\/\//i, "").replace(/[/?#].*$/, "");
}
