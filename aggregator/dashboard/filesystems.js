// SPDX-License-Identifier: MIT
// The filesystems of a host: how full, how fast they fill (least squares over the last day), and when they will be full,
// as the aggregator foretells it.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { bytes, duration, percent } from './format.js';
import { last } from './series.js';
import { exactly, meter, table } from './ui.js';

const ASK_MS = 60000;
const HOURS = 24;
const POINTS = 96;
const SPAN_MIN_H = 2; // of samples, before a pace is told
const FIT_MIN = 0.5; // of r squared: below, there is no pace to speak of
const MOUNTS_MAX = 8; // whose future is asked for

const mountOf = (tag) => tag.slice(tag.indexOf('=') + 1);

/** Least squares of [hours, bytes]: slope in bytes an hour, r squared, and the hours between first and last. */
function fit(times, values) {
  const points = times.map((t, i) => [(t - times[0]) / 3600000, values[i]]).filter(([, v]) => v !== null);
  const n = points.length;
  if (n < 3) return null;
  const mean = (k) => points.reduce((sum, p) => sum + p[k], 0) / n;
  const [mx, my] = [mean(0), mean(1)];
  let xx = 0, xy = 0, yy = 0;
  for (const [x, y] of points) {
    xx += (x - mx) ** 2;
    xy += (x - mx) * (y - my);
    yy += (y - my) ** 2;
  }
  return { slope: xy / xx, rSquared: yy > 0 ? xy ** 2 / (xx * yy) : 0, hours: points[n - 1][0] - points[0][0] };
}

export class Filesystems {
  constructor(onLoad) {
    this.onLoad = onLoad;
    this.clear();
  }

  clear() {
    this.paces = new Map();
    this.forecasts = new Map();
    this.askedAt = 0;
    this.asked = (this.asked ?? 0) + 1;
  }

  async load(id) {
    if (Date.now() - this.askedAt < ASK_MS) return;
    this.askedAt = Date.now();
    const asked = ++this.asked;
    const answer = await get('/api/v1/query', { instance: id, metric: 'disk_used_bytes', from: `-${HOURS}h`, step: 'auto', points: POINTS });
    const tags = answer.series.map((s) => s.tag).slice(0, MOUNTS_MAX);
    const told = await Promise.all(tags.map((tag) => get('/api/v1/forecast', { instance: id, metric: 'disk_usage_percent', tag }).catch(() => null)));
    if (asked !== this.asked) return;
    for (const s of answer.series) this.paces.set(s.tag, fit(answer.t, s.v));
    tags.forEach((tag, i) => this.forecasts.set(tag, told[i]));
    this.onLoad();
  }

  pace(tag) {
    const pace = this.paces.get(tag);
    if (!pace || pace.hours < SPAN_MIN_H) return '';
    if (pace.rSquared < FIT_MIN || pace.slope === 0) return 'no steady growth; ';
    return `${pace.slope < 0 ? '−' : '+'}${bytes(Math.abs(pace.slope) * 24)} a day; `;
  }

  /** When it will be full. */
  future(tag) {
    const told = this.forecasts.get(tag);
    if (!told) return html`<span class="quiet">no forecast</span>`;
    const { crossing: full } = told;
    if (!full) return html`<span class="quiet">${told.reason ?? 'not full within the time that is foretold'}</span>`;
    return html`<b>${full.threshold} % full ${full.expected_ms ? `in ${duration(full.expected_ms - Date.now())}` : 'is possible'}</b> ${full.expected_ms ? exactly(full.expected_ms) : ''}
      <span class="quiet">earliest ${full.earliest_ms ? exactly(full.earliest_ms) : '–'}, latest ${full.latest_ms ? exactly(full.latest_ms) : 'not foreseen'}</span>`;
  }

  view(series) {
    const tags = series.tags('disk_usage_percent');
    if (tags.length === 0) return nothing;
    const value = (metric, tag) => last(series.column(metric, tag));
    return html`<section class="card chart wide filesystems" aria-label="Filesystems"><div class="chart-head"><h2>Filesystems</h2></div>
      ${table(['mount', 'used', 'free', 'files', 'pace and full-on date'], tags.map((tag) => html`<tr><th scope="row">${mountOf(tag)}${value('disk_readonly', tag) === 1 ? html` <span class="badge critical">■ read-only</span>` : nothing}</th>
        <td>${meter(bytes(value('disk_used_bytes', tag)), value('disk_usage_percent', tag))}</td><td>${bytes(value('disk_available_bytes', tag))}</td>
        <td>${percent(value('disk_inodes_usage_percent', tag))}</td><td class="words">${this.pace(tag)}${this.future(tag)}</td></tr>`))}</section>`;
  }
}
