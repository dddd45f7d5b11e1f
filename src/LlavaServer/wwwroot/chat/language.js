// Texts in the chosen language, and numbers, sizes, times and dates as that language writes them.

import { english } from "./strings.js";

/** Languages beside English, fetched when they are wanted. */
const others = { de: async () => (await import("./strings-de.js")).german };
const pseudoName = "en-XA";
let chosen = "en";
let table = english;
let locale = "en";
let formats = new Map();

/**
 * Chooses the language of the page, as browsers name it, or "en-XA", the longer and accented language of the tests. Returns the language chosen:
 * English for one that there is not.
 */
export async function setLanguage(name) {
  const short = (name ?? "").split("-")[0];
  const other = Object.hasOwn(others, short) ? await others[short]().catch(() => null) : null;
  chosen = name === pseudoName ? name : other ? short : "en";
  table = other ?? english;
  locale = chosen === pseudoName ? "en" : name?.startsWith(chosen) ? name : chosen;
  formats = new Map();
  return chosen;
}

/** The text of a key; numbers among the values are written in the language. An unknown key is shown as it is. */
export function t(key, values = {}) {
  const entry = table[key] ?? english[key] ?? key;
  const text = form(entry, values);
  const whole = chosen === pseudoName ? pseudo(text) : text;
  return whole.replace(/\{(\w+)\}/g, (all, name) =>
    !Object.hasOwn(values, name) ? all : typeof values[name] === "number" ? number(values[name]) : String(values[name]));
}

/** Whether there is a text of this key. */
export function has(key) {
  return Object.hasOwn(english, key);
}

function form(entry, values) {
  if (typeof entry === "string") {
    return entry;
  }

  const ordinal = entry.ordinal;
  const forms = ordinal ?? entry;
  const rule = format("plural" + !!ordinal, () => new Intl.PluralRules(locale, { type: ordinal ? "ordinal" : "cardinal" }));
  return forms[rule.select(ordinal ? values.position : values.count)] ?? forms.other;
}

const accents = { a: "á", e: "é", i: "í", o: "ö", u: "ü", A: "Á", E: "É", I: "Í", O: "Ö", U: "Ü", n: "ñ", c: "ç", y: "ý", s: "š" };

function pseudo(text) {
  const strange = text.split(/(\{\w+\})/).map(part => part.startsWith("{") ? part : part.replace(/[a-zA-Z]/g, letter => accents[letter] ?? letter)).join("");
  return `⟦${strange}${"·".repeat(Math.ceil(text.length * 0.35))}⟧`;
}

function format(name, make) {
  if (!formats.has(name)) {
    formats.set(name, make());
  }

  return formats.get(name);
}

export function number(value, digits = 0) {
  return format("number" + digits, () => new Intl.NumberFormat(locale, { maximumFractionDigits: digits })).format(value);
}

/** A part of one, in whole percent. */
export function percent(part) {
  return format("percent", () => new Intl.NumberFormat(locale, { style: "percent" })).format(Math.floor(part * 100) / 100);
}

const sizes = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function bytes(count) {
  const step = count < 1000 ? 0 : count < 1e6 ? 1 : count < 1e9 ? 2 : 3;
  const unit = format(sizes[step], () => new Intl.NumberFormat(locale, { style: "unit", unit: sizes[step], unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: step < 2 ? 0 : 1 }));
  return unit.format(count / 1000 ** step);
}

export function duration(milliseconds) {
  if (milliseconds > 0 && milliseconds < 950) {
    return format("milliseconds", () => unit("millisecond", 0, 0)).format(milliseconds);
  }

  const seconds = milliseconds / 1000;
  if (seconds < 60) {
    const digits = seconds < 10 ? 1 : 0;
    return format("seconds" + digits, () => unit("second", digits, digits)).format(seconds);
  }

  const whole = Math.round(seconds);
  return `${format("minutes", () => unit("minute", 0, 0)).format(Math.floor(whole / 60))} ${format("seconds0", () => unit("second", 0, 0)).format(whole % 60)}`;
}

function unit(name, least, most) {
  return new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow", minimumFractionDigits: least, maximumFractionDigits: most });
}

export function dateTime(milliseconds) {
  return format("dateTime", () => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" })).format(milliseconds);
}

export function month(milliseconds) {
  return format("month", () => new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" })).format(milliseconds);
}
