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

export const ago = (ms) => duration(ms) + ' ago';

const pad = (n) => String(n).padStart(2, '0');

/** Clock time in the browser's zone, with seconds. */
export function clock(seconds) {
  const d = new Date(seconds * 1000);
  return pad(d.getHours()) + ':' + pad(d.getMinutes()) + ':' + pad(d.getSeconds());
}

/** "UTC+02:00": what the clock times on the page mean. */
export function zone() {
  const min = -new Date().getTimezoneOffset();
  if (min === 0) return 'UTC';
  const abs = Math.abs(min);
  return 'UTC' + (min < 0 ? '−' : '+') + pad(Math.floor(abs / 60)) + ':' + pad(abs % 60);
}
