// SPDX-License-Identifier: MIT
// Receives OTLP/HTTP metrics: protobufjs decodes them by the definitions of opentelemetry-proto, written out below.
//   node otlp_receiver.cjs FOLDER PORT FILE
// Each point becomes a line of FILE before it is answered. POST /double {"next": ["429", "reset", "partial"]} says
// what the next requests meet: 429 and 503 with Retry-After, reset (taken, and nobody hears of it), partial.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const [folder, port, file] = process.argv.slice(2);
const protobuf = require(path.join(folder, 'node_modules/protobufjs'));

const { root } = protobuf.parse(`syntax = "proto3";
message Request { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message Scope { string name = 1; string version = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; } }
message Gauge { repeated Point data_points = 1; }
message Sum { repeated Point data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Point { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; } uint32 flags = 8; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message Partial { int64 rejected_data_points = 1; string error_message = 2; }
message Response { Partial partial_success = 1; }
message Status { int32 code = 1; string message = 2; }`);
const [Request, Response, Status] = ['Request', 'Response', 'Status'].map((n) => root.lookupType(n));
const out = fs.openSync(file, 'a');
const world = { next: [] };

const pairs = (list) => Object.fromEntries(list.map((p) => [p.key, p.value.stringValue]));

function keep(request) {
  let lines = '', points = 0;
  for (const resource of request.resourceMetrics)
    for (const scope of resource.scopeMetrics)
      for (const metric of scope.metrics) {
        const data = metric.gauge || metric.sum;
        for (const point of data.dataPoints) {
          points++;
          lines += JSON.stringify({ resource: pairs(resource.resource.attributes), scope: scope.scope.name,
            name: metric.name, unit: metric.unit, sum: metric.sum ? [metric.sum.aggregationTemporality, metric.sum.isMonotonic] : null,
            attributes: pairs(point.attributes), start: String(point.startTimeUnixNano), time: String(point.timeUnixNano),
            value: point.asDouble }) + '\n';
        }
      }
  fs.writeSync(out, lines);
  return points;
}

http.createServer((request, response) => {
  const parts = [];
  request.on('data', (p) => parts.push(p)).on('end', () => {
    const body = Buffer.concat(parts);
    if (request.url === '/double') return Object.assign(world, JSON.parse(body)), response.end('{}');
    const reply = (status, type, message, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers }).end(type.encode(message).finish());
    if (request.url !== '/v1/metrics' || request.headers['content-type'] !== 'application/x-protobuf')
      return reply(404, Status, { code: 5, message: 'no such path' });
    if (request.headers['x-api-key'] !== 'k3y') return reply(401, Status, { code: 16, message: 'who are you?' });
    const fault = world.next.shift();
    if (fault === '429' || fault === '503') return reply(Number(fault), Status, { code: 14, message: 'busy' }, { 'retry-after': '1' });
    const decoded = Request.decode(body); // throws, and the process ends, when it is none
    const points = keep(decoded);
    if (fault === 'reset') return request.socket.destroy();
    reply(200, Response, fault === 'partial' ? { partialSuccess: { rejectedDataPoints: Math.min(points, 1), errorMessage: 'one is odd' } } : {});
  });
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
