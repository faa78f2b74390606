/** Which browser this says it is. Nothing here depends on it; pages ask. */
function agent(): string {
  return typeof navigator === "undefined" ? "" : navigator.userAgent;
}

const has = (pattern: RegExp) => (): boolean => pattern.test(agent());

const ios = (): boolean => /iPad|iPhone|iPod/.test(agent());

function iosVersion(): number {
  return Number(/OS (\d+)_/.exec(agent())?.[1] ?? 0);
}

export const agents = {
  ie: has(/MSIE|Trident/),
  ie7: has(/MSIE 7/),
  ie8: has(/MSIE 8/),
  ie10: has(/MSIE 10/),
  ie11: has(/Trident\/7/),
  edge: has(/Edge/),
  safari: (): boolean => /Safari/.test(agent()) && !/Chrom|CriOS|FxiOS|Android/.test(agent()),
  chrome: has(/Chrome/),
  opera: has(/OPR\/|Opera/),
  firefox: has(/Firefox/),
  windows: has(/Windows/),
  android: has(/Android/i),
  ios,
  ios6: (): boolean => ios() && iosVersion() === 6,
  ios7: (): boolean => ios() && iosVersion() === 7,
  ios8: (): boolean => ios() && iosVersion() === 8,
  ios800: (): boolean => ios() && /OS 8_0 /.test(agent()),
  iosChrome: (): boolean => ios() && /CriOS/.test(agent()),
  iosSafari: (): boolean => ios() && /Safari/.test(agent()) && !/CriOS|FxiOS/.test(agent()),
  iosSafariWebView: (): boolean => ios() && !/Safari/.test(agent()),
  androidStock: (): boolean => /Android/i.test(agent()) && !/Chrom/.test(agent()),
};
