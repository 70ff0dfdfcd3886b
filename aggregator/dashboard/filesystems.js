// SPDX-License-Identifier: MIT
// The filesystems of a host: how full, how fast they fill, and when they would be full at that pace. The pace is that of
// the last day by least squares (or the aggregator's forecast where it makes one); a poor fit is said, not hidden.

import { html, nothing } from './lit-html.js';
import { get, getIfThere } from './api.js';
import { bytes, duration, percent } from './format.js';
import { last } from './series.js';
import { exactly, meter } from './ui.js';

const ASK_MS = 60000;
const HOURS = 24;
const POINTS = 96;
const SPAN_MIN_H = 2; // of samples, before a pace is told
const FIT_MIN = 0.5; // of r squared: below, there is no pace to speak of
const HORIZON_H = 24 * 365;

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
    const [answer, forecasts] = await Promise.all([
      get('/api/v1/query', { instance: id, metric: 'disk_used_bytes', from: `-${HOURS}h`, step: 'auto', points: POINTS }),
      getIfThere('/api/v1/forecasts', { instance: id }).catch(() => null),
    ]);
    if (asked !== this.asked) return;
    for (const s of answer.series) this.paces.set(s.tag, fit(answer.t, s.v));
    for (const f of forecasts?.forecasts ?? []) this.forecasts.set(f.tag ?? '', f);
    this.onLoad();
  }

  /** What is said of the future of one filesystem. */
  future(tag, free) {
    const told = this.forecasts.get(tag);
    const at = told && (told.fullAt ?? told.full_at ?? told.crossesAt ?? told.at);
    if (at) return html`full on ${exactly(at)} (forecast${told.confidence ? `, ${Math.round(told.confidence * 100)} % sure` : ''})`;
    const pace = this.paces.get(tag);
    if (!pace || pace.hours < SPAN_MIN_H) return html`<span class="quiet">no pace yet: that takes ${SPAN_MIN_H} h of samples</span>`;
    const rate = `${pace.slope < 0 ? '−' : '+'}${bytes(Math.abs(pace.slope) * 24)} a day`;
    if (pace.rSquared < FIT_MIN || pace.slope === 0) return html`<span class="quiet">no steady growth</span>`;
    const hours = free / pace.slope;
    if (hours < 0 || hours > HORIZON_H) return html`${rate}${hours < 0 ? '' : '; not full within a year'}`;
    return html`${rate}; <b>full in ${duration(hours * 3600000)}</b>, ${exactly(Date.now() + hours * 3600000)}, at the pace of the last ${Math.round(pace.hours)} h (r² ${pace.rSquared.toFixed(2)})`;
  }

  view(series) {
    const tags = series.tags('disk_usage_percent');
    if (tags.length === 0) return nothing;
    const value = (metric, tag) => last(series.column(metric, tag));
    return html`<section class="card chart wide filesystems" aria-label="Filesystems"><div class="chart-head"><h2>Filesystems</h2></div>
      <div class="legend tall" tabindex="0"><table><thead><tr><th scope="col">mount</th><th scope="col">used</th><th scope="col">free</th><th scope="col">files</th><th scope="col">pace and full-on date</th></tr></thead>
      <tbody>${tags.map((tag) => html`<tr><th scope="row">${mountOf(tag)}${value('disk_readonly', tag) === 1 ? html` <span class="badge critical">■ read-only</span>` : nothing}</th>
        <td>${meter(bytes(value('disk_used_bytes', tag)), value('disk_usage_percent', tag))}</td><td>${bytes(value('disk_available_bytes', tag))}</td>
        <td>${percent(value('disk_inodes_usage_percent', tag))}</td><td class="words">${this.future(tag, value('disk_available_bytes', tag))}</td></tr>`)}</tbody></table></div></section>`;
  }
}
