/** The icons, inlined as text at build time. Octicons by GitHub, MIT. */
import { html, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import cancelIcon from "@primer/octicons/build/svg/x-16.svg";
import checkIcon from "@primer/octicons/build/svg/check-16.svg";
import copyIcon from "@primer/octicons/build/svg/copy-16.svg";
import linkIcon from "@primer/octicons/build/svg/link-16.svg";
import pauseIcon from "@primer/octicons/build/svg/pause-16.svg";
import resumeIcon from "@primer/octicons/build/svg/play-16.svg";
import retryIcon from "@primer/octicons/build/svg/sync-16.svg";

/** An icon says nothing to a screen reader: the button around it has a label. */
function icon(svg: string): TemplateResult {
  return html`<span class="icon" aria-hidden="true">${unsafeHTML(svg)}</span>`;
}

export const icons = {
  cancel: icon(cancelIcon),
  check: icon(checkIcon),
  copy: icon(copyIcon),
  link: icon(linkIcon),
  pause: icon(pauseIcon),
  resume: icon(resumeIcon),
  retry: icon(retryIcon),
};
