/** What login needs of the page it runs in. Tests give another one. */
export interface Page {
  url(): URL;
  /** Leaves the page. */
  leaveFor(url: URL): void;
  /** Leaves the page by a form. */
  submit(url: URL, fields: Record<string, string>): void;
  /** Changes the address that is shown, without loading anything. */
  show(url: URL): void;
  /** Survives the way to the provider and back, in this tab alone. */
  readonly memory: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Opens a window on nothing yet; undefined when the browser blocks it. */
  openWindow(): { leaveFor(url: URL): void; close(): void } | undefined;
  /** Opens a frame that nobody sees; returns how to close it. */
  openFrame(url: URL): () => void;
  /** Closes this window, which a page opened. */
  close(): void;
  /** Says something to the pages of this origin. */
  tell(text: string): void;
  /** Hears what pages of this origin say; returns how to stop. */
  hear(listener: (text: string) => void): () => void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Does work after so many milliseconds; returns how to stop it. */
  later(millis: number, work: () => void): () => void;
}

/** The longest time that browsers' timers know, in milliseconds. */
const maxTimer = 2 ** 31 - 1;

/** Windows of one origin talk over this channel: no other origin can join it. */
const channelName = "bucketline-login";

export function browserPage(): Page {
  return {
    url: () => new URL(location.href),
    leaveFor: (url) => location.assign(url),
    submit(url, fields) {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: url.href, hidden: true });
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      document.body.append(form);
      form.submit();
      form.remove(); // no token is left in the page
    },
    show: (url) => history.replaceState(history.state, "", url),
    memory: sessionStorage,
    openWindow() {
      const opened = window.open("about:blank", "_blank", "popup,width=480,height=640");
      if (!opened) return undefined;
      return { leaveFor: (url) => opened.location.replace(url), close: () => opened.close() };
    },
    openFrame(url) {
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "Sign-in";
      frame.src = url.href;
      document.body.append(frame);
      return () => frame.remove();
    },
    close: () => window.close(),
    tell(text) {
      const channel = new BroadcastChannel(channelName);
      channel.postMessage(text);
      channel.close();
    },
    hear(listener) {
      const channel = new BroadcastChannel(channelName);
      channel.onmessage = (event: MessageEvent<unknown>) => {
        if (typeof event.data === "string") listener(event.data);
      };
      return () => channel.close();
    },
    now: () => Date.now(),
    later(millis, work) {
      const timer = setTimeout(work, Math.min(millis, maxTimer));
      return () => clearTimeout(timer);
    },
  };
}
