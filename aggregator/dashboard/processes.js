// SPDX-License-Identifier: MIT
// The top processes of a host: of the newest sample, or of the moment under the cursor. Names are whatever a process on
// that host calls itself.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { bytes, clock, percent, zone } from './format.js';

const ASK_MS = 3000;
const POINTED_MS = 120;

export class Processes {
  constructor(onLoad) {
    this.onLoad = onLoad;
    this.clear();
  }

  clear() {
    this.asked = (this.asked ?? 0) + 1; // answers to earlier questions are thrown away
    this.askedAt = 0;
    this.at = null;
    this.list = [];
    this.pointed = null;
  }

  /** Seconds; null when the pointer has left. */
  point(id, seconds, end) {
    if (this.pointed === seconds) return;
    this.pointed = seconds;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.load(id, seconds ?? end).catch(() => {}), POINTED_MS);
  }

  /** Now and then, while nobody points; `end`: the end of what is shown when that is not now. */
  care(id, end) {
    if (this.pointed !== null || Date.now() - this.askedAt < ASK_MS) return;
    this.load(id, end).catch(() => {});
  }

  async load(id, seconds) {
    this.askedAt = Date.now();
    const asked = ++this.asked;
    const answer = await get('/api/v1/processes', seconds ? { instance: id, at: Math.round(seconds * 1000) } : { instance: id });
    if (asked !== this.asked) return;
    this.list = answer.processes;
    this.at = answer.at;
    this.onLoad();
  }

  view() {
    if (this.list.length === 0 && this.pointed === null) return nothing;
    const at = this.at ?? this.pointed * 1000;
    return html`<section class="card chart processes" aria-label="Top processes"><div class="chart-head"><h2>Top processes</h2>
        <span class="unit">${this.pointed === null ? 'at' : 'under the cursor,'} ${clock(at / 1000)} ${zone(at)}</span></div>
      <div class="legend" tabindex="0"><table><thead><tr><th scope="col">name</th><th scope="col">pid</th><th scope="col">CPU</th><th scope="col">memory</th></tr></thead>
        <tbody>${this.list.map((p) => html`<tr><th scope="row">${p.name}</th><td>${p.pid}</td><td>${percent(p.cpu_percent)}</td><td>${bytes(p.memory_bytes)}</td></tr>`)}</tbody></table></div>
      <p class="quiet">${this.list.length ? 'CPU is of one CPU: 200 % are two.' : 'No sample of that moment tells.'}</p></section>`;
  }
}
