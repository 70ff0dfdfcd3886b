// SPDX-License-Identifier: MIT
// The peer of `make bench BENCH=live`: node's `ws`, without compression, sends one message to everybody N times
// a second. node broadcast.cjs WS_FOLDER PORT MESSAGES_PER_S TEXT; in TEXT @T@ becomes the time in milliseconds.
const [folder, port, rate, text] = process.argv.slice(2);
const { WebSocketServer } = require(folder);
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), perMessageDeflate: false });
server.on('listening', () => console.log('listening'));
setInterval(() => {
  const message = text.replace('@T@', String(Date.now()));
  for (const client of server.clients) if (client.readyState === 1) client.send(message);
}, 1000 / Number(rate));
