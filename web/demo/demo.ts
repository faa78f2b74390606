/**
 * The demo page: signs in, trades the ID token for temporary credentials, gives
 * them to an uploader, and tells what the browser does. This file is the whole
 * of what a page of yours needs, and a little show.
 */
import type { Credentials, HoldReason, Uploader, UploaderEvent } from "../core/api.js";
import { assumeRoleWithWebIdentity, createUploader } from "../core/index.js";
import { createLogin, presets, type Login, type RedirectOutcome } from "../login/index.js";
import "../ui/index.js";
import { activeFiles } from "../ui/list.js";
import { loadConfig, type Config } from "./config.js";
import { Story } from "./story.js";
import { clock, StoryView } from "./storyview.js";

/** From so little of the credentials' life on, the ring warns. */
const lowLife = 0.2;

/** Says, for as long as the tab lives, that somebody was signed in: after a reload the provider may still know. */
const signedInName = "bucketline-demo-signed-in";

const element = <T extends HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found as T;
};

/** Says what went wrong, and what to do about it where the error knows. */
function showTrouble(error: unknown): void {
  const place = element("trouble");
  const hint = error instanceof Error && "hint" in error ? ` ${String(error.hint)}` : "";
  place.textContent = error instanceof Error ? `${error.message}.${hint}` : String(error);
  place.hidden = false;
}

function clearTrouble(): void {
  element("trouble").hidden = true;
}

async function main(): Promise<void> {
  const config = await loadConfig();
  const login = createLogin({
    ...presets.devStack({ issuer: config.issuer, clientId: config.clientId }),
    redirectUri: config.page,
  });
  element("sign-in").addEventListener("click", () => {
    clearTrouble();
    login.signIn().catch(showTrouble);
  });
  const outcome = await comeBack(login);
  if (outcome === "handedOver") element("handed-over").hidden = false;
  else if (outcome === "signedIn") await work(config, login);
  else if (outcome === "none" && sessionStorage.getItem(signedInName) !== null) {
    // A reload has forgotten the tokens. Nothing is lost yet, so the page may leave to ask.
    sessionStorage.removeItem(signedInName);
    await login.signIn({ silent: true });
  } else welcome(config);
}

/** What the page was opened for; what goes wrong with it is shown. */
async function comeBack(login: Login): Promise<RedirectOutcome> {
  try {
    return await login.handleRedirect();
  } catch (error) {
    showTrouble(error);
    return "notSignedIn";
  }
}

function welcome(config: Config): void {
  const users = element("users");
  if (config.users.length > 0) {
    const names = config.users.map((user) => user.name);
    users.textContent = `Ready users: ${new Intl.ListFormat("en").format(names)}. The sign-in page shows their passwords.`;
    users.hidden = false;
  }
  element("welcome").hidden = false;
}

/** Shows the uploader, once somebody is signed in. */
async function work(config: Config, login: Login): Promise<void> {
  const name = String(login.claims?.["preferred_username"] ?? login.claims?.["name"] ?? login.claims?.sub);
  const prefix = `users/${login.claims?.sub}/`;
  sessionStorage.setItem(signedInName, "");

  // The show listens, it takes no part: uploader is set before anything happens.
  let uploader: Uploader | undefined;
  const story = new Story(() => performance.now(), () => uploader?.totals().files.holding ?? 0);
  const view = new StoryView(element("story"), story);
  story.note(`Signed in as ${name}`, "OIDC code + PKCE");

  const credentials = credentialsFrom(config, login, story);
  element("work").hidden = false;
  element("who").hidden = false;
  element("name").textContent = name;
  try {
    uploader = createUploader({
      bucket: config.bucket,
      region: config.region,
      endpoint: config.s3,
      pathStyle: true,
      prefix,
      credentials: await credentials(),
      credentialsExpired: ({ signal }) => credentials(signal),
      // Tabs of the same person share; all pages of this origin are the demo's own.
      shareCredentials: `${login.identity} ${config.roleArn}`,
    });
  } catch (error) {
    showTrouble(error);
    view.update();
    element("sign-out").addEventListener("click", () => void login.signOut().catch(showTrouble));
    return;
  }
  show(config, uploader, prefix);
  uploader.listen((event) => {
    story.take(event);
    view.update();
  });
  view.update();
  element("expire").addEventListener("click", () => {
    story.note("You made the credentials expire", "what is under way goes on, the next requests wait");
    uploader.expireCredentials();
    view.update();
  });
  connect(uploader, login, credentials, story);
  follow(login, uploader, story, view);
  await tellPrevious(uploader, story, view);
}

