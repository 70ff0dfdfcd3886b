// SPDX-License-Identifier: MIT
// Numbers, times and sizes as people read them. Pure functions.

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const COUNTS = ['', 'k', 'M', 'G', 'T'];

function scaled(value, base, units) {
  let v = Math.abs(value);
  let i = 0;
  while (v >= base * 0.9995 && i < units.length - 1) {
    v /= base;
    i++;
  }
  const digits = v >= 100 ? 0 : v >= 10 ? 1 : 2;
  const text = v.toFixed(digits);
  return (value < 0 ? '−' : '') + (Number.isInteger(v) ? v : text) + (units[i] ? ' ' + units[i] : '');
}

const isNumber = (v) => typeof v === 'number' && Number.isFinite(v);

export const bytes = (v) => (isNumber(v) ? scaled(v, 1024, BYTES) : '–');
export const bytesRate = (v) => (isNumber(v) ? scaled(v, 1024, BYTES) + '/s' : '–');
export const percent = (v) => (isNumber(v) ? v.toFixed(Math.abs(v) >= 99.95 ? 0 : 1) + ' %' : '–');
export const count = (v) => (isNumber(v) ? scaled(v, 1000, COUNTS) : '–');
export const milliseconds = (v) => (isNumber(v) ? (v >= 10 ? v.toFixed(0) : v.toFixed(2)) + ' ms' : '–');
export const celsius = (v) => (isNumber(v) ? v.toFixed(1) + ' °C' : '–');
export const plain = (v) => (isNumber(v) ? v.toFixed(2) : '–');

/** "3 s", "4 min", "2 h", "5 d" */
export function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return s + ' s';
  const min = Math.round(s / 60);
  if (min < 90) return min + ' min';
  const h = Math.round(min / 60);
  if (h < 48) return h + ' h';
  return Math.round(h / 24) + ' d';
}

export const times = (n) => (n === 1 ? 'once' : `${n} times`);

/** "1 host", "2 hosts" */
export const several = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

export const ago = (ms) => duration(ms) + ' ago';

const pad = (n) => String(n).padStart(2, '0');

// --- times: in the browser's zone, or UTC; which of them is always said ---

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const isUtc = () => localStorage.getItem('nephos-zone') === 'UTC';

/** The parts of a moment (ms) in the chosen zone. */
function parts(ms) {
  const d = new Date(ms);
  return isUtc()
    ? { y: d.getUTCFullYear(), mo: d.getUTCMonth(), d: d.getUTCDate(), h: d.getUTCHours(), mi: d.getUTCMinutes(), s: d.getUTCSeconds() }
    : { y: d.getFullYear(), mo: d.getMonth(), d: d.getDate(), h: d.getHours(), mi: d.getMinutes(), s: d.getSeconds() };
}

/** Clock time, with seconds; `seconds` since 1970. */
export function clock(seconds) {
  const p = parts(seconds * 1000);
  return pad(p.h) + ':' + pad(p.mi) + ':' + pad(p.s);
}

/** "2026-01-15 12:00:07" of milliseconds or of an ISO time. */
export function moment(time) {
  const ms = typeof time === 'number' ? time : Date.parse(time);
  if (!Number.isFinite(ms)) return '–';
  const p = parts(ms);
  return `${p.y}-${pad(p.mo + 1)}-${pad(p.d)} ${clock(ms / 1000)}`;
}

/** What stands under an axis whose marks are `step` seconds apart. */
export function tick(seconds, step) {
  const p = parts(seconds * 1000);
  if (step >= 86400 * 28) return `${MONTHS[p.mo]} ${p.y}`;
  if (step >= 86400 || (p.h === 0 && p.mi === 0 && p.s === 0)) return `${MONTHS[p.mo]} ${p.d}`;
  return step < 60 ? clock(seconds) : pad(p.h) + ':' + pad(p.mi);
}

/** "UTC+02:00": what the times on the page mean, at that moment (ms). */
export function zone(at = Date.now()) {
  const min = isUtc() ? 0 : -new Date(at).getTimezoneOffset();
  if (min === 0) return 'UTC';
  const abs = Math.abs(min);
  return 'UTC' + (min < 0 ? '−' : '+') + pad(Math.floor(abs / 60)) + ':' + pad(abs % 60);
}

/** A moment as forms want it, and back. */
export function forInput(ms) {
  return moment(ms).replace(' ', 'T').slice(0, 16);
}

export const fromInput = (text) => Date.parse(text + (isUtc() ? 'Z' : ''));

/** Formats by the unit that the API names. */
export function formatOf(unit, kind) {
  if (unit.endsWith('/s')) return formatOf(unit.slice(0, -2), 'counter');
  const isRate = kind === 'counter';
  if (unit === 'bytes') return isRate ? bytesRate : bytes;
  if (unit === 'percent') return percent;
  if (unit === 'milliseconds') return milliseconds;
  if (unit === 'celsius') return celsius;
  if (unit === 'seconds') return isRate ? (v) => (isNumber(v) ? v.toFixed(2) + ' s/s' : '–') : (v) => (isNumber(v) ? duration(v * 1000) : '–');
  if (unit === 'load') return plain;
  const suffix = isRate ? '/s' : unit && unit !== 'count' ? ' ' + unit : '';
  return (v) => (isNumber(v) ? count(v) + suffix : '–');
}
