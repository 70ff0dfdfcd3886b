// SPDX-License-Identifier: MIT
// What is drawn of a host, in reading order. A spec: { id, title, unit, kind, format, lines(series, colors) }, see charts.js.

import { bytes, bytesRate, celsius, count, formatOf, milliseconds, percent, plain } from './format.js';

/** Every metric that a chart, tile or table needs; one query fetches them all. */
export const METRICS = [
  'cpu_usage', 'cpu_seconds', 'memory_usage_percent', 'memory_total_bytes', 'memory_available_bytes', 'memory_free_bytes',
  'load_average_1min', 'load_average_5min', 'load_average_15min', 'disk_read_bytes', 'disk_written_bytes',
  'disk_usage_percent', 'disk_used_bytes', 'disk_available_bytes', 'disk_inodes_usage_percent', 'disk_readonly', 'disk_await_ms',
  'disk_busy_percent', 'network_rx_bytes', 'network_tx_bytes', 'network_errors', 'network_drops', 'network_month_rx_bytes',
  'network_month_tx_bytes', 'swap_total_bytes', 'swap_free_bytes', 'swap_in_pages', 'swap_out_pages', 'pressure_cpu_some_avg10',
  'pressure_memory_some_avg10', 'pressure_io_some_avg10', 'pressure_io_full_avg10', 'tcp_established', 'tcp_retransmits',
  'tcp_listen_overflows', 'temperature_celsius', 'uptime', 'oom_kills',
];

/** Of these the least and the most of each step are shown when a step holds many samples. */
export const BANDS = [
  'cpu_usage', 'load_average_1min', 'pressure_cpu_some_avg10', 'pressure_memory_some_avg10', 'pressure_io_some_avg10',
  'disk_await_ms', 'disk_busy_percent', 'tcp_established', 'temperature_celsius',
];

const OURS = /^(cpu_|cgroup_|memory_|swap_|load_average|disk_|network_|tcp_|udp_|pressure_|agent_|clock_|processes_|statsd_|textfile_|sockets_|temperature_)|^(context_switches|forks|uptime|boot_time|suspended_seconds|oom_kills|major_faults|failed_units)$/;

/** What somebody else thought of: told by applications, or pushed. */
export const isCustom = (metric) => !OURS.test(metric);

const MODES = [
  ['user', ['user']],
  ['system', ['system']],
  ['waiting for disk', ['iowait']],
  ['stolen by host', ['steal']],
  ['interrupts', ['irq', 'softirq']],
  ['low priority', ['nice']],
];
const LINES_MAX = 6;

/** Column of f(a, b, ...) where all inputs have a value. */
function combine(f, ...columns) {
  if (columns.some((c) => !c)) return undefined;
  return columns[0].map((_, i) => {
    const values = columns.map((c) => c[i]);
    return values.some((v) => v === null || v === undefined) ? null : f(...values);
  });
}

function cpuLines(series, colors) {
  // All modes together are the time of all CPUs: that is the hundred percent.
  const all = series.tags('cpu_seconds').map((tag) => series.column('cpu_seconds', tag));
  const total = all.length ? combine((...v) => v.reduce((a, b) => a + b, 0), ...all) : undefined;
  if (!total) return [line(series, 'cpu_usage', '', 'busy', colors[0])];
  return MODES.map(([name, modes], i) => {
    const parts = modes.map((mode) => series.column('cpu_seconds', 'mode=' + mode)).filter(Boolean);
    if (parts.length === 0) return { name };
    const share = (sum, ...v) => (sum > 0 ? (100 * v.reduce((a, b) => a + b, 0)) / sum : null);
    return { name, color: colors[i], values: combine(share, total, ...parts) };
  });
}

function memoryLines(series, colors) {
  const total = series.column('memory_total_bytes');
  const available = series.column('memory_available_bytes');
  const free = series.column('memory_free_bytes');
  return [
    { name: 'used', color: colors[0], values: combine((t, a) => t - a, total, available) },
    { name: 'cache', color: colors[5], values: combine((a, f) => Math.max(0, a - f), available, free) },
  ];
}

const shortTag = (tag) => tag.split(',').map((t) => t.slice(t.indexOf('=') + 1)).join(' ');

const line = (series, metric, tag, name, color) => ({ name, color, values: series.column(metric, tag), band: series.bands.get(metric + '|' + tag) });

/** A line for each of [name, metric]. */
const metricLines = (list) => (series, colors) => list.map(([name, metric], i) => line(series, metric, '', name, colors[i]));

/** A line for each tag of a metric. */
const tagLines = (metric) => (series, colors) => series.tags(metric).slice(0, LINES_MAX).map((tag, i) => line(series, metric, tag, shortTag(tag) || metric, colors[i]));

