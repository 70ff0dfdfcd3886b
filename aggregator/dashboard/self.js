// SPDX-License-Identifier: MIT
// The aggregator about itself: its memory line by line, storage, lag, and everything that was ever refused or lost.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { bytes, count, duration } from './format.js';
import { draw, state } from './state.js';
import { badge, exactly, failed, loading, meter, table } from './ui.js';

const ASK_MS = 5000;
const page = { memory: null, self: null, before: null, error: null, askedAt: 0 };

async function load() {
  page.askedAt = Date.now();
  try {
    const [memory, self] = await Promise.all([get('/api/v1/self/memory'), get('/api/v1/self')]);
    Object.assign(page, { before: page.self, memory, self, error: null });
  } catch (error) {
    page.error = error;
  }
  draw();
}

/** Counters that should stand still: refusals, losses, errors. */
const TROUBLE = /refused|lost|missed|failures|failed|timeouts|malformed|dropped|cut|5xx|conflicts/;

const words = (key) => key.replaceAll('_', ' ');

function rate(get_) {
  const { self, before } = page;
  const s = before ? (self.now_ms - before.now_ms) / 1000 : 0;
  return s > 0 ? count((get_(self) - get_(before)) / s) + '/s' : '–';
}

function factsView({ store, api, gauges }) {
  const tile = (name, value, detail) => html`<div class="tile"><small>${name}</small><b>${value}</b><span>${detail}</span></div>`;
  return html`<div class="tiles" role="group" aria-label="Newest values">
    ${tile('Values committed', rate((s) => s.store.samples_committed), `${count(store.samples_committed)} since the start`)}
    ${tile('Commits', rate((s) => s.store.commits), `${store.commit_failures} failed`)}
    ${tile('Waiting to be stored', bytes(store.staging_bytes), `${store.blocks_staged} blocks`)}
    ${tile('Database', bytes(store.database_bytes), `of at most ${bytes(store.database_bytes_max)}`)}
    ${tile('Agents', String(gauges.agents_connected ?? '–'), `at most ${gauges.agents_connected_high_water ?? '–'} so far`)}
    ${tile('Requests', rate((s) => s.api.requests), `${api.websockets} WebSockets open`)}</div>`;
}

/** Numbers of the answer that lie at most one object deep, with the path of each. */
function numbers(self) {
  return Object.entries(self).flatMap(([group, of]) => (of && typeof of === 'object' && !Array.isArray(of)
    ? Object.entries(of).filter(([, v]) => typeof v === 'number').map(([key, v]) => [group, key, v]) : []));
}

function troubleView(self) {
  const rows = numbers(self).filter(([, key]) => TROUBLE.test(key));
  const bad = rows.filter(([, , v]) => v > 0);
  return html`<section class="card" aria-label="Refused and lost"><h2>Refused and lost</h2>
    ${bad.length === 0 ? html`<p>${badge('ok', `all ${rows.length} counters of trouble stand at 0`)}</p>` : html`${table(['what', 'times'], bad.map(([group, key, v]) => html`<tr><th scope="row">${group}: ${words(key)}</th><td>${count(v)}</td></tr>`))}
      <p class="quiet">${rows.length - bad.length} further counters stand at 0.</p>`}</section>`;
}

/** A line that was never used is most often one whose use nobody counts. */
const isCounted = (l) => l.count > 1 && l.high_water > 0;

function memoryView({ total_bytes: total, lines }) {
  const shown = lines.filter((l) => l.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  return html`<section class="card" aria-label="Memory"><h2>Memory: ${bytes(total)}, all reserved at the start</h2>
    <p class="quiet">Nothing grows afterwards. Each line says what happens when it is full.</p>
    ${table(['what', 'size', 'in use', 'high water', 'when full'], shown.map((l) => html`<tr><th scope="row">${l.name}</th><td>${bytes(l.bytes)}</td><td>${isCounted(l) ? meter(count(l.in_use), (100 * l.in_use) / l.count) : ''}</td>
      <td>${isCounted(l) ? `${count(l.high_water)} of ${count(l.count)}` : ''}</td><td class="words">${l.when_full}</td></tr>`))}</section>`;
}

export const selfPage = {
  title: () => 'Self',
  open: load,
  tick() {
    if (Date.now() - page.askedAt > ASK_MS) load();
  },
  view() {
    if (!page.self) return html`<h1>Self</h1>${page.error ? failed(page.error) : loading}`;
    const { self } = page;
    return html`<h1>${self.name} ${self.version}</h1><p class="quiet">up ${duration(self.uptime_s * 1000)}, since ${exactly(self.started_ms)}; clock ahead of this browser's by ${Math.round(state.offset)} ms</p>
      ${page.error ? failed(page.error) : nothing}${factsView(self)}${troubleView(self)}${memoryView(page.memory)}<p class="quiet">All counters: <a href="/api/v1/self">/api/v1/self</a></p>`;
  },
};
