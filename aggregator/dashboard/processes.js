// SPDX-License-Identifier: MIT
// The card with the top processes of a host: of the newest sample, or of the end of what is zoomed to.
// Names are whatever a process on that host calls itself: they only ever become text.

import { get } from './api.js';
import { bytes, percent, clock } from './format.js';

export class Processes {
  constructor() {
    this.card = document.createElement('section');
    this.card.className = 'card chart processes';
    this.card.hidden = true;
    const head = document.createElement('div');
    head.className = 'chart-head';
    const title = document.createElement('h2');
    title.textContent = 'Top processes';
    this.when = document.createElement('span');
    this.when.className = 'unit';
    head.append(title, this.when);
    const box = document.createElement('div');
    box.className = 'legend';
    const table = document.createElement('table');
    const names = table.createTHead().insertRow();
    for (const name of ['', 'pid', 'CPU', 'memory']) {
      const th = document.createElement('th');
      th.scope = 'col';
      th.textContent = name;
      names.append(th);
    }
    this.body = table.createTBody();
    box.append(table);
    this.card.append(head, box);
    this.asked = 0; // answers to earlier questions are thrown away
  }

  clear() {
    this.asked++;
    this.card.hidden = true;
  }

  /** `atMs`: of the newest sample up to then; without it, of the newest. */
  async load(id, atMs) {
    const asked = ++this.asked;
    const answer = await get('/api/v1/processes', atMs ? { instance: id, at: Math.round(atMs) } : { instance: id });
    if (asked !== this.asked) return;
    this.card.hidden = answer.processes.length === 0;
    this.when.textContent = answer.at === null ? '' : clock(answer.at / 1000);
    this.body.replaceChildren(...answer.processes.map((p) => {
      const row = document.createElement('tr');
      const name = document.createElement('th');
      name.scope = 'row';
      name.textContent = p.name;
      row.append(name);
      for (const text of [String(p.pid), percent(p.cpu_percent), bytes(p.memory_bytes)]) {
        row.insertCell().textContent = text;
      }
      return row;
    }));
  }
}
