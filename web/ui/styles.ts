import { css, unsafeCSS, type CSSResult } from "lit";

/**
 * The colours: the public custom property, its value in a light page, in a dark
 * one, and where the person forces colours. Text on its background has a
 * contrast of 4.5:1 at least, graphics 3:1.
 */
const colours: readonly (readonly [name: string, light: string, dark: string, forced: string])[] = [
  ["ink", "#10151c", "#e9edf2", "CanvasText"],
  ["soft", "#55606e", "#9aa7b5", "CanvasText"],
  ["card", "#ffffff", "#151a21", "Canvas"],
  ["line", "#dde2e8", "#29313b", "CanvasText"],
  ["well", "#eef1f4", "#1c232c", "Canvas"],
  ["accent", "#0b5fd9", "#74adff", "Highlight"],
  ["on-accent", "#ffffff", "#08121f", "HighlightText"],
  ["good", "#0f7a55", "#4fd1a1", "CanvasText"],
  ["wait", "#8a5700", "#f2c160", "CanvasText"],
  ["wait-background", "#fff4dc", "#2a2313", "Canvas"],
  ["bad", "#b3261e", "#ff8f86", "CanvasText"],
  ["bad-background", "#fdeceb", "#2d1817", "Canvas"],
];

function declare(value: (light: string, dark: string, forced: string) => string): CSSResult {
  return unsafeCSS(
    colours.map(([name, light, dark, forced]) => `--${name}: var(--bucketline-${name}, ${value(light, dark, forced)});`).join(""),
  );
}

/** Inside, the properties go by their last name. */
const tokens = css`
  :host { ${declare((light) => light)} }
  @supports (color: light-dark(white, black)) {
    :host { ${declare((light, dark) => `light-dark(${light}, ${dark})`)} }
  }
  @media (forced-colors: active) {
    :host { ${declare((_light, _dark, forced) => forced)} }
  }
  :host {
    --radius: var(--bucketline-radius, 10px);
    --target: 32px;
  }
  @media (pointer: coarse) { :host { --target: 44px } }
`;

const frame = css`
  :host {
    display: block;
    color: var(--ink);
    font: 15px/1.45 var(--bucketline-font, Inter, system-ui, sans-serif);
    font-variant-numeric: tabular-nums;
    container-type: inline-size;
  }
  :host([hidden]) { display: none }
  *, ::before, ::after { box-sizing: border-box }
  [hidden] { display: none !important }
  .hidden {
    position: absolute; inline-size: 1px; block-size: 1px; margin: -1px;
    overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }
  /* A text keeps its own direction, whatever the page's is. */
  .figures > *, .state > * { unicode-bidi: plaintext }
  .good { color: var(--good) } .wait { color: var(--wait) } .bad { color: var(--bad) } .ink { color: var(--ink) }
`;

const controls = css`
  button {
    font: inherit; font-size: 14px; font-weight: 550;
    min-block-size: max(36px, var(--target)); padding: 6px 14px;
    border: 1px solid var(--line); border-radius: 8px;
    background: var(--card); color: var(--ink); cursor: pointer;
  }
  button:hover { border-color: var(--soft) }
  button:disabled { opacity: .5; cursor: default }
  button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
  button.main:hover { filter: brightness(1.08) }
  .icon-button {
    display: inline-grid; place-items: center; flex: none; padding: 0;
    min-block-size: var(--target); inline-size: var(--target);
    border-color: transparent; background: none; color: var(--soft);
  }
  .icon-button:hover { background: var(--well); border-color: transparent; color: var(--ink) }
  .icon, .icon svg { display: block }
  .icon svg { fill: currentColor }
  a, .link { color: var(--accent); text-decoration: underline; text-underline-offset: 2px }
  .link {
    padding: 0; border: 0; background: none; font-weight: inherit; font-size: inherit;
    min-block-size: 0; position: relative;
  }
  a { position: relative }
  /* The target is larger than its words. */
  .link::after, a::after { content: ""; position: absolute; inset: -6px -4px }
  button:focus-visible, a:focus-visible, .list:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
`;

const drop = css`
  .drop {
    display: flex; flex-wrap: wrap; align-items: center; justify-content: center; gap: 8px; text-align: center;
    padding: 26px; border: 1.5px dashed var(--line); border-radius: var(--radius); background: var(--card);
  }
  .drop p { flex-basis: 100%; margin: 0; font-size: 14px; color: var(--soft) }
  .drop .title { margin: 0; font-size: 16px; font-weight: 650; color: var(--ink) }
  .drop .hint { margin-block: -4px 6px; overflow-wrap: anywhere }
  .drop .hint b { font-weight: 650 }
  .drop.small { justify-content: start; padding: 9px 9px 9px 16px; text-align: start }
  .drop.small .title { flex: 1 1 8em; font-size: 14px; font-weight: 550; color: var(--soft) }
  .drop.small .hint { display: none }
  .drop.dragging {
    border: 1.5px solid var(--accent); outline: 3px solid var(--accent); outline-offset: 2px;
    background: var(--well);
  }
  @container (inline-size < 420px) {
    .drop { padding: 20px 14px }
    .drop.small { padding: 8px }
    .drop.small .title { display: none }
    .drop.small button { flex: 1; padding-inline: 8px; white-space: nowrap }
  }
`;

