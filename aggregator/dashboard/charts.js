// SPDX-License-Identifier: MIT
// One card per chart: uPlot on top, below it a table with the value under the cursor (or the newest),
// mean and maximum of what is shown.
//
// A spec says what a chart draws: {id, title, unit, format, kind, lines(series) -> [{name, values, color,
// down}], max(series)}. kind is "lines", "stack" (one on the other) or "mirror" (lines that are `down` grow downwards).

import { clock } from './format.js';

const uPlot = window.uPlot;
const sync = uPlot.sync('nephos');
const POWERS_OF_TWO = Array.from({ length: 60 }, (_, i) => 2 ** i);

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const palette = () => [1, 2, 3, 4, 5, 6].map((i) => css('--series-' + i));

function translucent(color, alpha) {
  const n = parseInt(color.slice(1), 16);
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

export class Chart {
  /** hooks: {range() -> [from, to], onZoom(from, to), onReset()} */
  constructor(spec, hooks) {
    this.spec = spec;
    this.hooks = hooks;
    const card = document.getElementById('chart-card').content.firstElementChild.cloneNode(true);
    this.card = card;
    this.plotBox = card.querySelector('.plot');
    this.body = card.querySelector('tbody');
    this.why = card.querySelector('.why');
    card.querySelector('h2').textContent = spec.title;
    card.querySelector('.unit').textContent = spec.unit;
    card.classList.toggle('wide', Boolean(spec.wide));
    this.lines = [];
    this.rows = [];
    this.plot = null;
    this.shape = '';
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.plotBox);
  }

  resize() {
    const size = { width: this.plotBox.clientWidth, height: this.height() };
    const isOther = this.plot && (size.width !== this.plot.width || size.height !== this.plot.height);
    if (isOther && size.width > 0) this.plot.setSize(size);
  }

  height() {
    return this.plotBox.clientHeight || 190;
  }

  drop() {
    this.observer.disconnect();
    this.plot?.destroy();
    this.card.remove();
  }

  /** Draws again with other colours. */
  recolor() {
    this.shape = '';
  }

  update(series) {
    this.lines = this.spec.lines(series, palette()).filter((line) => line.values);
    const isEmpty = this.lines.length === 0;
    this.why.hidden = !isEmpty;
    this.plotBox.hidden = isEmpty;
    if (isEmpty) {
      this.why.textContent = this.spec.empty ?? 'This host has no such numbers in this range.';
      this.body.replaceChildren();
      this.shape = '';
      return;
    }
    const shape = this.lines.map((l) => l.name + l.color).join('\n');
    this.ceiling = this.spec.max?.(series) ?? null;
    const data = [series.times, ...this.columns()];
    if (shape !== this.shape) this.rebuild(data);
    else this.plot.setData(data, false);
    this.shape = shape;
    this.rescale();
    this.fillTable();
    this.resize(); // the table may have grown or shrunk
  }

  columns() {
    const values = this.lines.map((line) => line.values);
    if (this.spec.kind === 'stack') return pile(values);
    return values.map((column, i) => (this.lines[i].down ? column.map((v) => (v === null ? null : -v)) : column));
  }

  rescale() {
    const [min, max] = this.hooks.range();
    this.plot.setScale('x', { min, max });
  }

  options() {
    const isStack = this.spec.kind === 'stack';
    const ink = css('--quiet');
    const grid = { stroke: css('--grid'), width: 1 };
    const axis = { stroke: ink, grid, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const series = this.lines.map((line) => ({
      stroke: isStack ? undefined : line.color, // borders of empty layers would lie on each other
      width: 1.5,
      fill: this.spec.kind === 'lines' ? undefined : translucent(line.color, isStack ? 0.85 : 0.22),
      points: { show: false },
    }));
    const bands = isStack ? this.lines.map((_, i) => i + 1).filter((i) => i > 1).map((i) => ({ series: [i, i - 1] })) : [];
    return {
      width: this.plotBox.clientWidth || 400,
      height: this.height(),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: sync.key, scales: ['x', null] },
        drag: { x: true, y: false, setScale: false },
        points: { size: 6 },
        bind: { dblclick: () => () => this.hooks.onReset() },
      },
      scales: { x: { time: true, auto: false }, y: { range: (_, min, max) => this.valueRange(min, max) } },
      axes: [
        { ...axis, size: 26, space: 52, values: (_, ticks, __, ___, step) => ticks.map((t) => clock(t).slice(0, step < 60 ? 8 : 5)) },
        { ...axis, size: 64, space: 32, incrs: this.spec.binary ? POWERS_OF_TWO : undefined, values: (_, ticks) => ticks.map((v) => this.spec.format(Math.abs(v))) },
      ],
      series: [{}, ...series],
      bands,
      hooks: {
        setCursor: [() => this.fillTable()],
        setSelect: [(u) => {
          if (u.select.width < 8) return;
          this.hooks.onZoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    };
  }

  valueRange(min, max) {
    if (this.ceiling !== null && this.spec.fixed) return [0, this.ceiling];
    const high = Math.max(max ?? 0, this.ceiling ?? 0, this.spec.least ?? 0);
    if (this.spec.kind !== 'mirror') return [0, high > 0 ? high * 1.08 : 1];
    const reach = Math.max(high, -(min ?? 0), this.spec.least ?? 0) * 1.08 || 1;
    return [-reach, reach];
  }

  rebuild(data) {
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), data, this.plotBox);
    sync.sub(this.plot);
    this.rows = this.lines.map((line) => {
      const row = document.createElement('tr');
      const name = document.createElement('th');
      name.scope = 'row';
      const swatch = document.createElement('i');
      swatch.style.setProperty('background', line.color);
      name.append(swatch, line.name);
      row.append(name);
      for (let i = 0; i < 3; i++) row.append(document.createElement('td'));
      return row;
    });
    this.body.replaceChildren(...this.rows);
    this.headNow = this.card.querySelector('.now');
  }

  /** Mean and maximum of what is in view; "now" is the cursor's moment while it is over a chart. */
  fillTable() {
    if (!this.plot) return;
    const times = this.plot.data[0];
    const { min, max } = this.plot.scales.x;
    const at = this.plot.cursor.idx;
    const isHovering = at !== null && at !== undefined && this.plot.cursor.left >= 0;
    const now = isHovering ? clock(times[at]) : 'now';
    if (this.headNow.textContent !== now) this.headNow.textContent = now;
    this.lines.forEach((line, l) => {
      let sum = 0, n = 0, high = null, newest = null;
      for (let i = 0; i < times.length; i++) {
        const v = line.values[i];
        if (v === null || v === undefined || times[i] < min || times[i] > max) continue;
        sum += v;
        n++;
        newest = v;
        if (high === null || v > high) high = v;
      }
      const cells = [isHovering ? line.values[at] : newest, n ? sum / n : null, high];
      cells.forEach((v, c) => {
        const text = this.spec.format(v);
        const cell = this.rows[l].children[c + 1];
        if (cell.textContent !== text) cell.textContent = text;
      });
    });
  }
}
