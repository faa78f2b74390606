/** Has the page's server delete what was uploaded. Nothing is deleted in the store from here. */
import type { Hub } from "./hub.js";
import type { Dictionary } from "./objects.js";
import { headersFor } from "./options.js";
import { checked } from "./intake.js";
import { ask } from "./server.js";
import { status } from "./status.js";

export interface Deleted {
  key: string | undefined;
  bucket: string | undefined;
}

/** Asks the page, and then its server. deleted is called before the page hears of it. */
export function deleteFile(hub: Hub, id: number, place: () => Deleted, deleted: () => void): void {
  const { files } = hub;
  checked(hub.call("onSubmitDelete", id), () => {
    files.move(id, status.DELETING);
    hub.call("onDelete", id);
    const { key, bucket } = place();
    send(hub, id, { key, bucket }, (xhr, ok) => {
      const { name } = files.get(id);
      files.move(id, ok ? status.DELETED : status.DELETE_FAILED);
      if (ok) deleted();
      const reason = xhr.status === 0 ? "Delete request failed" : `Delete request failed with response code ${xhr.status}`;
      if (!ok) hub.call("onError", id, name, reason, xhr);
      hub.call("onDeleteComplete", id, xhr, !ok);
    });
  }, () => undefined);
}

function send(hub: Hub, id: number, { key, bucket }: Deleted, ended: (xhr: XMLHttpRequest, ok: boolean) => void): void {
  const { options, files, deletion } = hub;
  const { uuid } = files.get(id);
  const headers = deletion.headers.get(id);
  const method = options.deleteFile.method.toUpperCase();
  const params: Dictionary = { ...deletion.params.get(id), key, bucket };
  const endpoint = deletion.endpoint.get(id);
  if (method === "POST") {
    params[String(options.request.uuidName)] = uuid;
    params["_method"] = "DELETE";
  }
  ask({
    method, params, cors: options.cors, ended,
    url: method === "POST" ? endpoint : `${endpoint.replace(/\/$/, "")}/${encodeURIComponent(uuid)}`,
    headers: headersFor(headers, id),
  });
}
