// SPDX-License-Identifier: MIT
// Stands in for Snowflake's SQL API: DuckDB carries out the statements, Node's own crypto checks the token.
//   node snowflake_double.cjs FOLDER PORT DATABASE ACCOUNT USER PUBLIC_KEY_PEM
//
// What Snowflake does and DuckDB does not: keys are not enforced (rows that come twice would show), a request's
// id is remembered with its statement and carries it out once, statements run on while nobody looks. POST
// /double {"next": ["429", "reset", ...], "running": N, "clock": S} says what the next requests meet, how often
// a statement is still running when it is asked about, and how far its clock is off; GET /double?sql= is the
// judge's own way in, and GET /double?counts= tells what happened.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const [folder, port, database, account, user, keyFile] = process.argv.slice(2);
const { DuckDBInstance } = require(path.join(folder, 'node_modules/@duckdb/node-api'));

const key = crypto.createPublicKey(fs.readFileSync(keyFile));
const fingerprint = crypto.createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64');
const who = `${account}.${user}`;
const world = { next: [], running: 1, clock: 0 };
const counts = { statements: 0, repeated: 0, asked: 0, refused: 0, faults: 0, tokens: 0, rows: 0 };
const tokens = new Set();
const asked = new Map();
let connection;

const refused = (status, code, message) => Object.assign(new Error(message), { status, code });

function checkToken(request) {
  const h = request.headers, now = Date.now() / 1000 + world.clock;
  if (!h['user-agent']) throw refused(400, '391903', 'The request header User-Agent is missing.');
  if (h['x-snowflake-authorization-token-type'] !== 'KEYPAIR_JWT') throw refused(401, '390303', 'Invalid OAuth access token.');
  const token = (h.authorization || '').replace(/^Bearer /, ''), parts = token.split('.');
  const bad = (what) => refused(401, '390144', `JWT token is invalid. ${what}`);
  if (parts.length !== 3 || /[^A-Za-z0-9_.-]/.test(token)) throw bad('form');
  const [header, claims] = parts.slice(0, 2).map((p) => JSON.parse(Buffer.from(p, 'base64url')));
  if (header.alg !== 'RS256' || header.typ !== 'JWT') throw bad('header');
  if (!crypto.verify('sha256', Buffer.from(parts.slice(0, 2).join('.')), key, Buffer.from(parts[2], 'base64url'))) throw bad('signature');
  if (claims.iss !== `${who}.SHA256:${fingerprint}` || claims.sub !== who) throw bad(`issuer ${claims.iss}`);
  if (!(claims.iat <= now + 60 && claims.exp > now && claims.exp - claims.iat <= 3600)) throw bad('times');
  tokens.add(token);
  counts.tokens = tokens.size;
}

const all = async (sql, values) => (await connection.runAndReadAll(sql, values)).getRowsJson();

// Names of types; a key is a word that Snowflake does not act upon.
const translated = (sql) => sql.startsWith('CREATE TABLE')
  ? sql.replace(/ PRIMARY KEY/g, '').replace(/\bFLOAT\b/g, 'DOUBLE').replace(/\bVARIANT\b/g, 'JSON').replace(/(_AT|TIMESTAMP|_CHECK) TIMESTAMP_NTZ/g, '$1 TIMESTAMP')
  : sql;

function checkBody(text) {
  const body = JSON.parse(text);
  for (const name of ['statement', 'database', 'schema', 'warehouse', 'role'])
    if (typeof body[name] !== 'string' || body[name] === '') throw refused(400, '390142', `${name} is missing`);
  if (/;|\b(USE|BEGIN|COMMIT|ROLLBACK|ALTER SESSION)\b/.test(body.statement)) throw refused(422, '391911', 'Unsupported statement type.');
  const bindings = body.bindings || {}, values = [];
  for (let i = 1; bindings[i]; i++) values.push(bindings[i].value);
  if (values.length !== Object.keys(bindings).length) throw refused(400, '390142', 'positions of bindings');
  for (const [, b] of Object.entries(bindings))
    if (b.type !== 'TEXT' || !(b.value === null || typeof b.value === 'string')) throw refused(400, '390142', 'a binding');
  if ((body.statement.match(/\?/g) || []).length !== values.length) throw refused(422, '002049', 'Bind variables');
  return { statement: body.statement, values };
}

