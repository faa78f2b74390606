/** Turns a table of messages and figures into what people read. Numbers, sizes and times are Intl's. */
import type { Messages, Plural } from "./messages.js";

export type Values = Readonly<Record<string, unknown>>;

/** Sizes count in thousands, as stores and networks do. */
const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Seconds in the units that a time left is told in, the largest first. */
const spans = [["day", 86_400], ["hour", 3600], ["minute", 60]] as const;

/** Less than so many seconds is "a few". */
const fewSeconds = 5;

export class Words {
  readonly #locale: string;
  readonly #messages: Messages;
  readonly #plurals: Intl.PluralRules;
  readonly #formats = new Map<string, Intl.NumberFormat>();

  constructor(messages: Messages) {
    this.#messages = messages;
    this.#locale = messages.locale;
    this.#plurals = new Intl.PluralRules(messages.locale);
  }

  /** A sentence with its pieces filled in. */
  say(sentence: string, values: Values): string {
    return this.pieces(sentence, values).join("");
  }

  /** A sentence in pieces, so that some of them can be more than text. */
  pieces(sentence: string, values: Values): unknown[] {
    return sentence.split(/\{(\w+)\}/).map((piece, i) => (i % 2 === 1 ? values[piece] : piece));
  }

  /** The sentence for n things. */
  count(plural: Plural, n: number, values: Values = {}): string {
    return this.say(plural[this.#plurals.select(n)] ?? plural.other, { n: this.number(n), ...values });
  }

  number(value: number): string {
    return this.#format("number", {}).format(value);
  }

  /** Whole percent, rounded down: 100 % is said of what is complete. */
  percent(part: number, all: number): string {
    const hundredths = all > 0 ? Math.max(0, Math.min(100, (100 * part) / all)) : 0;
    return this.#format("percent", { style: "percent" }).format(Math.floor(hundredths) / 100);
  }

  size(bytes: number): string {
    const scale = scaleOf(bytes);
    return this.#unit(scale.unit, scale.digits).format(bytes / scale.factor);
  }

  /** A sentence of {done} and {all}, told in the unit of the whole: 1.05 of 1.82 GB. */
  sizeOf(sentence: string, done: number, all: number): string {
    const scale = scaleOf(all);
    const digits = { minimumFractionDigits: scale.digits, maximumFractionDigits: scale.digits };
    const number = this.#format(`digits${scale.digits}`, digits);
    return this.say(sentence, { done: number.format(done / scale.factor), all: this.size(all) });
  }

  /** A speed in bytes a second. */
  speed(rate: number): string {
    const scale = scaleOf(rate);
    const digits = scale.unit === "byte" || rate >= 10 * scale.factor ? 0 : 1;
    return this.#unit(`${scale.unit}-per-second`, digits).format(rate / scale.factor);
  }

  /** The time that bytes take at a rate, in words; undefined when nobody can say. */
  timeLeft(bytes: number, rate: number | undefined): string | undefined {
    if (rate === undefined || rate <= 0) return undefined;
    const seconds = bytes / rate;
    if (seconds < fewSeconds) return this.#messages.left.moments;
    return this.say(this.#messages.left.about, { time: this.time(seconds) });
  }

  /** So many seconds in words. */
  time(seconds: number): string {
    for (const [unit, length] of spans) {
      if (seconds >= 1.5 * length) return this.#unit(unit, 0).format(Math.round(seconds / length));
    }
    // Single seconds would only flicker while there are many of them.
    const step = seconds < 20 ? 1 : 5;
    return this.#unit("second", 0).format(Math.round(seconds / step) * step);
  }

  #unit(unit: string, digits: number): Intl.NumberFormat {
    return this.#format(`${unit}${digits}`, {
      style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", minimumFractionDigits: digits, maximumFractionDigits: digits,
    });
  }

  #format(name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    let format = this.#formats.get(name);
    if (!format) {
      format = new Intl.NumberFormat(this.#locale, options);
      this.#formats.set(name, format);
    }
    return format;
  }
}

interface Scale {
  readonly unit: (typeof units)[number];
  /** Bytes in one. */
  readonly factor: number;
  /** Behind the point. */
  readonly digits: number;
}

/** The unit that tells a size in one to three figures before the point. */
function scaleOf(bytes: number): Scale {
  let power = 0;
  while (power < units.length - 1 && bytes >= 999.5 * 1000 ** power) power++;
  const factor = 1000 ** power;
  const digits = power >= 3 ? 2 : power === 2 && bytes < 10 * factor ? 1 : 0;
  return { unit: units[power] ?? "byte", factor, digits };
}
