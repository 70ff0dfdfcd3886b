// SPDX-License-Identifier: MIT
// How busy each CPU was: a row for each, darker is busier. On a machine with many, one thread that is stuck shows here and
// nowhere else.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { percent, several, tick } from './format.js';
import { css } from './overlay.js';

const POINTS = 240;
const ROW_PX = 14;
const ASK_MS = 5000;

export class Cores {
  constructor() {
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'cores';
    this.clear();
  }

  clear() {
    this.cores = [];
    this.times = [];
    this.askedAt = 0;
    this.asked = (this.asked ?? 0) + 1;
  }

  /** Range in seconds. */
  async load(id, [from, to], isForced) {
    if (!isForced && Date.now() - this.askedAt < Math.max(ASK_MS, ((to - from) * 1000) / POINTS)) return;
    this.askedAt = Date.now();
    const asked = ++this.asked;
    const answer = await get('/api/v1/query', { instance: id, metric: 'cpu_core_usage', from: Math.round(from * 1000), to: Math.round(to * 1000), step: 'auto', points: POINTS });
    if (asked !== this.asked) return;
    const number = (s) => Number(s.tag.replace(/^core=/, ''));
    this.cores = answer.series.sort((a, b) => number(a) - number(b));
    this.times = answer.t.map((ms) => ms / 1000);
    this.paint();
  }

  paint() {
    const { canvas, cores, times } = this;
    canvas.width = Math.max(1, times.length);
    canvas.height = Math.max(1, cores.length);
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = css('--series-1');
    cores.forEach((core, row) => core.v.forEach((v, i) => {
      if (v === null) return;
      pen.globalAlpha = 0.04 + 0.96 * Math.min(1, v / 100) ** 1.3;
      pen.fillRect(i, row, 1, 1);
    }));
    canvas.style.setProperty('height', Math.max(28, Math.min(240, cores.length * ROW_PX)) + 'px');
  }

  view() {
    if (this.cores.length === 0) return nothing;
    const [from, to] = [this.times[0], this.times.at(-1)].map((t, _, [a, b]) => tick(t, (b - a) / 7));
    const stats = this.cores.map((core) => {
      const values = core.v.filter((v) => v !== null);
      return { name: core.tag.replace('=', ' '), last: values.at(-1), most: values.reduce((m, v) => (v > m ? v : m), 0) };
    });
    const busiest = stats.reduce((a, b) => ((b.last ?? 0) > (a.last ?? 0) ? b : a));
    return html`<section class="card chart strip-card" aria-label="CPUs one by one"><div class="chart-head"><h2>CPUs</h2>
        <span class="unit">${several(this.cores.length, 'row')}, CPU 0 on top; darker is busier</span></div>
      <div class="strip" role="img" aria-label="Use of each CPU over time; numbers in the table below">${this.canvas}</div>
      <p class="quiet axis"><span>${from}</span><span>busiest now: ${busiest.name}, ${percent(busiest.last)}</span><span>${to}</span></p>
      <details><summary>numbers</summary><div class="legend" tabindex="0"><table><thead><tr><th scope="col">CPU</th><th scope="col">now</th><th scope="col">max</th></tr></thead><tbody>
        ${stats.map((s) => html`<tr><th scope="row">${s.name}</th><td>${percent(s.last)}</td><td>${percent(s.most)}</td></tr>`)}</tbody></table></div></details></section>`;
  }
}