// Once for each request's id, in one transaction with the memory of it.
async function carryOut(id, text) {
  const known = await all('SELECT handle FROM double_requests WHERE id = ?', [id]);
  if (known.length > 0) {
    counts.repeated++;
    return known[0][0];
  }
  const { statement, values } = checkBody(text), handle = crypto.randomUUID();
  let answer = { code: '090001', sqlState: '00000', statementHandle: handle, message: 'Statement executed successfully.' };
  await connection.run('BEGIN');
  try {
    if (statement.startsWith('SELECT')) answer.data = await all(statement, values);
    else counts.rows += Number((await connection.run(translated(statement), values)).rowsChanged);
    await connection.run('INSERT INTO double_requests VALUES (?, ?, ?, ?)', [id, handle, '200', JSON.stringify(answer)]);
    await connection.run('COMMIT');
  } catch (e) {
    await connection.run('ROLLBACK');
    const [code, sqlState] = /^Catalog Error/.test(e.message) ? ['002003', '42S02']
      : /^Conversion Error/.test(e.message) ? ['100038', '22018'] : ['001003', '42000'];
    answer = { code, sqlState, message: e.message, statementHandle: handle };
    await connection.run('INSERT INTO double_requests VALUES (?, ?, ?, ?)', [id, handle, '422', JSON.stringify(answer)]);
  }
  counts.statements++;
  return handle;
}

async function howItGoes(handle) {
  const times = asked.get(handle) || 0;
  asked.set(handle, times + 1);
  counts.asked++;
  const [known] = await all('SELECT status, answer FROM double_requests WHERE handle = ?', [handle]);
  if (!known) throw refused(404, '390400', 'unknown handle');
  if (times < world.running) return [202, { code: '333334', statementHandle: handle, message: 'Asynchronous execution in progress.' }];
  return [Number(known[0]), JSON.parse(known[1])];
}

async function answer(request, text) {
  const url = new URL(request.url, 'http://x');
  checkToken(request);
  if (request.method === 'GET' && url.pathname.startsWith('/api/v2/statements/'))
    return howItGoes(url.pathname.split('/').pop());
  if (request.method !== 'POST' || url.pathname !== '/api/v2/statements') throw refused(404, '390401', 'no such path');
  const id = url.searchParams.get('requestId');
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id || '')) throw refused(400, '390142', 'requestId');
  const handle = await carryOut(id, text);
  if (url.searchParams.get('async') === 'true') return [202, { code: '333334', statementHandle: handle, statementStatusUrl: `/api/v2/statements/${handle}` }];
  return howItGoes(handle);
}

async function controlled(request, text) {
  const url = new URL(request.url, 'http://x');
  if (request.method === 'POST') Object.assign(world, JSON.parse(text));
  const sql = url.searchParams.get('sql');
  return sql ? [200, await all(sql)] : [200, counts];
}

let line = Promise.resolve(); // one connection, one transaction at a time
function serve(request, response, text) {
  const isControl = request.url.startsWith('/double');
  const fault = isControl ? undefined : world.next.shift();
  const reply = ([status, body]) => {
    if (fault === 'reset') return request.socket.destroy(); // carried out, and nobody hears of it
    const headers = { 'content-type': 'application/json', date: new Date(Date.now() + world.clock * 1000).toUTCString() };
    response.writeHead(status, headers).end(JSON.stringify(body));
  };
  counts.faults += fault !== undefined;
  if (fault === 'html') return response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>');
  if (fault === '429') return response.writeHead(429, { 'retry-after': '1' }).end('{}');
  if (/^\d+$/.test(fault || '')) return response.writeHead(Number(fault)).end('{}');
  const work = async () => reply(await (isControl ? controlled : answer)(request, text).catch((e) => {
    counts.refused++;
    if (!e.status) console.error(e);
    return [e.status || 500, { code: e.code || '000001', message: e.message }];
  }));
  const wait = fault === 'slow' ? 20000 : 0;
  setTimeout(() => { line = line.then(work, work); }, wait);
}

(async () => {
  connection = await (await DuckDBInstance.create(database)).connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run('CREATE TABLE IF NOT EXISTS double_requests (id VARCHAR, handle VARCHAR, status VARCHAR, answer VARCHAR)');
  await connection.run('CREATE OR REPLACE TEMP MACRO PARSE_JSON(x) AS CAST(x AS JSON)');
  await connection.run('CREATE OR REPLACE TEMP MACRO TO_TIMESTAMP_NTZ(x) AS CAST(x AS TIMESTAMP)');
  await connection.run("ATTACH ':memory:' AS SNOWFLAKE");
  await connection.run('CREATE SCHEMA SNOWFLAKE.CORTEX');
  await connection.run("CREATE MACRO SNOWFLAKE.CORTEX.COMPLETE(m, p) AS 'Words of ' || m || ' about ' || length(p) || ' characters'");
  http.createServer((request, response) => {
    const parts = [];
    request.on('data', (p) => parts.push(p)).on('end', () => serve(request, response, Buffer.concat(parts).toString()));
  }).listen(Number(port), '127.0.0.1', () => console.log('ready'));
})();