/** Two directions for each device or interface: one grows up, the other down. */
const mirrorLines = (up, down) => (series, colors) => series.tags(up.metric).slice(0, LINES_MAX).flatMap((tag, i) => [
  { name: `${shortTag(tag)} ${up.word}`, color: colors[i], values: series.column(up.metric, tag) },
  { name: `${shortTag(tag)} ${down.word}`, color: colors[i], values: series.column(down.metric, tag), down: true },
]);

const highest = (column) => (column ?? []).reduce((most, v) => (v > most ? v : most), 0) || null;

export const SPECS = [
  { id: 'cpu', title: 'CPU', unit: '% of all CPUs', kind: 'stack', format: percent, lines: cpuLines, max: () => 100, fixed: true, metric: 'cpu_usage',
    peak: (series) => series.bands.get('cpu_usage|')?.max },
  { id: 'pressure', title: 'Pressure', unit: '% of time that something waited', kind: 'lines', format: percent, least: 10, metric: 'pressure_cpu_some_avg10',
    lines: metricLines([['for a CPU', 'pressure_cpu_some_avg10'], ['for memory', 'pressure_memory_some_avg10'], ['for a disk', 'pressure_io_some_avg10'], ['everything for a disk', 'pressure_io_full_avg10']]),
    empty: 'The kernel of this host does not tell pressure (PSI).' },
  { id: 'memory', title: 'Memory', unit: 'of what the kernel manages', kind: 'stack', format: bytes, binary: true, lines: memoryLines, fixed: true, metric: 'memory_usage_percent',
    max: (series) => highest(series.column('memory_total_bytes')) },
  { id: 'swap', title: 'Swapping', unit: 'pages a second', kind: 'mirror', format: count, least: 1, metric: 'swap_out_pages',
    lines: (series, colors) => [
      { name: 'read back ↑', color: colors[0], values: series.column('swap_in_pages') },
      { name: 'written out ↓', color: colors[1], values: series.column('swap_out_pages'), down: true }] },
  { id: 'load', title: 'Load', unit: 'runnable and waiting threads', kind: 'lines', format: plain, least: 1, metric: 'load_average_1min',
    lines: metricLines([['1 min', 'load_average_1min'], ['5 min', 'load_average_5min'], ['15 min', 'load_average_15min']]) },
  { id: 'disk', title: 'Disk I/O', unit: 'read ↑  written ↓', kind: 'mirror', format: bytesRate, binary: true, least: 4096, metric: 'disk_read_bytes',
    lines: mirrorLines({ metric: 'disk_read_bytes', word: '↑ read' }, { metric: 'disk_written_bytes', word: '↓ written' }),
    empty: 'No block device is watched on this host.' },
  { id: 'await', title: 'Disk wait', unit: 'an operation took, on average', kind: 'lines', format: milliseconds, least: 1, metric: 'disk_await_ms',
    lines: tagLines('disk_await_ms'), empty: 'No block device is watched on this host.' },
  { id: 'busy', title: 'Disk busy', unit: '% of time with an operation in flight', kind: 'lines', format: percent, least: 10, metric: 'disk_busy_percent',
    lines: tagLines('disk_busy_percent'), empty: 'No block device is watched on this host.' },
  { id: 'network', title: 'Network', unit: 'received ↑  sent ↓', kind: 'mirror', format: bytesRate, binary: true, least: 1024, metric: 'network_rx_bytes',
    lines: mirrorLines({ metric: 'network_rx_bytes', word: '↑ in' }, { metric: 'network_tx_bytes', word: '↓ out' }),
    empty: 'No network interface is watched on this host.' },
  { id: 'neterrors', title: 'Network errors', unit: 'a second', kind: 'lines', format: count, least: 1, metric: 'network_errors',
    lines: (series, colors) => [...tagLines('network_errors')(series, colors).slice(0, 3).map((l) => ({ ...l, name: l.name + ' errors' })),
      ...tagLines('network_drops')(series, colors.slice(3)).slice(0, 3).map((l) => ({ ...l, name: l.name + ' drops' }))] },
  { id: 'tcp', title: 'TCP connections', unit: 'open', kind: 'lines', format: count, least: 4, metric: 'tcp_established', lines: metricLines([['established', 'tcp_established']]) },
  { id: 'retransmits', title: 'TCP trouble', unit: 'a second', kind: 'lines', format: count, least: 1, metric: 'tcp_retransmits',
    lines: metricLines([['segments sent again', 'tcp_retransmits'], ['refused by a full listener', 'tcp_listen_overflows']]) },
  { id: 'temperature', title: 'Temperature', unit: '°C', kind: 'lines', format: celsius, least: 40, metric: 'temperature_celsius', lines: tagLines('temperature_celsius'),
    empty: 'This host has no temperature sensor.' },
];

/** The chart of any one metric, of its first tags. */
export const specOf = (metric, unit, kind) => ({
  id: 'metric-' + metric, title: metric, unit: kind === 'counter' ? `${unit} a second` : unit, kind: 'lines', format: formatOf(unit, kind), lines: tagLines(metric), metric,
});