/** How to get credentials, the first time and again: an ID token that is fresh enough, and the STS. */
function credentialsFrom(config: Config, login: Login, story: Story): (signal?: AbortSignal) => Promise<Credentials> {
  const operation = { code: "AssumeRoleWithWebIdentity" };
  let trouble = ""; // it is tried again and again, and told once
  return async (signal) => {
    try {
      const token = await login.idToken();
      const credentials = await assumeRoleWithWebIdentity({
        endpoint: config.sts,
        roleArn: config.roleArn,
        roleSessionName: "demo-page",
        token,
        durationSeconds: config.sessionSeconds,
        ...(signal ? { signal } : {}),
      });
      trouble = "";
      story.note(`Temporary credentials, ${duration(credentials.expiration.getTime() - Date.now())}`, operation);
      return credentials;
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
      if (why !== trouble) story.note(`No new credentials: ${why}`, operation, "bad");
      trouble = why;
      throw error;
    }
  };
}

/** Milliseconds in words: 15 min, 15 s. */
function duration(millis: number): string {
  const seconds = Math.ceil(millis / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function show(config: Config, uploader: Uploader, prefix: string): void {
  const shown = element<HTMLElementTagNameMap["bucketline-uploader"]>("uploader");
  shown.destination = [config.bucket, ...prefix.split("/").filter(Boolean)].join(" / ");
  shown.uploader = uploader;
  const paint = (): void => showLife(uploader);
  uploader.listen((event: UploaderEvent) => {
    if (event.type === "credentials" || event.type === "hold" || event.type === "release") paint();
  });
  setInterval(paint, 500);
  paint();
}

/** The chip with the ring: how long the credentials live. */
function showLife(uploader: Uploader): void {
  const life = uploader.credentialsLife();
  const left = Math.max(0, life?.remaining ?? 0);
  const share = life && life.total > 0 ? left / life.total : 0;
  const chip = element("credentials");
  chip.classList.toggle("low", share < lowLife);
  chip.classList.toggle("over", life !== undefined && left === 0);
  element("ring").style.setProperty("--life", `${Math.round(share * 100)}%`);
  element("life").textContent = !life ? "credentials" : left === 0 ? "credentials ended" : `credentials ${clock(left)}`;
}

/** Tells what becomes of the sign-in, and ends with it. */
function follow(login: Login, uploader: Uploader, story: Story, view: StoryView): void {
  login.listen((event) => {
    switch (event.type) {
      case "renewed": story.note("Renewed the ID token", "before it ended; nobody was asked"); break;
      case "signInNeeded": story.note("The provider has ended the session", "uploads go on until the credentials end", "wait"); break;
      case "signedOut":
        sessionStorage.removeItem(signedInName);
        uploader.close();
        if (event.elsewhere) location.replace(location.pathname);
        break;
      default:
    }
    view.update();
  });
}

/** Wires the buttons. */
function connect(uploader: Uploader, login: Login, credentials: () => Promise<Credentials>, story: Story): void {
  const trying = async (action: () => Promise<void>): Promise<void> => {
    clearTrouble();
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "Superseded")) showTrouble(error);
    }
  };
  // The provider has ended the session: to try without the person would only cost time.
  let ended = false;
  login.listen(({ type }) => {
    if (type === "signInNeeded" || type === "signedIn") ended = type === "signInNeeded";
  });
  // A window of its own: leaving this page would lose the files that wait.
  const signInAgain = async (): Promise<void> => {
    await login.signInPopup({ parameters: { login_hint: String(login.claims?.sub ?? "") } });
    story.note("Signed in again", "OIDC code + PKCE, in a window of its own");
    uploader.setCredentials(await credentials());
  };
  element("uploader").addEventListener("bucketline-signin", (event) => void trying(async () => {
    // A link needs credentials too, and after a rest they may have ended: nobody has to sign in for that yet.
    const { reason } = (event as CustomEvent<{ reason: HoldReason }>).detail;
    const renewed = reason === "expired" && !ended ? await credentials().catch(() => undefined) : undefined;
    if (renewed) uploader.setCredentials(renewed);
    else await signInAgain();
  }));
  element("sign-out").addEventListener("click", () => void trying(async () => {
    if (isBusy(uploader) && !confirm("Uploads are under way. Sign out all the same?")) return;
    window.removeEventListener("beforeunload", warn);
    // A provider without a sign-out page leaves us here. To reload while the
    // browser is on its way to one would call it back.
    if (!(await login.signOut())) location.reload();
  }));
  const warn = (event: BeforeUnloadEvent): void => {
    if (isBusy(uploader) && login.claims) event.preventDefault();
  };
  window.addEventListener("beforeunload", warn);
}

function isBusy(uploader: Uploader): boolean {
  return activeFiles(uploader.totals().files) > 0;
}

/** Says what an earlier visit has not finished: the list cannot, since it has no files for it. */
async function tellPrevious(uploader: Uploader, story: Story, view: StoryView): Promise<void> {
  const previous = await uploader.previous();
  const [latest] = previous;
  if (!latest) return;
  const others = previous.length > 1 ? ` and ${previous.length - 1} more` : "";
  story.note(`${latest.name}${others} of an earlier visit ${previous.length > 1 ? "are" : "is"} not finished`, "choose the same again to go on", "wait");
  view.update();
}

main().catch(showTrouble);