const banner = css`
  .banner {
    display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-block-start: 14px; padding: 11px 16px;
    border: 1px solid transparent; border-radius: var(--radius);
    background: var(--wait-background); color: var(--wait); font-size: 14px;
  }
  .banner.bad { background: var(--bad-background); color: var(--bad) }
  .banner span { flex: 1 1 14em; overflow-wrap: anywhere }
  .banner b { font-weight: 650 }
`;

const summary = css`
  .card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius) }
  .queue { margin-block-start: 14px; overflow: hidden }
  .summary { padding: 12px 12px 14px 16px }
  .figures { display: flex; flex-wrap: wrap; align-items: center; gap: 0 8px; min-block-size: var(--target) }
  .figures b { font-weight: 650 }
  .figures span { color: var(--soft); font-size: 14px }
  .pace { margin-inline-start: auto }
  .figures .link { font-size: 14px; color: var(--bad) }
  .figures .all { display: flex; color: inherit }
  .bar { block-size: 6px; margin-block-start: 8px; margin-inline-end: 4px; border-radius: 3px; background: var(--well); overflow: hidden }
  .bar i { display: block; block-size: 100%; inline-size: 0; border-radius: 3px; background: var(--accent); transition: inline-size .2s linear }
  .bar.full i { background: var(--good) }
  @container (inline-size < 560px) {
    .pace { order: 1; flex-basis: 100%; margin: 0 }
    .figures .all { margin-inline-start: auto }
  }
  @media (forced-colors: active) {
    .bar { border: 1px solid CanvasText }
    .bar i { forced-color-adjust: none }
  }
  @media (prefers-reduced-motion: reduce) { .bar i { transition: none } }
`;

const list = css`
  .list {
    max-block-size: var(--bucketline-list-height, min(40rem, 75vh)); overflow-y: auto; overflow-anchor: none;
    border-block-start: 1px solid var(--line);
  }
  ul { position: relative; margin: 0; padding: 0; list-style: none }
  li {
    position: absolute; inset-inline: 0; contain: layout style;
    display: grid; grid-template-columns: 40px minmax(0, 1fr) auto; gap: 2px 12px; align-items: center;
    padding: 11px 12px 11px 16px; border-block-start: 1px solid var(--line);
  }
  li[aria-posinset="1"] { border-color: transparent }
  .picture {
    grid-row: span 2; display: grid; place-items: center; inline-size: 40px; block-size: 40px; overflow: hidden;
    border-radius: 7px; background: var(--well); color: var(--soft); font-size: 11px; font-weight: 650;
  }
  .picture canvas { inline-size: 100%; block-size: 100%; object-fit: cover }
  .name { display: flex; justify-self: start; min-inline-size: 0; max-inline-size: 100%; font-weight: 550; line-height: 21px; unicode-bidi: isolate }
  .name span { white-space: pre }
  .name span:first-child { overflow: hidden; text-overflow: ellipsis }
  .name span:last-child { flex: none }
  .state { grid-column: 2; min-inline-size: 0; font-size: 13px; color: var(--soft); overflow-wrap: break-word }
  .state > * { margin-inline-end: 2px }
  .state .link + .link { margin-inline-start: 8px }
  .state b { font-weight: 550 }
  .state b.plain { font-weight: inherit }
  li[data-state="uploading"] .state b { color: var(--ink) }
  .actions { grid-column: 3; grid-row: 1 / span 2; display: flex }
  .map { grid-column: 2 / -1; margin-block-start: 7px }
  .map svg { display: block; inline-size: 100%; block-size: 8px }
  .rtl .map svg { transform: scaleX(-1) }
  .map.thin { position: absolute; inset-inline: 0; inset-block-end: 0; margin: 0 }
  .map.thin svg { block-size: 3px }
  .map path { forced-color-adjust: none }
  .empty { fill: var(--well) } .stored { fill: var(--good) } .held { fill: var(--wait) }
  .in-flight { fill: var(--accent); fill-opacity: .25 } .filled { fill: var(--accent) }
  @media (forced-colors: active) {
    .empty { fill: Canvas; stroke: GrayText } .stored { fill: CanvasText } .held { fill: GrayText }
    .picture, .card, .banner, .drop { border: 1px solid CanvasText }
  }
  .details {
    grid-column: 2 / -1; display: flex; align-items: start; gap: 8px; margin-block-start: 8px; padding: 8px 4px 8px 12px;
    border-radius: 8px; background: var(--well); font-size: 13px;
  }
  dl { flex: 1; display: grid; gap: 4px; margin: 0; min-inline-size: 0 }
  dl div { display: grid; grid-template-columns: 7.5em minmax(0, 1fr); gap: 8px }
  dt { color: var(--soft) }
  dd { margin: 0; overflow-wrap: anywhere; user-select: text }
  @container (inline-size < 420px) {
    li { grid-template-columns: 32px minmax(0, 1fr) auto; column-gap: 10px; padding-inline: 10px 4px }
    .picture { inline-size: 32px; block-size: 32px; font-size: 9px }
    dl div { grid-template-columns: minmax(0, 1fr); gap: 0 }
    .details { grid-column: 1 / -1 }
  }
`;

export const styles: CSSResult[] = [tokens, frame, controls, drop, banner, summary, list];
