// SPDX-License-Identifier: MIT
// One card per chart: uPlot on top, below it a table with the value under the cursor (or the newest), least, mean and most
// of what is shown, which is also the chart in words.
//
// A spec says what a chart draws: {id, title, unit, format, kind, lines(series, colors) -> [{name, values, color, down,
// band}], max(series), peak(series)}. kind is "lines", "stack" (one on the other) or "mirror" (`down` ones grow downwards).

import uPlot from './uPlot.js';
import { html, nothing, render } from './lit-html.js';
import { clock, isUtc, moment, tick, zone } from './format.js';
import { css, drawBand, drawGaps, drawMarks, drawPeak } from './overlay.js';
import { between, runs } from './series.js';

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, i) => 2 ** i);
const TABLE_ROWS = 60;
const HEIGHT = 190;
const NEAR_STEPS = 60;

export const palette = () => [1, 2, 3, 4, 5, 6].map((i) => css('--series-' + i));

function translucent(color, alpha) {
  const n = Number.parseInt(color.slice(1), 16);
  return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${alpha})`;
}

/** Sums from the bottom up; a point is a gap only when all are. */
function pile(columns) {
  const sums = [];
  columns.forEach((column, c) => {
    sums.push(column.map((v, i) => {
      if (columns.every((other) => other[i] === null || other[i] === undefined)) return null;
      return (v ?? 0) + (c > 0 ? sums[c - 1][i] ?? 0 : 0);
    }));
  });
  return sums;
}

/** { min, avg, max, last } of a column between two times; nulls where there is nothing. */
export function statistics(times, values, from, to) {
  let sum = 0, n = 0, max = null, min = null, last = null;
  for (let i = 0; i < times.length; i++) {
    const v = values[i];
    if (v === null || v === undefined || times[i] < from || times[i] > to) continue;
    sum += v;
    n++;
    last = v;
    if (max === null || v > max) max = v;
    if (min === null || v < min) min = v;
  }
  return { min, max, last, avg: n ? sum / n : null };
}

export class Chart {
  /** hooks: {range() -> [from, to], marks(), gaps(), isCatchingUp(), onZoom(from, to), onReset(), onCursor(seconds or null)} */
  constructor(spec, hooks) {
    this.spec = spec;
    this.hooks = hooks;
    this.card = document.createElement('section');
    this.card.className = 'card chart';
    this.card.id = 'chart-' + spec.id;
    this.card.setAttribute('aria-label', spec.title);
    this.plotBox = document.createElement('div');
    this.plotBox.className = 'plot';
    this.plotBox.tabIndex = 0;
    this.plotBox.addEventListener('keydown', (event) => this.onKey(event));
    this.lines = [];
    this.times = [];
    this.plot = null;
    this.shape = '';
    this.isTable = false;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.plotBox);
    this.drawCard();
  }

  resize() {
    const width = this.plotBox.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  drop() {
    this.observer.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  /** Draws again with other colours or another zone. */
  recolor() {
    this.shape = '';
  }

  /** `series`: times and leastGap in seconds, and what spec.lines reads. */
  update(series) {
    this.times = series.times;
    this.least = series.leastGap;
    this.lines = this.spec.lines(series, palette()).filter((line) => line.values?.some((v) => v !== null && v !== undefined));
    for (const line of this.lines) line.gaps = between(this.times, runs(this.times, (i) => (line.values[i] ?? null) !== null, this.least));
    this.ceiling = this.spec.max?.(series) ?? null;
    this.peak = this.spec.peak?.(series) ?? null;
    this.isEmpty = this.lines.length === 0;
    this.plotBox.hidden = this.isEmpty;
    if (!this.isEmpty) {
      const shape = this.lines.map((l) => l.name + l.color).join('\n');
      const data = [series.times, ...this.columns()];
      if (shape !== this.shape || !this.plot) this.rebuild(data);
      else this.plot.setData(data, false);
      this.shape = shape;
      this.rescale();
    } else {
      this.shape = '';
    }
    this.drawCard();
  }

  columns() {
    const values = this.lines.map((line) => line.values);
    if (this.spec.kind === 'stack') return pile(values);
    return values.map((column, i) => (this.lines[i].down ? column.map((v) => (v === null ? null : -v)) : column));
  }

  rescale() {
    const [min, max] = this.hooks.range();
    this.plot?.setScale('x', { min, max });
  }

  options() {
    const isStack = this.spec.kind === 'stack';
    const grid = { stroke: css('--grid'), width: 1 };
    const axis = { stroke: css('--quiet'), grid, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const series = this.lines.map((line) => ({
      stroke: isStack ? undefined : line.color, // borders of empty layers would lie on each other
      width: 1.5,
      fill: this.spec.kind === 'lines' ? undefined : translucent(line.color, isStack ? 0.85 : 0.22),
      points: { show: false },
      gaps: (u, i) => this.lines[i - 1]?.gaps.map((gap) => gap.map((t) => u.valToPos(t, 'x', true))) ?? [], // none while it is empty
    }));
    const bands = isStack ? this.lines.map((_, i) => i + 1).filter((i) => i > 1).map((i) => ({ series: [i, i - 1] })) : [];
    return {
      width: this.plotBox.clientWidth || 400,
      height: HEIGHT,
      padding: [8, 18, 0, 0], // right: half a day's name
      legend: { show: false },
      tzDate: isUtc() ? (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : undefined,
      cursor: {
        sync: { key: 'nephos', scales: ['x', null] },
        drag: { x: true, y: false, setScale: false },
        points: { size: 6 },
        bind: { dblclick: () => () => this.hooks.onReset() },
      },
      scales: { x: { time: true, auto: false }, y: { range: (_, min, max) => this.valueRange(min, max) } },
      axes: [
        { ...axis, size: 26, space: 64, values: (_, ticks, __, ___, step) => ticks.map((t) => tick(t, step)) },
        { ...axis, size: 64, space: 32, incrs: this.spec.binary ? POWERS_OF_TWO : undefined, values: (_, ticks) => ticks.map((v) => this.spec.format(Math.abs(v))) },
      ],
      series: [{}, ...series],
      bands,
      hooks: this.drawHooks(),
    };
  }

  drawHooks() {
    return {
      drawClear: [(u) => drawGaps(u, this.hooks.gaps(), this.hooks.isCatchingUp())],
      drawAxes: [(u) => this.lines.forEach((line) => { if (line.band && !line.down) drawBand(u, this.times, line.band, line.color, this.least); })],
      draw: [(u) => {
        if (this.peak) drawPeak(u, this.times, this.peak, this.least);
        drawMarks(u, this.hooks.marks(), this.spec.metric);
      }],
      setCursor: [(u) => {
        this.drawCard();
        const isMine = u.cursor.event !== undefined && u.cursor.event !== null;
        if (isMine) this.hooks.onCursor(u.cursor.left >= 0 && u.cursor.idx !== null ? this.times[u.cursor.idx] : null);
      }],
      setSelect: [(u) => {
        if (u.select.width < 8) return;
        this.hooks.onZoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    };
  }

  valueRange(min, max) {
    if (this.ceiling !== null && this.spec.fixed) return [0, this.ceiling];
    const bands = this.lines.reduce((most, l) => (l.band ? l.band.max.reduce((m, v) => (v > m ? v : m), most) : most), 0);
    const high = Math.max(max ?? 0, bands, this.ceiling ?? 0, this.spec.least ?? 0);
    if (this.spec.kind !== 'mirror') return [Math.min(0, min ?? 0) * 1.08, high > 0 ? high * 1.08 : 1];
    const reach = Math.max(high, -(min ?? 0), this.spec.least ?? 0) * 1.08 || 1;
    return [-reach, reach];
  }

  rebuild(data) {
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), data, this.plotBox);
  }

  /** Arrows move the cursor of a chart that has the focus, as the pointer does. */
  onKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (!steps || !this.plot) return;
    event.preventDefault();
    event.stopPropagation();
    const { min, max } = this.plot.scales.x;
    const shown = this.times.map((t, i) => i).filter((i) => this.times[i] >= min && this.times[i] <= max);
    if (shown.length === 0) return;
    const now = this.plot.cursor.left >= 0 ? shown.indexOf(this.plot.cursor.idx) : shown.length;
    const at = shown[Math.max(0, Math.min(shown.length - 1, now + steps))];
    this.plot.setCursor({ left: this.plot.valToPos(this.times[at], 'x'), top: 20 });
    this.hooks.onCursor(this.times[at]);
  }

  // --- the card around it ---

  drawCard() {
    render(this.view(), this.card);
  }

  view() {
    const { spec } = this;
    return html`<div class="chart-head"><h2>${spec.title}</h2><span class="unit">${spec.unit}</span>
      ${this.isEmpty ? nothing : html`<button type="button" class="small" aria-pressed=${String(this.isTable)} @click=${() => { this.isTable = !this.isTable; this.drawCard(); }}
        aria-label="${spec.title} as a table">table</button>`}</div>
      ${this.plotBox}
      ${this.isEmpty ? html`<p class="why">${spec.empty ?? 'No such numbers in this range.'}</p>` : this.legend()}
      ${this.isTable && !this.isEmpty ? this.table() : nothing}`;
  }

  /** The value at a step, or where others are sampled more often, the nearest; not that of behind a silence. */
  near({ values, gaps }, at) {
    const t = this.times[at];
    if (gaps.some(([from, to]) => t > from && t < to)) return null;
    for (let k = 0; k < NEAR_STEPS; k++) {
      const v = values[at - k] ?? values[at + k] ?? null;
      if (v !== null) return v;
    }
    return null;
  }

  legend() {
    const [from, to] = this.hooks.range();
    const at = this.plot?.cursor.idx;
    const isPointed = this.plot && at !== null && at !== undefined && this.plot.cursor.left >= 0;
    this.plotBox.setAttribute('role', 'img');
    this.plotBox.setAttribute('aria-label', `${this.spec.title}, ${moment(from * 1000)} to ${moment(to * 1000)} ${zone(to * 1000)}; values are in the table below`);
    return html`<div class="legend" tabindex="0"><table class="stats"><thead><tr><th scope="col"><span class="unseen">line</span></th><th scope="col" class="now">${isPointed ? clock(this.times[at]) : 'last'}</th>
      <th scope="col">min</th><th scope="col">avg</th><th scope="col">max</th></tr></thead><tbody>${this.lines.map((line) => {
        const s = statistics(this.times, line.values, from, to);
        const cells = [isPointed ? this.near(line, at) : s.last, s.min, s.avg, line.band ? Math.max(s.max, statistics(this.times, line.band.max, from, to).max) : s.max];
        return html`<tr><th scope="row"><svg class="swatch" aria-hidden="true"><rect width="10" height="10" rx="3" fill=${line.color}></rect></svg>${line.name}</th>
          ${cells.map((v) => html`<td>${this.spec.format(v)}</td>`)}</tr>`;
      })}</tbody></table></div>`;
  }

  /** The same as numbers: every n-th step of what is shown, newest first. */
  table() {
    const [from, to] = this.hooks.range();
    const shown = this.times.map((_, i) => i).filter((i) => this.times[i] >= from && this.times[i] <= to);
    const every = Math.ceil(shown.length / TABLE_ROWS);
    const rows = shown.filter((_, n) => (shown.length - 1 - n) % every === 0).reverse();
    return html`<div class="legend values" tabindex="0"><table><caption>${this.spec.title}, ${this.spec.unit}${every > 1 ? `; every ${every}th step` : ''}; times in ${zone()}</caption>
      <thead><tr><th scope="col">time</th>${this.lines.map((l) => html`<th scope="col">${l.name}</th>`)}</tr></thead>
      <tbody>${rows.map((i) => html`<tr><th scope="row">${moment(this.times[i] * 1000)}</th>${this.lines.map((l) => html`<td>${this.spec.format(l.values[i])}</td>`)}</tr>`)}</tbody></table></div>`;
  }
}
