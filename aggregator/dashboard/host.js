// SPDX-License-Identifier: MIT
// The page of one host: tiles, charts, filesystems. History is asked once per range; live samples are
// appended while the range is short enough to show single seconds, else the newest steps are asked again.

import { get } from './api.js';
import { Chart } from './charts.js';
import { bytes, bytesRate, clock, duration, percent, plain, zone } from './format.js';
import { meter, setMeter, shapeOf, wordOf } from './hosts.js';
import { Processes } from './processes.js';
import { Series, last } from './series.js';
import { METRICS, SPECS } from './specs.js';

export const RANGES = [['5m', 300], ['15m', 900], ['1h', 3600], ['6h', 21600], ['24h', 86400]];
const LIVE_SECONDS_MAX = 900;
const POINTS = 900;
const PROCESSES_MS = 3000;

const byId = (id) => document.getElementById(id);

export class HostPage {
  constructor() {
    this.id = null;
    this.series = null;
    this.range = 300;
    this.zoom = null;
    this.generation = 0; // answers to questions about an earlier host or range are thrown away
    this.offset = 0; // the host's clock less the browser's, ms
    this.charts = [];
    this.tiles = new Map();
    this.mounts = new Map();
    this.processes = new Processes();
    this.processesAt = 0; // when they were asked for
    byId('zoom-out').addEventListener('click', () => this.resetZoom());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.charts.forEach((chart) => chart.recolor());
      this.draw();
    });
  }

  build() {
    const hooks = { range: () => this.view(), onZoom: (a, b) => this.setZoom([a, b]), onReset: () => this.resetZoom() };
    this.charts = SPECS.map((spec) => new Chart(spec, hooks));
    this.disks = document.createElement('section');
    this.disks.className = 'card chart mounts';
    const head = document.createElement('div');
    head.className = 'chart-head';
    const title = document.createElement('h2');
    title.textContent = 'Filesystems';
    head.append(title);
    this.disks.append(head);
    byId('charts').replaceChildren(...this.charts.map((chart) => chart.card), this.disks, this.processes.card);
  }

  async open(id, range) {
    const isSame = id === this.id;
    this.id = id;
    this.range = range;
    this.zoom = null;
    const generation = ++this.generation;
    if (!this.charts.length) this.build();
    if (!isSame) {
      this.series = null;
      this.mounts.forEach((row) => row.remove());
      this.mounts.clear();
      this.processes.clear();
      this.processesAt = 0;
      this.clear();
    }
    byId('charts').classList.add('loading');
    const [catalog, answer] = await Promise.all([get('/api/v1/series', { instance: id }), this.query(`-${range + 10}s`)]);
    if (generation !== this.generation) return;
    this.series = new Series(catalog);
    this.series.load(answer);
    byId('charts').classList.remove('loading');
    this.draw();
  }

  query(from) {
    return get('/api/v1/query', { instance: this.id, metric: METRICS.join(','), from, step: 'auto', points: POINTS });
  }

  /** History again: for long ranges, and after a connection was lost or samples came late. */
  async refresh() {
    if (!this.series) return;
    const generation = this.generation;
    const answer = await this.query(`-${this.range + 10}s`);
    if (generation !== this.generation) return;
    this.series.load(answer);
    this.draw();
  }

  onSamples(message) {
    if (!this.series || message.instance !== this.id) return;
    if (message.series.some((id) => !this.series.knows(id))) {
      this.open(this.id, this.range).catch(() => {});
      return;
    }
    const newestMs = message.t[message.t.length - 1];
    this.offset = newestMs - Date.now();
    this.rememberTiles(message);
    if (this.range > LIVE_SECONDS_MAX) return;
    if (!this.series.append(message)) this.refreshSoon();
    this.series.trim(this.series.newest() - this.range - 30);
    if (!document.hidden) this.draw();
  }

  refreshSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.refresh().catch(() => {}), 2000);
  }

  /** In long ranges the tiles still show single seconds. */
  rememberTiles(message) {
    if (this.range <= LIVE_SECONDS_MAX) return;
    message.series.forEach((id, i) => {
      const s = this.series.byId.get(id);
      const v = this.series.value(s, message.t[message.t.length - 1], message.v[i][message.t.length - 1]);
      if (v !== null) this.latest.set(s.key, v);
    });
    this.drawTiles();
  }

  view() {
    if (this.zoom) return this.zoom;
    const now = (Date.now() + this.offset) / 1000;
    const newest = this.series?.newest() ?? now;
    const isFresh = Math.abs(now - newest) < Math.max(3, (2 * this.series.stepMs) / 1000);
    const end = isFresh ? newest : Math.max(now, newest);
    return [end - this.range, end];
  }

  setZoom(zoom) {
    this.zoom = zoom;
    byId('zoomed').hidden = false;
    byId('zoomed-text').textContent = `Showing ${clock(zoom[0])} to ${clock(zoom[1])} ${zone()}.`;
    this.charts.forEach((chart) => { if (chart.plot) { chart.rescale(); chart.fillTable(); } });
    this.drawProcesses(true);
  }

  resetZoom() {
    this.zoom = null;
    this.draw();
  }

  clear() {
    this.latest = new Map();
    byId('tiles').replaceChildren();
    this.tiles.clear();
  }

  draw() {
    if (!this.series) return;
    byId('zoomed').hidden = !this.zoom;
    this.charts.forEach((chart) => chart.update(this.series));
    this.drawTiles();
    this.drawMounts();
    this.drawProcesses();
  }

  /** Newest value, from the axis or, in long ranges, from the last live message. */
  newest(metric, tag = '') {
    return this.latest.get(metric + '|' + tag) ?? last(this.series.column(metric, tag));
  }

  sum(metric) {
    const values = this.series.tags(metric).map((tag) => this.newest(metric, tag)).filter((v) => v !== null);
    return values.length ? values.reduce((a, b) => a + b, 0) : null;
  }

  drawTiles() {
    const total = this.newest('memory_total_bytes');
    const available = this.newest('memory_available_bytes');
    const swapTotal = this.newest('swap_total_bytes');
    const swapFree = this.newest('swap_free_bytes');
    this.tile('CPU', percent(this.newest('cpu_usage')), 'load ' + plain(this.newest('load_average_1min')));
    this.tile('Memory', percent(this.newest('memory_usage_percent')),
      total === null ? '' : `${bytes(total - available)} of ${bytes(total)}`);
    if (swapTotal > 0) this.tile('Swap', percent((100 * (swapTotal - swapFree)) / swapTotal), `of ${bytes(swapTotal)}`);
    this.tile('Network in', bytesRate(this.sum('network_rx_bytes')), 'out ' + bytesRate(this.sum('network_tx_bytes')));
    this.tile('Disk read', bytesRate(this.sum('disk_read_bytes')), 'written ' + bytesRate(this.sum('disk_written_bytes')));
    const uptime = this.newest('uptime');
    if (uptime !== null) this.tile('Up', duration(uptime * 1000), 'since boot');
  }

  tile(name, value, detail) {
    let tile = this.tiles.get(name);
    if (!tile) {
      tile = document.createElement('div');
      tile.className = 'tile';
      for (const tag of ['small', 'b', 'span']) tile.append(document.createElement(tag));
      tile.children[0].textContent = name;
      byId('tiles').append(tile);
      this.tiles.set(name, tile);
    }
    if (tile.children[1].textContent !== value) tile.children[1].textContent = value;
    if (tile.children[2].textContent !== detail) tile.children[2].textContent = detail;
  }

  /** Asked for now and then while the page shows the newest; once for a stretch that was zoomed to. */
  drawProcesses(isNew = false) {
    const now = Date.now();
    if (!isNew && (this.zoom || now - this.processesAt < PROCESSES_MS)) return;
    this.processesAt = now;
    this.processes.load(this.id, this.zoom && this.zoom[1] * 1000).catch(() => {});
  }

  drawMounts() {
    const tags = this.series.tags('disk_usage_percent');
    this.disks.hidden = tags.length === 0;
    for (const tag of tags) {
      let row = this.mounts.get(tag);
      if (!row) {
        row = document.createElement('div');
        row.className = 'mount';
        const detail = document.createElement('span');
        detail.className = 'quiet';
        row.append(meter(tag.slice(tag.indexOf('=') + 1)), detail);
        this.disks.append(row);
        this.mounts.set(tag, row);
      }
      setMeter(row.firstElementChild, this.newest('disk_usage_percent', tag));
      const used = this.newest('disk_used_bytes', tag);
      const free = this.newest('disk_available_bytes', tag);
      row.lastElementChild.textContent = used === null ? '' : `${bytes(used)} used, ${bytes(free)} free`;
    }
  }

  /** Name, state and what is known of the machine: `live` from /api/v1/live, `facts` from /instances. */
  drawHead(live, facts) {
    byId('host-name').textContent = live.name;
    const m = facts?.metadata ?? {};
    const parts = [
      `${shapeOf(live.status)} ${wordOf(live.status)}`,
      m.os,
      m.kernel && `Linux ${m.kernel}`,
      m.cpuCount && `${m.cpuCount} CPU${m.cpuCount > 1 ? 's' : ''}`,
      m.memoryBytes && bytes(m.memoryBytes),
      facts && facts.provider !== 'other' && `${facts.provider} · ${facts.region}`,
      m.ipAddress,
      m.agentVersion && `agent ${m.agentVersion}`,
      Math.abs(live.skew_ms) > 2000 && `clock off by ${duration(Math.abs(live.skew_ms))}`,
    ];
    const texts = parts.filter(Boolean);
    const box = byId('host-facts');
    if (box.dataset.text === texts.join()) return;
    box.dataset.text = texts.join();
    box.replaceChildren(...texts.map((text, i) => {
      const span = document.createElement('span');
      span.textContent = text;
      if (i === 0) span.className = 'word ' + live.status;
      return span;
    }));
  }
}
