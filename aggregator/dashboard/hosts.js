// SPDX-License-Identifier: MIT
// The list of hosts. Rows are kept and changed in place, so focus and selection stay. Names are foreign:
// they only ever become text.

import { ago, percent } from './format.js';

const SHAPES = { healthy: '●', degraded: '▲', unhealthy: '■', unknown: '◌' };
const WORDS = { healthy: 'live', degraded: 'silent', unhealthy: 'lost', unknown: 'not seen yet' };
const RANK = { unhealthy: 0, degraded: 1, unknown: 2, healthy: 3 };
const METERS = [
  ['CPU', 'cpu_usage', ''],
  ['Mem', 'memory_usage_percent', ''],
  ['Disk', 'disk_usage_percent', 'mount=/'],
];

export const shapeOf = (status) => SHAPES[status] ?? '◌';
export const wordOf = (status) => WORDS[status] ?? status;

/** Newest value of a series in an instance of /api/v1/live; undefined when there is none. */
export function newest(instance, metric, tag) {
  return instance.series.find((s) => s.metric === metric && (tag === undefined || s.tag === tag))?.v;
}

export function level(v) {
  return v >= 90 ? 'critical' : v >= 75 ? 'warn' : 'ok';
}

export function meter(label, v) {
  const box = document.createElement('span');
  box.className = 'meter';
  const name = document.createElement('small');
  name.textContent = label;
  const track = document.createElement('span');
  track.className = 'track';
  const bar = document.createElement('span');
  track.append(bar);
  const text = document.createElement('b');
  box.append(name, track, text);
  setMeter(box, v);
  return box;
}

export function setMeter(box, v) {
  const bar = box.querySelector('.track span');
  bar.style.setProperty('width', Math.min(100, Math.max(0, v ?? 0)) + '%');
  bar.className = level(v ?? 0);
  box.querySelector('b').textContent = v === undefined || v === null ? '–' : percent(v);
}

export class HostList {
  constructor(list, filter, none) {
    this.list = list;
    this.filter = filter;
    this.none = none;
    this.rows = new Map();
    this.template = document.getElementById('host-row').content;
    filter.addEventListener('input', () => this.applyFilter());
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || filter.hidden || event.target.matches('input')) return;
      event.preventDefault();
      filter.focus();
    });
  }

  row(instance) {
    const known = this.rows.get(instance.id);
    if (known) return known;
    const li = this.template.firstElementChild.cloneNode(true);
    const meters = METERS.map(([label]) => meter(label));
    li.querySelector('.meters').append(...meters);
    li.querySelector('a').href = '?host=' + encodeURIComponent(instance.id);
    li.dataset.id = instance.id;
    const row = { li, meters };
    this.rows.set(instance.id, row);
    return row;
  }

  update(instances, chosen, now) {
    const order = [...instances].sort((a, b) => (RANK[a.status] ?? 2) - (RANK[b.status] ?? 2) || a.name.localeCompare(b.name));
    const present = new Set(order.map((i) => i.id));
    for (const [id, row] of this.rows) {
      if (present.has(id)) continue;
      row.li.remove();
      this.rows.delete(id);
    }
    order.forEach((instance, at) => {
      const { li, meters } = this.row(instance);
      const a = li.querySelector('a');
      a.className = 'host-row ' + instance.status;
      if (instance.id === chosen) a.setAttribute('aria-current', 'page');
      else a.removeAttribute('aria-current');
      li.querySelector('.shape').textContent = shapeOf(instance.status);
      li.querySelector('.name').textContent = instance.name;
      li.querySelector('.word').textContent = wordOf(instance.status);
      li.querySelector('.seen').textContent = instance.last_seen_ms ? ago(now - instance.last_seen_ms) : 'no sample since start';
      METERS.forEach(([, metric, tag], i) => setMeter(meters[i], newest(instance, metric, tag)));
      if (this.list.children[at] !== li) this.list.insertBefore(li, this.list.children[at] ?? null);
    });
    this.filter.hidden = instances.length < 8;
    this.applyFilter();
  }

  applyFilter() {
    const wanted = this.filter.hidden ? '' : this.filter.value.trim().toLowerCase();
    let shown = 0;
    for (const { li } of this.rows.values()) {
      li.hidden = !li.querySelector('.name').textContent.toLowerCase().includes(wanted);
      shown += !li.hidden;
    }
    this.none.hidden = shown > 0 || this.rows.size === 0;
  }
}
