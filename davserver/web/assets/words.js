/** Sizes, times and names as people read them, in the browser's language. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const NUMBER = new Intl.NumberFormat();
const ONE_DIGIT = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const LAST_S = 253_402_300_799;

/** Write a number of bytes with two or three digits; a dash if nobody knows. */
export function size(bytes) {
  if (bytes === undefined || bytes === null) return "–";
  let amount = bytes;
  let unit = 0;
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${(unit && amount < 9.95 ? ONE_DIGIT : WHOLE).format(amount)} ${UNITS[unit]}`;
}

export const number = (count) => NUMBER.format(count);

/** Write a count of things: `count(2, "file")` is "2 files". */
export function count(amount, thing, things = `${thing}s`) {
  return `${number(amount)} ${amount === 1 ? thing : things}`;
}

/** Write when something was changed: the time of today, else the day. */
export function when(seconds, now = new Date()) {
  const moment = dateOf(seconds);
  const isToday = moment.toDateString() === now.toDateString();
  return isToday ? `Today, ${TIME.format(moment)}` : DAY.format(moment);
}

export const exactly = (seconds) => FULL.format(dateOf(seconds));
export const machine = (seconds) => dateOf(seconds).toISOString();

/** Write how long something will take, roughly. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${ONE_DIGIT.format(seconds / 3600)} h`;
}

// What turns text around, or hides in it, is shown by its number: "gpj.exe" shall not pass for "exe.jpg".
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** Return a name as it can be shown. */
export function shown(name) {
  return name.replace(TRICKS, (char) => `‹U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}

function dateOf(seconds) {
  return new Date(Math.min(Math.max(seconds, -LAST_S), LAST_S) * 1000);
}
