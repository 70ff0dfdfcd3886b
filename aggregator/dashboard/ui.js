// SPDX-License-Identifier: MIT
// Small things that several pages show. What comes from outside is only ever text: lit-html makes text nodes of it.

import { html, nothing, svg } from './lit-html.js';
import { ago, moment, percent, zone } from './format.js';
import { link } from './router.js';
import { serverNow, state } from './state.js';

const SHAPES = { ok: '●', warn: '▲', critical: '■', stale: '◌', paused: '∥' };
const HOST_WORDS = { healthy: 'live', degraded: 'silent', unhealthy: 'lost', unknown: 'no news' };
const SEVERITY_LEVELS = { critical: 'critical', high: 'critical', medium: 'warn', low: 'warn' };

export const levelOfSeverity = (severity) => SEVERITY_LEVELS[severity] ?? 'warn';
export const wordOfStatus = (status) => HOST_WORDS[status] ?? status;

/** Shape and word: never colour alone. */
export const badge = (level, word) => html`<span class="badge ${level}"><span aria-hidden="true">${SHAPES[level] ?? '◌'}</span> ${word}</span>`;

export const shape = (level, word) => html`<span class="shape ${level}" role="img" aria-label=${word} title=${word}>${SHAPES[level] ?? '◌'}</span>`;

/** A moment as people say it; the exact one, with its offset, on hover and to screen readers. */
export function when(time) {
  const ms = typeof time === 'number' ? time : Date.parse(time);
  if (!Number.isFinite(ms) || ms <= 0) return html`<span class="quiet">never</span>`;
  const exact = `${moment(ms)} ${zone(ms)}`;
  return html`<time datetime=${new Date(ms).toISOString()} title=${exact}>${ago(Math.max(0, serverNow() - ms))}</time>`;
}

export const exactly = (time) => `${moment(time)} ${zone(typeof time === 'number' ? time : Date.parse(time))}`;

export const levelOfShare = (v) => (v >= 90 ? 'critical' : v >= 75 ? 'warn' : 'ok');

/** A bar of a hundred percent with its number. */
export function meter(label, v) {
  const isKnown = typeof v === 'number';
  const width = isKnown ? Math.min(100, Math.max(0, v)) : 0;
  return html`<span class="meter"><small>${label}</small>
    <svg class="track" aria-hidden="true"><rect class=${levelOfShare(width)} width="${width}%" height="100%"></rect></svg>
    <b class=${isKnown ? levelOfShare(v) : ''}>${isKnown ? percent(v) : '–'}</b></span>`;
}

/** A line of up to a hundred values between 0 and `most`; gaps stay gaps. */
export function sparkline(values, most, label) {
  if (!values || values.length < 2) return html`<span class="spark none" aria-hidden="true"></span>`;
  const step = 100 / (values.length - 1);
  let path = '', isDown = false;
  values.forEach((v, i) => {
    if (v === null || v === undefined) { isDown = false; return; }
    path += `${isDown ? 'L' : 'M'}${(i * step).toFixed(1)} ${(22 - (20 * Math.min(v, most)) / most).toFixed(1)}`;
    isDown = true;
  });
  return html`<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=${label}>${svg`<path d=${path}></path>`}</svg>`;
}

export const nameOf = (id) => state.byId.get(id)?.name ?? id;
export const hostLink = (id, query = {}) => html`<a class="name" href=${link('host', id, query)}>${nameOf(id)}</a>`;

/** `rows`: a th and its cells each. What is named by nothing is a column of buttons. */
export const table = (heads, rows) => html`<div class="legend tall" tabindex="0"><table class="list"><thead><tr>${heads.map((h) => (h ? html`<th scope="col">${h}</th>` : html`<td></td>`))}</tr></thead><tbody>${rows}</tbody></table></div>`;

const NARROW_PX = 640; // as in style.css

/** On a phone a row is a card, and each of its cells says what its column is called. */
export function nameCells() {
  if (innerWidth > NARROW_PX) return;
  for (const { tHead, tBodies } of document.querySelectorAll('.list')) {
    [...tHead.rows[0].cells].forEach((head, i) => {
      if (i > 0) for (const { cells } of tBodies[0].rows) cells[i].dataset.label = head.textContent;
    });
  }
}

export const empty = (title, text = nothing, more = nothing) => html`<div class="empty"><h2>${title}</h2><p>${text}</p>${more}</div>`;

export const failed = (error) => html`<p class="bad" role="alert">${error.status ? `${error.status}: ` : ''}${error.message}</p>`;

export const loading = html`<p class="quiet loading" role="status">Loading …</p>`;

/** `tabs`: [key, words]. */
export const tabs = (label, list, chosen, onChoose) => html`<div class="tabs" role="group" aria-label=${label}>${list.map(([key, words]) => html`
  <button type="button" aria-pressed=${String(key === chosen)} @click=${() => onChoose(key)}>${words}</button>`)}</div>`;

/** A command that can be copied where the browser allows it. */
export function command(text) {
  const copy = (event) => {
    const button = event.currentTarget;
    navigator.clipboard?.writeText(text).then(() => { button.textContent = 'copied'; setTimeout(() => { button.textContent = 'copy'; }, 2000); });
  };
  return html`<div class="command"><pre tabindex="0"><code>${text}</code></pre>${navigator.clipboard ? html`<button type="button" @click=${copy}>copy</button>` : nothing}</div>`;
}

/** Said once to screen readers. */
export function announce(text) {
  document.getElementById('announce').textContent = text;
}
