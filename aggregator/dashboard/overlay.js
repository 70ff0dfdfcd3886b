// SPDX-License-Identifier: MIT
// What is drawn on a chart beside its lines: silence, the band between least and most, alerts, reboots, notes, anomalies.
// Everything here is also said in words (marks.js), so colour and place carry nothing alone.

import { runs } from './series.js';

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

let hatch = null; // one pattern for all charts
let hatchColor = '';

function hatched(ctx) {
  const color = css('--quiet');
  if (hatch && color === hatchColor) return hatch;
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  pen.strokeStyle = hatchColor = color;
  pen.globalAlpha = 0.5;
  pen.beginPath();
  pen.moveTo(0, 8);
  pen.lineTo(8, 0);
  pen.stroke();
  hatch = ctx.createPattern(tile, 'repeat');
  return hatch;
}

function spanOf(u, from, to) {
  const { left, width } = u.bbox;
  const a = Math.max(left, u.valToPos(from, 'x', true));
  const b = Math.min(left + width, u.valToPos(to, 'x', true));
  return b > left && a < left + width ? [a, Math.max(2, b - a)] : null;
}

/** Grey where nothing was measured; hatched where history may still come. */
export function drawGaps(u, gaps, isCatchingUp) {
  const { ctx } = u;
  const { top, height } = u.bbox;
  ctx.save();
  for (const [from, to] of gaps) {
    const span = spanOf(u, from, to);
    if (!span) continue;
    ctx.globalAlpha = isCatchingUp ? 0.6 : 0.14;
    ctx.fillStyle = isCatchingUp ? hatched(ctx) : css('--quiet');
    ctx.fillRect(span[0], top, span[1], height);
  }
  ctx.restore();
}

const trace = (u, times, values, run) => run.forEach((i, n) => u.ctx[n ? 'lineTo' : 'moveTo'](u.valToPos(times[i], 'x', true), u.valToPos(values[i], 'y', true)));

/** Between the least and the most of each step; `least`: seconds of a silence. */
export function drawBand(u, times, band, color, least) {
  const { ctx } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.globalAlpha = 0.2;
  ctx.fillStyle = color;
  const { min: from, max: to } = u.scales.x;
  for (const run of runs(times, (i) => times[i] >= from && times[i] <= to && band.min[i] !== null && band.max[i] !== null, least)) {
    ctx.beginPath();
    trace(u, times, band.max, run);
    run.reverse().forEach((i) => ctx.lineTo(u.valToPos(times[i], 'x', true), u.valToPos(band.min[i], 'y', true)));
    ctx.fill();
  }
  ctx.restore();
}

/** The most of each step, dashed: what an average hides. */
export function drawPeak(u, times, values, least) {
  const { ctx } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.strokeStyle = css('--ink');
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  for (const run of runs(times, (i) => (values[i] ?? null) !== null, least)) trace(u, times, values, run);
  ctx.stroke();
  ctx.restore();
}

function drawMoment(u, at, color, sign) {
  const { ctx } = u;
  const x = u.valToPos(at, 'x', true);
  if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
  const px = devicePixelRatio;
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = px;
  ctx.setLineDash([2 * px, 3 * px]);
  ctx.beginPath();
  ctx.moveTo(x, u.bbox.top);
  ctx.lineTo(x, u.bbox.top + u.bbox.height);
  ctx.stroke();
  ctx.font = `${11 * px}px system-ui, sans-serif`;
  ctx.fillText(sign, x + 2 * px, u.bbox.top + 11 * px);
}

/** `marks`: { alerts: [{ from, to, level, metric }], moments: [{ at, sign, kind }], anomalies: [{ from, to, metrics }] } in seconds. */
export function drawMarks(u, marks, metric) {
  const { ctx } = u;
  const px = devicePixelRatio;
  ctx.save();
  for (const a of marks.alerts) {
    const span = spanOf(u, a.from, a.to);
    if (!span) continue;
    ctx.fillStyle = css(a.level === 'critical' ? '--critical' : '--bar-warn');
    ctx.globalAlpha = 1;
    ctx.fillRect(span[0], u.bbox.top, span[1], (a.metric === metric ? 4 : 2) * px);
    if (a.metric === metric) {
      ctx.globalAlpha = 0.1;
      ctx.fillRect(span[0], u.bbox.top, span[1], u.bbox.height);
    }
  }
  ctx.globalAlpha = 1;
  for (const a of marks.anomalies) {
    const span = a.metrics.includes(metric) ? spanOf(u, a.from, a.to) : null;
    if (!span) continue;
    ctx.fillStyle = css('--anomaly');
    ctx.fillRect(span[0], u.bbox.top + u.bbox.height - 5 * px, span[1], 5 * px);
  }
  for (const m of marks.moments) drawMoment(u, m.at, css(m.kind === 'note' ? '--accent' : '--ink'), m.sign);
  ctx.restore();
}
