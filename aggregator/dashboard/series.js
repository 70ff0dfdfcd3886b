// SPDX-License-Identifier: MIT
// The numbers of one host on one time axis: history from /api/v1/query, then live samples appended.
//
// Counters become rates per second, here as in the aggregator: no value after a reset or a silence.

const SILENCE_STEPS = 3;

/** Indices of the steps that have a value, in runs. A run ends where values stop for longer than `least` seconds, and for
 *  longer than they do just before and behind: what is sampled once a minute does not fall silent each second. */
export function runs(times, hasValue, least) {
  const there = [];
  for (let i = 0; i < times.length; i++) if (hasValue(i)) there.push(i);
  const pause = (k) => times[there[k + 1]] - times[there[k]];
  const found = [[]];
  there.forEach((i, k) => {
    found.at(-1).push(i);
    const usual = Math.min(pause(k - 1) || Infinity, pause(k + 1) || Infinity);
    if (pause(k) > least && pause(k) > SILENCE_STEPS * (usual === Infinity ? 0 : usual)) found.push([]);
  });
  return found;
}

/** What lies between runs: [from, to] in the unit of `times`. */
export const between = (times, list) => list.slice(1).map((run, k) => [times[list[k].at(-1)], times[run[0]]]);

export const seriesKey = (metric, tag) => metric + '|' + tag;

export class Series {
  /** `catalog` is the answer of /api/v1/series: ids, units, kinds and the newest raw values. */
  constructor(catalog) {
    this.byId = new Map();
    for (const s of catalog.series) {
      const key = seriesKey(s.metric, s.tag);
      this.byId.set(s.id, { key, metric: s.metric, tag: s.tag, isCounter: s.kind === 'counter', lastT: s.t, lastV: s.v });
    }
    this.times = []; // seconds
    this.columns = new Map(); // key -> values, as long as times
    this.bands = new Map(); // key -> { min, max }, as long as times; none where every sample is drawn
    this.stepMs = 1000;
    this.resolution = 'full';
  }

  knows(id) {
    return this.byId.has(id);
  }

  /** Tags of a metric, as in "device=vda" -> "vda", in a stable order. */
  tags(metric) {
    const tags = [];
    for (const key of this.columns.keys()) {
      const [name, tag] = [key.slice(0, key.indexOf('|')), key.slice(key.indexOf('|') + 1)];
      if (name === metric) tags.push(tag);
    }
    return tags.sort();
  }

  column(metric, tag = '') {
    return this.columns.get(seriesKey(metric, tag));
  }

  /** Takes a query's answer in place of what is here; steps at its end that have no sample yet are left out. */
  load(answer) {
    this.stepMs = answer.step_ms;
    this.resolution = answer.resolution;
    this.bands.clear();
    let end = answer.t.length;
    while (end > 0 && answer.series.every((s) => s.v[end - 1] === null)) end--;
    this.times = answer.t.slice(0, end).map((ms) => ms / 1000);
    this.columns = new Map(answer.series.map((s) => [seriesKey(s.metric, s.tag), s.v.slice(0, end)]));
  }

  /** Least and most of each step, of the same range and step as what was loaded. */
  loadBands(least, most) {
    const length = this.times.length;
    if (least.step_ms !== this.stepMs || least.t[0] !== this.times[0] * 1000) return;
    for (const s of least.series) {
      const twin = most.series.find((other) => other.metric === s.metric && other.tag === s.tag);
      if (twin) this.bands.set(seriesKey(s.metric, s.tag), { min: s.v.slice(0, length), max: twin.v.slice(0, length) });
    }
  }

  /** Where no series has a value: [from, to] in seconds, within a range. */
  gaps(from, to) {
    const columns = [...this.columns.values()];
    const list = runs(this.times, (i) => this.times[i] >= from && this.times[i] <= to && columns.some((c) => (c[i] ?? null) !== null), this.leastGap);
    const all = list.flat().map((i) => this.times[i]);
    if (all.length === 0) return [[from, to]];
    const isLong = (a, b, usual) => b - a > Math.max(this.leastGap, 5, SILENCE_STEPS * (usual || 0));
    return [
      ...(isLong(from, all[0], all[1] - all[0]) ? [[from, all[0]]] : []), ...between(this.times, list),
      ...(isLong(all.at(-1), to, all.at(-1) - all.at(-2)) ? [[all.at(-1), to]] : []),
    ];
  }

  /** So long nothing must come before it is silence, seconds. */
  get leastGap() {
    return Math.max(SILENCE_STEPS, (2 * this.stepMs) / 1000);
  }

  newest() {
    return this.times.length ? this.times[this.times.length - 1] : 0;
  }

  /** One live message. False when it does not continue what is here: history must be asked again. */
  append(message) {
    let continues = true;
    message.t.forEach((ms, i) => {
      const t = ms / 1000;
      const isNew = t > this.newest();
      const values = new Map();
      message.series.forEach((id, column) => {
        const s = this.byId.get(id);
        if (s) values.set(s.key, this.value(s, ms, message.v[column][i]));
      });
      if (isNew) this.push(t, (key) => values.get(key) ?? null);
      else continues = false;
    });
    return continues;
  }

  push(t, valueOf) {
    this.times.push(t);
    for (const [key, column] of this.columns) column.push(valueOf(key));
    for (const band of this.bands.values()) {
      band.min.push(null);
      band.max.push(null);
    }
  }

  value(s, ms, raw) {
    if (!s.isCounter) return raw;
    const dt = ms - s.lastT;
    const growth = raw - s.lastV;
    const isSilence = !(dt > 0) || dt > SILENCE_STEPS * Math.max(this.stepMs, 1000);
    if (dt > 0 || s.lastT === undefined) {
      s.lastT = ms;
      s.lastV = raw;
    }
    return isSilence || growth < 0 ? null : (growth * 1000) / dt;
  }

  /** Forgets what is before `from` (seconds); some slack saves copying every second. */
  trim(from) {
    let n = 0;
    while (n < this.times.length && this.times[n] < from) n++;
    if (n < 60) return;
    this.times.splice(0, n);
    for (const column of this.columns.values()) column.splice(0, n);
    for (const band of this.bands.values()) {
      band.min.splice(0, n);
      band.max.splice(0, n);
    }
  }
}

/** Newest value that is not a gap, or null when the last `reach` entries are gaps. */
export function last(column, reach = 5) {
  if (!column) return null;
  for (let i = column.length - 1; i >= 0 && i >= column.length - reach; i--) if (column[i] !== null) return column[i];
  return null;
}
